#!/bin/sh -e
folder=$(ctx instance runtime-properties folder || true)
[ -z "$folder" ] || rm -rf "$folder"
