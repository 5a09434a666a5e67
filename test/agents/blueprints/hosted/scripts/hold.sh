#!/bin/sh
echo begun >> "$hold.begun"
while [ -e "$hold" ]; do sleep 0.1; done
ctx instance runtime-properties home_start "$HOME"
