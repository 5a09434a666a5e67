#!/bin/sh
kill "$(ctx instance runtime-properties pid)" && rm -rf "$(ctx instance runtime-properties root)"
