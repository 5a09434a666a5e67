#!/bin/sh
# Makes an authority of your own, a certificate for the server and one for clients and workers.
#   deploy/certificates.sh FOLDER [NAME…]     NAMEs: under which clients reach the server, besides "temporal"
set -eu
folder=${1:?name a folder}
shift
umask 077
mkdir -p "$folder"
cd "$folder"
if [ -e ca.key ]; then echo "$folder holds an authority already" >&2; exit 1; fi
names=DNS:temporal,DNS:localhost,IP:127.0.0.1
for name in "$@"; do names="$names,DNS:$name"; done

key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
key ca
openssl req -x509 -new -key ca.key -days 3650 -subj '/CN=Caisson authority' -out ca.pem
issue() { # file, common name, extensions
  key "$1"
  openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
  printf '%s\n' "$3" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 825 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
  rm "$1.csr" "$1.ext"
}
issue server temporal "subjectAltName=$names
extendedKeyUsage=serverAuth,clientAuth"
issue client caisson "extendedKeyUsage=clientAuth"
rm -f ca.srl
# The containers' users read these; the authority's key is for nobody but you.
chmod 644 ./*.pem server.key client.key
echo "$folder: ca.pem, server.pem, client.pem; keep ca.key where no server is"
