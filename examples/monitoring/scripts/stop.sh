#!/bin/bash
kill "$(ctx instance runtime-properties pid)" 2>/dev/null
rm -rf "$(ctx instance runtime-properties folder)"
