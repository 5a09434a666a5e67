#!/bin/sh -e
# $port is an input: the operation's inputs are environment variables.
root=$(mktemp -d)
echo "Served from a leased port" >"$root/index.html"
nohup python3 -m http.server --bind 127.0.0.1 --directory "$root" "$port" >"$root.log" 2>&1 &
ctx instance runtime-properties pid "@$!"
ctx instance runtime-properties root "$root"
