#!/bin/sh -e
root=$(ctx instance runtime-properties root || true)
[ -z "$root" ] || rm -rf "$root"
