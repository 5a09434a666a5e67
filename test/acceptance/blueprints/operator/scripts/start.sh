#!/bin/sh -e
count=$(ctx instance runtime-properties starts 2>/dev/null || echo 0)
ctx instance runtime-properties starts @$((count + 1))
