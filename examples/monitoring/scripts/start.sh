#!/bin/bash -e
port=$(ctx node properties port)
folder=$(mktemp -d)
printf '# TYPE web_up gauge\nweb_up 1\n' >"$folder/metrics"
nohup python3 -m http.server --bind 127.0.0.1 --directory "$folder" "$port" >/dev/null 2>&1 &
ctx instance runtime-properties pid "$!"
ctx instance runtime-properties folder "$folder"
