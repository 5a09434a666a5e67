"""The walks of the built-in workflows, for scripts that use them as functions. The execution runs them itself."""


def _run(ctx, what, node_instances, **options):
    ids = sorted(instance.id for instance in node_instances)
    ctx._walk(what, ids, **options)


def install_node_instances(graph=None, node_instances=(), related_nodes=None, name_prefix='', **_):
    _run(_ctx(), 'install', node_instances)


def uninstall_node_instances(
    graph=None, node_instances=(), ignore_failure=False, related_nodes=None, name_prefix='', **_
):
    _run(_ctx(), 'uninstall', node_instances, ignore_failure=ignore_failure)


def reinstall_node_instances(graph=None, node_instances=(), ignore_failure=False, related_nodes=None, **_):
    uninstall_node_instances(node_instances=node_instances, ignore_failure=ignore_failure)
    install_node_instances(node_instances=node_instances)


def rollback_node_instances(graph=None, node_instances=(), ignore_failure=True, related_nodes=None, **_):
    """Takes down what of these instances was made."""
    _run(_ctx(), 'rollback', node_instances, ignore_failure=ignore_failure)


def _ctx():
    from cloudify.workflows import ctx

    return ctx
