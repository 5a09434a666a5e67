#!/bin/sh -e
# Notes in a journal outside of everything that it began and ended, and takes a while in between.
subject="$(ctx instance id) $(ctx operation name)"
echo "begin $subject" >> "$journal"
ctx instance runtime-properties "began.$(ctx operation name | sed 's/.*\.//')" @true
sleep "$seconds"
ctx instance runtime-properties "ended.$(ctx operation name | sed 's/.*\.//')" @true
echo "end $subject" >> "$journal"
