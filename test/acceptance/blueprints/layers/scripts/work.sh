#!/bin/sh -e
# Notes in a journal outside of everything that it began and ended. In between it takes a while, and waits as long as
# the test holds operations of this name.
operation="$(ctx operation name)"
name="${operation##*.}"
subject="$(ctx instance id) $operation"
echo "begin $subject" >> "$journal"
ctx instance runtime-properties "began.$name" @true
sleep "$seconds"
while [ -e "$journal.hold.$name" ]; do sleep 0.1; done
ctx instance runtime-properties "ended.$name" @true
echo "end $subject" >> "$journal"
