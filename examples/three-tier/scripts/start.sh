#!/bin/sh -e
# Starts the program, which picks a free port and writes it into its folder.
folder=$(ctx instance runtime-properties folder)
rm -f "$folder/port"
cd "$folder"
NAME=$(ctx instance id) DATABASE_URL=$(ctx instance runtime-properties database_url || true) \
  nohup python3 program.py > server.log 2>&1 &
ctx instance runtime-properties pid "@$!"
tries=0
while [ ! -s port ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 100 ] || { cat server.log >&2; exit 1; }
  sleep 0.1
done
ctx instance runtime-properties url "http://127.0.0.1:$(cat port)/"
ctx logger info "$(ctx instance id) answers on port $(cat port)"
