"""The walks of the built-in workflows, for code that uses them as functions. The execution runs them itself."""
from cloudify.workflows import ctx
from cloudify.workflows.tasks import HandlerResult


def _run(what, node_instances, **options):
    ids = sorted(instance.id for instance in node_instances)
    if ids:
        ctx._walk(what, ids, **options)


def install_node_instances(graph=None, node_instances=(), related_nodes=None, name_prefix='', **_):
    _run('install', node_instances)


def uninstall_node_instances(
    graph=None, node_instances=(), ignore_failure=False, related_nodes=None, name_prefix='', **_
):
    _run('uninstall', node_instances, ignore_failure=ignore_failure)


def reinstall_node_instances(graph=None, node_instances=(), ignore_failure=False, related_nodes=None, **_):
    uninstall_node_instances(node_instances=node_instances, ignore_failure=ignore_failure)
    install_node_instances(node_instances=node_instances)


def rollback_node_instances(graph=None, node_instances=(), ignore_failure=True, related_nodes=None, **_):
    """Takes down what of these instances was made."""
    _run('rollback', node_instances, ignore_failure=ignore_failure)


def _subgraph(what, instance, graph, **options):
    """The walk of one instance as a part of a graph."""
    subgraph = graph.subgraph(instance.id)
    subgraph.add_task(ctx._walk_task(what, [instance.id], **options))
    return subgraph


def install_node_instance_subgraph(instance, graph, **_):
    return _subgraph('install', instance, graph)


def uninstall_node_instance_subgraph(instance, graph, ignore_failure=False, **_):
    return _subgraph('uninstall', instance, graph, ignore_failure=ignore_failure)


def rollback_node_instance_subgraph(instance, graph, ignore_failure=True, **_):
    return _subgraph('rollback', instance, graph, ignore_failure=ignore_failure)


def set_send_node_event_on_error_handler(task, instance):
    """Lets the task fail, and says so."""

    def ignore(failed):
        instance.send_event('Ignoring task %s failure' % failed.name).apply_async()
        return HandlerResult.ignore()

    task.on_failure = ignore
