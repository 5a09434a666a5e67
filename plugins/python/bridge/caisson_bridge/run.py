"""One operation from its call to its end."""
import logging
import os

from cloudify import _wire, context, exceptions, manager, state, utils

from caisson_bridge import logs, rest, sdk
from caisson_bridge.endpoint import WorkerEndpoint


class Ended(Exception):
    """The operation raised something that is no ordinary exception."""

    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


def run(function):
    """Returns the exit code; raises what the operation raised."""
    described = _wire.call('describe')
    endpoint = WorkerEndpoint(described)
    ctx = _context_of(described, function, endpoint)
    _replace_manager(ctx, endpoint)
    sdk.lead_to(os.path.join(os.environ['CFY_RESOURCES_ROOT'], 'deployments', ctx.tenant_name))
    logs.follow(logging.getLogger())
    kwargs = dict(described['parameters'], ctx=ctx)
    with state.current_ctx.push(ctx, kwargs):
        # Imported with the context at hand: modules may read it.
        target = utils.get_func(function)
        try:
            result = target(**kwargs)
        except SystemExit as error:
            result = None
            if error.code not in (None, 0):
                raise Ended(exceptions.RecoverableError('the plugin ended its process with %s' % error.code))
        except Exception:
            _store_quietly(endpoint)
            raise
        endpoint.store()
    # An operation that asks to be run again has no result.
    retry = ctx.operation._operation_retry
    if retry is not None:
        raise retry
    if result is not None:
        _wire.call('returns', value=_wire.plain(result, 'the result'))
    return 0


def _store_quietly(endpoint):
    try:
        endpoint.store()
    except Exception:
        # The operation's own error says more.
        pass


def _context_of(described, function, endpoint):
    deployment = described['deployment']
    data = {
        'type': 'operation',
        # There is no manager: code that asks takes its own way round.
        'local': True,
        'blueprint_id': described['blueprint']['id'],
        'deployment_id': deployment['id'],
        'deployment_display_name': deployment['display_name'],
        'deployment_resource_tags': deployment['resource_tags'],
        'deployment_creator': 'admin',
        'tenant': {'name': described['tenant_name']},
        'execution_id': described['execution_id'],
        'execution_creator_username': 'admin',
        'workflow_id': described['workflow_id'],
        'workflow_parameters': described['workflow_parameters'],
        'task_id': described['task_id'],
        'task_name': function,
        'resume': described['resume'],
        'operation': described['operation'],
        'plugin': dict(
            described['plugin'],
            properties={key: {'value': value} for key, value in described['plugin']['properties'].items()},
        ),
    }
    data.update(_subjects_of(described))
    ctx = context.CloudifyContext(data)
    endpoint.serve(ctx)
    return ctx


def _subjects_of(described):
    subjects = described['subjects']
    if 'instance' in subjects:
        return _ids(subjects['instance'])
    if 'source' not in subjects:
        return {}
    side = described['operation']['relationship'] or 'source'
    other = 'target' if side == 'source' else 'source'
    return dict(_ids(subjects[side]), related=dict(_ids(subjects[other]), is_target=other == 'target'))


def _ids(subject):
    return {'node_id': subject['instance']['id'], 'node_name': subject['node']['id']}


def _replace_manager(ctx, endpoint):
    """Before the plugin is imported: it may take the functions along by name."""
    client = rest.Client(endpoint)
    manager.get_rest_client = lambda *_, **__: client
    manager.get_bootstrap_context = lambda *_, **__: endpoint.get_bootstrap_context()
    manager.get_provider_context = lambda *_, **__: endpoint.get_provider_context()
    manager.get_resource = lambda blueprint_id=None, deployment_id=None, tenant_name=None, resource_path=None: (
        ctx.get_resource(resource_path or blueprint_id)
    )
    utils.get_tenant = lambda: {'name': ctx.tenant_name}
    context.CloudifyContext.get_secret = lambda self, key: _wire.call('get_secret', key=key)
    context.NodeInstanceContext.refresh = _refresh


def _refresh(self, force=False):
    """The package cannot tell the first look from a later one; the worker asks the execution for the latter."""
    if not force and self._node_instance is not None and self._node_instance.dirty:
        raise exceptions.NonRecoverableError('%s is dirty: refreshing now would destroy local changes' % self.id)
    self._endpoint.refresh(self.id, force)
    self._relationships = None
    self._get_node_instance()
