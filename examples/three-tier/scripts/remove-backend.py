"""Takes an application server out of those the balancer passes requests on to."""
import os

from cloudify import ctx

backends = ctx.source.instance.runtime_properties.get('backends') or {}
backends.pop(ctx.target.instance.id, None)
backend = os.path.join(ctx.source.instance.runtime_properties['folder'], 'backends', ctx.target.instance.id)
if os.path.exists(backend):
    os.remove(backend)
