#!/bin/sh -e
# Serves the folder. The port is chosen here if none was given, so that two deployments do not meet on one.
if [ "$port" = 0 ]; then
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
fi
nohup python3 -m http.server --bind 127.0.0.1 --directory "$root" "$port" > "$root/server.log" 2>&1 &
ctx instance runtime-properties pid "@$!"
ctx instance runtime-properties url "http://127.0.0.1:$port/"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  if python3 -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:$port/')" 2> /dev/null; then
    ctx logger info "it answers on port $port"
    exit 0
  fi
  sleep 0.2
done
echo "no answer on port $port" >&2
exit 1
