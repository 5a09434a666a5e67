#!/bin/sh -e
# Makes the folder that is served. Run twice, it makes one folder: the first is found in the runtime properties.
root=$(ctx instance runtime-properties root || true)
if [ -z "$root" ]; then
  root=$(mktemp -d)
  ctx instance runtime-properties root "$root"
fi
echo "<h1>$greeting</h1>" > "$root/index.html"
ctx logger info "the site is in $root"
