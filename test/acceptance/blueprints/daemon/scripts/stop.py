import os
import signal

from cloudify import ctx

for pid in ctx.instance.runtime_properties.pop('pids'):
    os.kill(pid, signal.SIGKILL)
