#!/bin/sh
pid=$(ctx instance runtime-properties pid)
[ -z "$pid" ] || kill "$pid" 2> /dev/null || true
