#!/bin/bash -e
# A daemon without an environment, and one that leaves the script's group: nothing but the group, and the address of ctx,
# tells whose they are.
env -i /bin/bash -c "nohup sleep 3000 >/dev/null 2>&1 & echo \$! >'$notes/pid'"
setsid sleep 3001 >/dev/null 2>&1 &
echo "$(cat "$notes/pid") $!" >>"$notes/daemons"
[ "$(ctx resume)" = true ] || sleep 3
ctx instance runtime-properties pids "@[$(cat "$notes/pid"), $!]"
