#!/bin/sh -e
# A folder of its own for each server. Run twice, it makes one.
folder=$(ctx instance runtime-properties folder || true)
if [ -z "$folder" ]; then
  folder=$(mktemp -d)
  ctx instance runtime-properties folder "$folder"
fi
ctx download-resource "$(ctx node properties program)" "$folder/program.py" > /dev/null
