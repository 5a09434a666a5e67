"""The `ctx` of an operation."""
import base64
import logging

from cloudify import _wire, exceptions
from cloudify._logs import WorkerHandler
from cloudify._properties import ImmutableProperties, ReadOnlyRuntimeProperties, RuntimeProperties
from cloudify.exceptions import NonRecoverableError

NODE_INSTANCE = 'node-instance'
RELATIONSHIP_INSTANCE = 'relationship-instance'
DEPLOYMENT = 'deployment'


class Node(object):
    def __init__(self, data):
        self.id = data['id']
        self.name = data['name']
        self.type = data['type']
        self.type_hierarchy = data['type_hierarchy']
        self.number_of_instances = data['number_of_instances']
        self.properties = ImmutableProperties(data['properties'])

    def __repr__(self):
        return '<Node %s>' % self.id


class NodeInstance(object):
    def __init__(self, subject, data, writable=True):
        self._subject = subject
        self._writable = writable
        self._relationships = None
        self._take(data)
        if writable:
            self._runtime_properties = RuntimeProperties(subject, data['runtime_properties'])
        else:
            self._runtime_properties = ReadOnlyRuntimeProperties(data['runtime_properties'])

    def _take(self, data):
        self._data = data
        self.id = data['id']
        self.node_id = data['node_id']
        self.index = data['index']
        self.state = data['state']
        self.version = data['version']
        self.scaling_groups = data['scaling_groups']

    @property
    def runtime_properties(self):
        return self._runtime_properties

    @runtime_properties.setter
    def runtime_properties(self, properties):
        if not self._writable:
            self._runtime_properties.clear()
        own = self._runtime_properties
        values = dict(properties or {})
        dict.clear(own)
        dict.update(own, values)
        own.send()

    @property
    def relationships(self):
        if self._relationships is None:
            if any(data['target'] is None for data in self._data['relationships']):
                # Of an instance that was come to by a relationship: what lies behind it is not sent along.
                self._data = _wire.call('look', subject=self._subject)
            self._relationships = [
                RelationshipContext(self._subject, at, data) for at, data in enumerate(self._data['relationships'])
            ]
        return self._relationships

    @property
    def host_ip(self):
        return _wire.call('host_ip', subject=self._subject)

    @property
    def drift(self):
        return None

    def update(self, on_conflict=None):
        """Stores the changes now. They are merged with others' by path, so there is no conflict to handle."""
        self._runtime_properties.send()
        self._take(_wire.call('update', subject=self._subject))

    def refresh(self, force=False):
        if not force and self._runtime_properties.dirty:
            raise NonRecoverableError('%s is dirty: refreshing now would destroy local changes' % self.id)
        data = _wire.call('refresh', subject=self._subject, force=force)
        self._take(data)
        self._relationships = None
        self._runtime_properties.replace(data['runtime_properties'])

    def _store(self):
        if self._writable:
            self._runtime_properties.send()

    def __repr__(self):
        return '<NodeInstance %s>' % self.id


class RelationshipContext(object):
    def __init__(self, subject, at, data):
        self.type = data['type']
        self.type_hierarchy = data['type_hierarchy']
        self.properties = data['properties']
        self.target = RelationshipSubject('%s.relationships.%d' % (subject, at), data['target'], writable=False)


class RelationshipSubject(object):
    """One side of a relationship."""

    def __init__(self, subject, data, writable=True):
        self.node = Node(data['node'])
        self.instance = NodeInstance(subject, data['instance'], writable)


class Operation(object):
    def __init__(self, data):
        self._data = data

    def __getattr__(self, name):
        if name in self._data:
            return self._data[name]
        raise AttributeError(name)

    def retry(self, message=None, retry_after=None):
        """Asks for another run once the script has ended; what comes after the call still runs."""
        _wire.call('operation_retry', message=message, retry_after=retry_after)
        return exceptions.OperationRetry(message, retry_after=retry_after)

    def __repr__(self):
        return '<Operation %s>' % self._data['name']


class Plugin(str):
    """The plugin: its name, with what is known of it."""

    def __new__(cls, data):
        plugin = super().__new__(cls, data['name'])
        plugin.name = data['name']
        plugin.package_name = data['package_name']
        plugin.package_version = data['package_version']
        plugin.properties = {key: {'value': value} for key, value in data['properties'].items()}
        plugin.prefix = plugin.source = None
        return plugin

    @property
    def workdir(self):
        return _wire.call('workdir')


class _Record(object):
    def __init__(self, data):
        self.__dict__.update(data)

    def __repr__(self):
        return repr(self.__dict__)


class Context(object):
    """Looked up from the worker at the first use of each part."""

    def __init__(self):
        self._described = None
        self._subjects = {}
        self._logger = None
        self._parameters = None

    @property
    def _data(self):
        if self._described is None:
            self._described = _wire.call('describe')
        return self._described

    def _subject(self, name, needed):
        if self.type != needed:
            members = 'ctx.node/ctx.instance' if needed == NODE_INSTANCE else 'ctx.source/ctx.target'
            raise NonRecoverableError(
                '%s can only be used in a %s context but used in a %s context' % (members, needed, self.type)
            )
        if name not in self._subjects:
            self._subjects[name] = RelationshipSubject(name, self._data['subjects'][name])
        return self._subjects[name]

    @property
    def type(self):
        return self._data['type']

    @property
    def node(self):
        return self._subject('instance', NODE_INSTANCE).node

    @property
    def instance(self):
        return self._subject('instance', NODE_INSTANCE).instance

    @property
    def source(self):
        return self._subject('source', RELATIONSHIP_INSTANCE)

    @property
    def target(self):
        return self._subject('target', RELATIONSHIP_INSTANCE)

    @property
    def capabilities(self):
        return Capabilities(self.instance.relationships)

    @property
    def blueprint(self):
        return _Record(self._data['blueprint'])

    @property
    def deployment(self):
        return _Record(self._data['deployment'])

    @property
    def operation(self):
        return Operation(self._data['operation'])

    @property
    def plugin(self):
        return Plugin(self._data['plugin'])

    @property
    def tenant(self):
        return {'name': self._data['tenant_name']}

    @property
    def logger(self):
        if self._logger is None:
            self._logger = logging.Logger('ctx', logging.DEBUG)
            self._logger.addHandler(WorkerHandler())
            # Scripts still call it by the name that Python has given up.
            self._logger.warn = self._logger.warning
        return self._logger

    def __getattr__(self, name):
        if not name.startswith('_') and name in self._data:
            return self._data[name]
        raise AttributeError('ctx has no member %s' % name)

    def send_event(self, event):
        _wire.call('send_event', message=event)

    def get_secret(self, key):
        return _wire.call('get_secret', key=key)

    def get_resource(self, resource_path):
        return base64.b64decode(_wire.call('get_resource', path=resource_path))

    def get_resource_and_render(self, resource_path, template_variables=None):
        store()
        return _wire.call('get_resource_and_render', path=resource_path, variables=template_variables or {})

    def download_resource(self, resource_path, target_path=None):
        return _wire.call('download_resource', path=resource_path, target=target_path)

    def download_resource_and_render(self, resource_path, target_path=None, template_variables=None):
        store()
        return _wire.call(
            'download_resource_and_render',
            path=resource_path,
            target=target_path,
            variables=template_variables or {},
        )

    def download_directory(self, resource_path, target_path=None):
        return _wire.call('download_directory', path=resource_path, target=target_path)

    def returns(self, value=None):
        """Sets the operation's result."""
        _wire.call('returns', value=_wire.plain(value, 'the result'))

    def abort_operation(self, message=None):
        """The operation fails for good once the script has ended; what comes after the call still runs."""
        _wire.call('abort', message=message)

    def retry_operation(self, message=None, retry_after=None):
        """The operation is run again once the script has ended; what comes after the call still runs."""
        _wire.call('retry', message=message, retry_after=retry_after)


class Capabilities(object):
    """Runtime properties of the instances that this one is related to."""

    def __init__(self, relationships):
        self._by_instance = {one.target.instance.id: one.target.instance.runtime_properties for one in relationships}

    def get_all(self):
        return self._by_instance

    def __contains__(self, key):
        return any(key in properties for properties in self._by_instance.values())

    def __getitem__(self, key):
        found = [properties[key] for properties in self._by_instance.values() if key in properties]
        if len(found) != 1:
            how = 'is not' if not found else 'is more than once'
            raise NonRecoverableError('capability %s %s among the related instances' % (key, how))
        return found[0]


ctx = Context()


def parameters():
    if ctx._parameters is None:
        ctx._parameters = ctx._data['parameters']
    return ctx._parameters


def store():
    """Sends the changes that were made deep inside of properties."""
    for subject in list(ctx._subjects.values()):
        subject.instance._store()
