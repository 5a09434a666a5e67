"""What plugins ask a manager's REST client for, as far as an operation knows it."""
from cloudify import _wire
from cloudify._absent import Absent
from cloudify.exceptions import NonRecoverableError
from cloudify_rest_client.deployments import Deployment
from cloudify_rest_client.exceptions import CloudifyClientError
from cloudify_rest_client.executions import Execution
from cloudify_rest_client.node_instances import NodeInstance
from cloudify_rest_client.responses import ListResponse
from cloudify_rest_client.secrets import Secret


class _Part(Absent):
    def __init__(self, name, endpoint):
        super().__init__('client.%s' % name)
        self._endpoint = endpoint


def _missing(message):
    return CloudifyClientError(message, status_code=404, error_code='not_found_error')


def _list(items):
    return ListResponse(items, {'pagination': {'total': len(items), 'size': len(items), 'offset': 0}})


class _Secrets(_Part):
    def get(self, key, *_, **__):
        try:
            return Secret({'key': key, 'value': _wire.call('get_secret', key=key)})
        except NonRecoverableError as error:
            raise _missing(str(error))

    def create(self, key, value, *_, **__):
        _wire.call('set_secret', key=key, value=_wire.plain(value, 'the secret'))
        return Secret({'key': key})

    update = create

    def delete(self, key, *_, **__):
        _wire.call('delete_secret', key=key)


class _NodeInstances(_Part):
    def _all(self):
        for subject in self._endpoint.subjects():
            own = self._endpoint.get_node_instance(subject['instance']['id'])
            yield NodeInstance(
                {
                    'id': own.id,
                    'node_id': own.node_id,
                    'deployment_id': self._endpoint.ctx.deployment.id,
                    'runtime_properties': dict(own.runtime_properties),
                    'relationships': own.relationships,
                    'state': own.state,
                    'version': own.version,
                    'index': own.index,
                }
            )

    def get(self, node_instance_id, *_, **__):
        for instance in self._all():
            if instance.id == node_instance_id:
                return instance
        raise _missing('node instance %s cannot be seen from this operation' % node_instance_id)

    def list(self, deployment_id=None, node_id=None, node_name=None, *_, **__):
        wanted = node_id or node_name
        return _list([one for one in self._all() if wanted is None or one.node_id == wanted])

    def update(self, node_instance_id, state=None, runtime_properties=None, *_, **__):
        own = self._endpoint.get_node_instance(node_instance_id)
        if runtime_properties is not None:
            own.runtime_properties = runtime_properties
        return self.get(node_instance_id)


class _Nodes(_Part):
    def get(self, deployment_id, node_id, *_, **__):
        for node in self.list():
            if node.id == node_id:
                return node
        raise _missing('node %s cannot be seen from this operation' % node_id)

    def list(self, deployment_id=None, node_id=None, *_, **__):
        ids = {subject['node']['id'] for subject in self._endpoint.subjects()}
        return _list([self._endpoint.get_node(one) for one in sorted(ids) if node_id in (None, one)])


class _Deployments(_Part):
    def get(self, deployment_id, *_, **__):
        ctx = self._endpoint.ctx
        if deployment_id != ctx.deployment.id:
            raise _missing('deployment %s cannot be seen from this operation' % deployment_id)
        return Deployment(
            {
                'id': deployment_id,
                'display_name': ctx.deployment.display_name,
                'blueprint_id': ctx.blueprint.id,
                'inputs': self._endpoint.inputs,
                'resource_tags': ctx.deployment.resource_tags,
                'tenant_name': ctx.tenant_name,
                'labels': [],
                'outputs': {},
                'capabilities': {},
                'workflows': [],
            }
        )


class _Executions(_Part):
    def get(self, execution_id, *_, **__):
        ctx = self._endpoint.ctx
        if execution_id != ctx.execution_id:
            raise _missing('execution %s cannot be seen from this operation' % execution_id)
        return Execution(
            {
                'id': execution_id,
                'status': 'started',
                'workflow_id': ctx.workflow_id,
                'deployment_id': ctx.deployment.id,
                'parameters': ctx.workflow_parameters,
            }
        )


class _Tenants(_Part):
    def get(self, name, *_, **__):
        return {'name': name}


class _Manager(_Part):
    def get_version(self, *_, **__):
        return {'version': '7.0.5', 'edition': 'community'}

    def get_config(self, *_, **__):
        return _list([])

    def get_managers(self, *_, **__):
        return _list([])

    def get_context(self, *_, **__):
        return {'name': 'provider', 'context': self._endpoint.get_provider_context()}


class _Plugins(_Part):
    def list(self, *_, **__):
        return _list([])


class Client(Absent):
    def __init__(self, endpoint):
        super().__init__('client')
        self.secrets = _Secrets('secrets', endpoint)
        self.node_instances = _NodeInstances('node_instances', endpoint)
        self.nodes = _Nodes('nodes', endpoint)
        self.deployments = _Deployments('deployments', endpoint)
        self.executions = _Executions('executions', endpoint)
        self.tenants = _Tenants('tenants', endpoint)
        self.manager = _Manager('manager', endpoint)
        self.plugins = _Plugins('plugins', endpoint)
