#!/bin/sh
ctx instance runtime-properties "home_$(ctx operation name | sed 's/.*\.//')" "$HOME"
