"""Workflows of the plugin, as Cloudify runs them: functions that are given the context and the parameters."""
import os
import time

from cloudify import manager
from cloudify.decorators import workflow
from cloudify.plugins import lifecycle
from cloudify.state import workflow_ctx
from cloudify.workflows import ctx as imported_ctx
from cloudify.workflows import parameters


@workflow
def survey(ctx, label, **kwargs):
    """What a workflow sees, and is answered."""
    client = manager.get_rest_client()
    instance = next(ctx.node_instances)
    client.node_instances.update(instance.id, runtime_properties={'label': label, 'version': 1})
    ctx.refresh_node_instances()
    given = instance.execute_operation(
        'maintenance.echo', kwargs={'value': client.secrets.get('password').value}, allow_kwargs_override=True
    ).get()
    return {
        'same': imported_ctx.execution_id == ctx.execution_id == workflow_ctx.execution_id,
        'parameters': sorted(parameters),
        'label': instance.runtime_properties['label'],
        'read': client.node_instances.get(instance.id).runtime_properties,
        'nodes': [node.id for node in client.nodes.list(ctx.deployment.id)],
        'echoed': given,
        'custom': kwargs.get('custom'),
    }


@workflow(resumable=True)
def patrol(ctx, folder, **_):
    """Waits in its middle, so that its worker can be killed there."""
    graph = ctx.graph_mode()
    sequence = graph.sequence()
    for instance in sorted(ctx.node_instances, key=lambda one: one.id):
        sequence.add(instance.send_event('patrolling'), instance.execute_operation('maintenance.note', {'folder': folder}, True))
    graph.execute()
    ctx.send_event('half way').apply_async()
    with open(os.path.join(folder, 'patrols'), 'a') as file:
        file.write('%d\n' % os.getpid())
    while not os.path.exists(os.path.join(folder, 'gate')):
        time.sleep(0.05)
    for instance in ctx.node_instances:
        graph.add_task(instance.execute_operation('maintenance.note', {'folder': folder, 'again': True}, True))
    graph.execute()


def renew(ctx, **_):
    """Takes instances down and up again, one after the other."""
    graph = ctx.graph_mode()
    previous = None
    for instance in sorted(ctx.node_instances, key=lambda one: one.id):
        down = lifecycle.uninstall_node_instance_subgraph(instance, graph)
        up = lifecycle.install_node_instance_subgraph(instance, graph)
        graph.add_dependency(up, down)
        if previous is not None:
            graph.add_dependency(down, previous)
        previous = up
    graph.execute()


def broken(ctx, **_):
    ctx.logger.info('about to break')
    raise RuntimeError('broken on purpose')
