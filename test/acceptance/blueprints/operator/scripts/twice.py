import time

from cloudify.workflows import ctx

START = 'cloudify.interfaces.lifecycle.start'

app = next(ctx.get_node('app').instances)
app.execute_operation(START).get()
ctx.send_event('once')
time.sleep(4)
app.execute_operation(START).get()
ctx.send_event('twice')
