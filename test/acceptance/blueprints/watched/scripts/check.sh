#!/bin/bash
kill -0 "$(ctx instance runtime-properties pid)" 2>/dev/null || {
  echo "the server does not run" >&2
  exit 1
}
