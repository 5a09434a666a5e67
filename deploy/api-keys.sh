#!/bin/sh
# Makes API keys that say which namespaces their holder may use, and as what: for compose.keys.yaml.
#   deploy/api-keys.sh FOLDER                                 once: FOLDER/signing.key, and keys.json for the server
#   deploy/api-keys.sh FOLDER NAME DAYS PERMISSION…           prints the key of NAME
# A PERMISSION is NAMESPACE:ROLE, with the roles read, write, worker, admin; temporal-system:admin is everything.
set -eu
folder=${1:?name a folder}
shift
umask 077
base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

if [ ! -e "$folder/signing.key" ]; then
  mkdir -p "$folder"
  openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$folder/signing.key" 2>/dev/null
  # A key of 2048 bits ends with its modulus of 256 bytes, and five of the exponent 65537.
  modulus=$(openssl rsa -in "$folder/signing.key" -RSAPublicKey_out -outform DER 2>/dev/null | tail -c 261 | head -c 256 | base64url)
  printf '{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"caisson","e":"AQAB","n":"%s"}]}\n' "$modulus" > "$folder/keys.json"
  chmod 755 "$folder"
  chmod 644 "$folder/keys.json"
  echo "$folder: keys.json for the server; keep signing.key where no server is" >&2
fi
if [ $# -eq 0 ]; then exit 0; fi

name=${1:?} days=${2:?for how many days?}
shift 2
permissions=
for permission in "$@"; do permissions="$permissions${permissions:+,}\"$permission\""; done
expires=$(($(date +%s) + days * 86400))
head=$(printf '{"alg":"RS256","typ":"JWT","kid":"caisson"}' | base64url)
body=$(printf '{"sub":"%s","exp":%s,"permissions":[%s]}' "$name" "$expires" "$permissions" | base64url)
signature=$(printf '%s.%s' "$head" "$body" | openssl dgst -sha256 -sign "$folder/signing.key" -binary | base64url)
printf '%s.%s.%s\n' "$head" "$body" "$signature"
