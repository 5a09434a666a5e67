import hashlib

from cloudify import ctx
from cloudify.state import ctx_parameters as inputs

ctx.logger.info('was given %s and %s', inputs['kept'], inputs['address'])
ctx.logger.info('has itself %s', ctx.node.properties['address'])
told = '%s %s %s' % (inputs['kept'], inputs['address'], ctx.node.properties['address'])
ctx.instance.runtime_properties['proof'] = hashlib.sha256(told.encode()).hexdigest()
