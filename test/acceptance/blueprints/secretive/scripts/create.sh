#!/bin/bash
set -e
echo "the password is $password"
echo "$key" >&2
ctx logger info "the token is $token"
ctx logger error "another line: $password $token"
ctx instance runtime-properties marker seen-in-the-clear
ctx instance runtime-properties kept "$password"
ctx instance runtime-properties address "db://$password@host?token=$token"
ctx instance runtime-properties key "$key"
if [ "$(ctx operation retry-number)" = 0 ] || [ "$fails" = True ] || [ "$fails" = true ]; then
  echo "cannot log in with $password" >&2
  ctx operation retry "login with $password refused" 1 2>/dev/null || exit 3
fi
ctx returns "logged in with $password"
