"""What the genuine context asks its endpoint for, asked of the worker."""
import base64
import os

from cloudify import _wire, endpoint
from cloudify.exceptions import NonRecoverableError
from cloudify_rest_client.nodes import Node

from caisson_bridge import logs
from caisson_bridge.instances import WorkerInstance


class WorkerEndpoint(endpoint.LocalEndpoint):
    def __init__(self, described):
        super().__init__(None, None)
        self._deployment = described['deployment']
        self.inputs = described['deployment']['inputs']
        self._subjects = {}
        self._loaded = {}
        for name, subject in described['subjects'].items():
            self._add(name, subject)

    def serve(self, ctx):
        """Becomes the endpoint of a context, which has made one of its own."""
        self.ctx = ctx
        ctx._endpoint = ctx._plugin._endpoint = ctx._capabilities._endpoint = self
        for subject in (ctx._source, ctx._target, ctx):
            for part in () if subject is None else self._parts_of(subject):
                part._endpoint = self

    @staticmethod
    def _parts_of(subject):
        own = (subject.node, subject.instance) if not hasattr(subject, '_node') else (subject._node, subject._instance)
        return [part for part in own if part is not None]

    def _add(self, name, subject):
        self._subjects[subject['instance']['id']] = (name, subject)
        for at, relationship in enumerate(subject['instance']['relationships']):
            target = relationship['target']
            # An instance that is a side of the relationship is seen as that: it may be written.
            if target is not None:
                self._subjects.setdefault(target['instance']['id'], ('%s.relationships.%d' % (name, at), target))

    def subjects(self):
        """What the operation can see: a list of `{node, instance}`."""
        return [subject for _, subject in self._subjects.values()]

    def _subject(self, instance_id):
        if instance_id not in self._subjects:
            self._look_for('target_id', instance_id)
        if instance_id not in self._subjects:
            raise NonRecoverableError('node instance %s cannot be seen from this operation' % instance_id)
        return self._subjects[instance_id]

    def _look_for(self, key, wanted):
        """Fetches what lies behind a related instance, if that is where the wanted one is."""
        for name, subject in list(self._subjects.values()):
            relationships = subject['instance']['relationships']
            if any(one['target'] is None and one[key] == wanted for one in relationships):
                self._add(name, dict(subject, instance=_wire.call('look', subject=name)))
                return

    def get_node(self, node_id, instance_context=None):
        if all(subject['node']['id'] != node_id for subject in self.subjects()):
            self._look_for('target_name', node_id)
        for subject in self.subjects():
            if subject['node']['id'] == node_id:
                return self._node_of(subject)
        raise NonRecoverableError('node %s cannot be seen from this operation' % node_id)

    def _node_of(self, subject):
        relationships = [
            {
                'type': one['type'],
                'type_hierarchy': one['type_hierarchy'],
                'target_id': one['target_name'],
                'properties': one['properties'],
            }
            for one in subject['instance']['relationships']
        ]
        return Node(
            dict(
                subject['node'],
                relationships=relationships,
                deployment_id=self._deployment['id'],
                blueprint_id=self.ctx.blueprint.id,
            )
        )

    def get_node_instance(self, node_instance_id):
        if node_instance_id not in self._loaded:
            name, subject = self._subject(node_instance_id)
            self._loaded[node_instance_id] = WorkerInstance(name, subject['instance'])
        return self._loaded[node_instance_id]

    def update_node_instance(self, node_instance):
        self._replace(node_instance.id, _wire.call('update', subject=node_instance.send()))

    def refresh(self, instance_id, force):
        name, _ = self._subject(instance_id)
        self._replace(instance_id, _wire.call('refresh', subject=name, force=force))

    def _replace(self, instance_id, instance):
        """The instance as it is now; who asks for it next gets it anew."""
        name, subject = self._subject(instance_id)
        self._add(name, dict(subject, instance=instance))
        self._loaded.pop(instance_id, None)

    def store(self):
        """Tells the worker what was changed deep inside of properties."""
        for instance in list(self._loaded.values()):
            if instance.writable:
                instance.send()

    def get_host_node_instance_ip(self, host_id, properties=None, runtime_properties=None):
        name, _ = self._subject(host_id)
        self.store()
        return _wire.call('host_ip', subject=name)

    def get_resource(self, blueprint_id, deployment_id, resource_path, template_variables=None):
        content = base64.b64decode(_wire.call('get_resource', path=resource_path))
        return self._render_resource_if_needed(content, template_variables)

    def download_resource(
        self, blueprint_id, deployment_id, resource_path, logger, target_path=None, template_variables=None
    ):
        path = _wire.call('download_resource', path=resource_path, target=target_path and os.path.abspath(target_path))
        return self._render_resource_if_needed(path, template_variables, download=True)

    def download_directory(
        self, blueprint_id, deployment_id, resource_path, logger, target_path=None, preview_only=False
    ):
        return _wire.call('download_directory', path=resource_path, target=target_path)

    def get_provider_context(self):
        return {'cloudify': self.get_bootstrap_context()}

    def get_bootstrap_context(self):
        return {'cloudify_agent': {}, 'policy_engine': {}}

    def get_logging_handler(self):
        return logs.WorkerHandler()

    def send_plugin_event(self, message=None, args=None, additional_context=None):
        _wire.call('send_event', message=str(message))

    def evaluate_functions(self, payload):
        # The worker has evaluated inputs and properties already.
        return payload

    def get_workdir(self):
        return _wire.call('workdir')

    def get_config(self, name=None, scope=None):
        return []
