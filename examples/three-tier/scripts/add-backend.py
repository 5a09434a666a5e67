"""Adds an application server to those the balancer passes requests on to. Several of these run side by side."""
import os

from cloudify import ctx

name = ctx.target.instance.id
url = ctx.target.instance.runtime_properties['url']
balancer = ctx.source.instance.runtime_properties
if 'backends' not in balancer:
    balancer['backends'] = {}
balancer['backends'][name] = url

folder = os.path.join(balancer['folder'], 'backends')
os.makedirs(folder, exist_ok=True)
with open(os.path.join(folder, name), 'w') as backend:
    backend.write(url)
ctx.logger.info('%s is balanced', name)
