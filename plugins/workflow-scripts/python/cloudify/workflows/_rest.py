"""What workflows ask a manager's REST client for, as far as their execution knows it."""
from cloudify import manager
from cloudify._absent import Absent
from cloudify.workflows import _channel, tasks
from cloudify.workflows._context import ctx

try:
    from cloudify_rest_client.exceptions import CloudifyClientError
except ImportError:
    from cloudify.exceptions import NonRecoverableError

    class CloudifyClientError(NonRecoverableError):
        def __init__(self, message, status_code=None, error_code=None):
            super(CloudifyClientError, self).__init__(message)
            self.status_code = status_code
            self.error_code = error_code


class Record(dict):
    """Fields by key and by name."""

    def __getattr__(self, name):
        if name not in self:
            raise AttributeError(name)
        return self[name]


class Records(list):
    """A list that says how long it is, as a manager does of its pages."""

    @property
    def items(self):
        return list(self)

    @property
    def metadata(self):
        return Record(pagination=Record(total=len(self), size=len(self), offset=0))

    def one(self):
        return self[0]


def _missing(message):
    return CloudifyClientError(message, status_code=404, error_code='not_found_error')


def _own(deployment_id):
    if deployment_id not in (None, ctx.deployment.id):
        raise _missing('deployment %s cannot be seen from this workflow' % deployment_id)


class _Part(Absent):
    _advice = '. Use the context (ctx), or the caisson command line'

    def __init__(self, name):
        super(_Part, self).__init__('client.%s' % name)


class _NodeInstances(_Part):
    def _all(self):
        return [Record(one, deployment_id=ctx.deployment.id) for one in _channel.ask('instances')]

    def get(self, node_instance_id, *_, **__):
        for one in self._all():
            if one.id == node_instance_id:
                return one
        raise _missing('the deployment has no node instance %s' % node_instance_id)

    def list(self, deployment_id=None, node_id=None, node_name=None, *_, **__):
        _own(deployment_id)
        wanted = node_id or node_name
        return Records(one for one in self._all() if wanted is None or one.node_id == wanted)

    def update(self, node_instance_id, state=None, runtime_properties=None, *_, **__):
        """Recorded: code that is run again does not change it again."""
        given = {'state': state, 'runtime_properties': runtime_properties}
        given = {key: value for key, value in given.items() if value is not None}
        call = dict(given, call='instance', instance_id=node_instance_id)
        question = tasks.question_of('instance', node_instance_id, '', given)
        tasks.WorkflowTask(ctx, question, call, 'update of %s' % node_instance_id).get()
        return self.get(node_instance_id)


class _Nodes(_Part):
    def list(self, deployment_id=None, node_id=None, *_, **__):
        _own(deployment_id)
        return Records(
            Record(node._raw, deployment_id=ctx.deployment.id, number_of_instances=node.number_of_instances)
            for node in ctx.nodes
            if node_id in (None, node.id)
        )

    def get(self, deployment_id, node_id, *_, **__):
        for node in self.list(deployment_id, node_id):
            return node
        raise _missing('the deployment has no node %s' % node_id)


class _Deployments(_Part):
    def get(self, deployment_id, *_, **__):
        _own(deployment_id)
        known = _channel.context
        return Record(
            id=deployment_id,
            blueprint_id=known['blueprint_id'],
            inputs=known['inputs'],
            groups=known['groups'],
            scaling_groups=known['scaling_groups'],
            tenant_name=ctx.tenant_name,
        )


class _Executions(_Part):
    def _this(self):
        known = _channel.context
        return Record(
            id=known['execution_id'],
            status='started',
            workflow_id=known['workflow_id'],
            deployment_id=known['deployment_id'],
            parameters=known['parameters'],
        )

    def get(self, execution_id, *_, **__):
        if execution_id != ctx.execution_id:
            raise _missing('execution %s cannot be seen from this workflow' % execution_id)
        return self._this()

    def list(self, deployment_id=None, *_, **__):
        _own(deployment_id)
        return Records([self._this()])

    def start(self, deployment_id, workflow_id, parameters=None, allow_custom_parameters=False, *_, **__):
        return ctx.start_execution(deployment_id, workflow_id, parameters, allow_custom_parameters)


class _Secrets(_Part):
    def get(self, key, *_, **__):
        return Record(key=key, value=_channel.ask('secret', act='get', key=key))

    def create(self, key, value, *_, **__):
        _channel.ask('secret', act='set', key=key, value=value)
        return Record(key=key)

    update = create

    def delete(self, key, *_, **__):
        _channel.ask('secret', act='delete', key=key)


class _Manager(_Part):
    def get_version(self, *_, **__):
        return {'version': '7.0.5', 'edition': 'community'}


class Client(Absent):
    _advice = _Part._advice

    def __init__(self):
        super(Client, self).__init__('client')
        self.node_instances = _NodeInstances('node_instances')
        self.nodes = _Nodes('nodes')
        self.deployments = _Deployments('deployments')
        self.executions = _Executions('executions')
        self.secrets = _Secrets('secrets')
        self.manager = _Manager('manager')


def replace_manager():
    """Before the workflow's code is imported: it may take the functions along by name."""
    client = Client()
    manager.get_rest_client = lambda *_, **__: client
    manager.get_bootstrap_context = lambda *_, **__: {}
    manager.get_resource = lambda blueprint_id=None, deployment_id=None, tenant_name=None, resource_path=None: (
        ctx.get_resource(resource_path or blueprint_id)
    )
