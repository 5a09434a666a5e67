#!/bin/bash -e
nohup sleep 4000 >/dev/null 2>&1 &
ctx instance runtime-properties pid "$!"
echo "$!" >>"$notes/servers"
