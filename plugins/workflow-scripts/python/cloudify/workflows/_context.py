"""The context of a workflow script: nodes, instances, and the tasks that it asks for."""
import logging

from cloudify.workflows import _channel, api, tasks
from cloudify.workflows.tasks import LocalWorkflowTask, NOPTask, RecordedLocalTask, WorkflowTask, question_of
from cloudify.workflows.tasks_graph import TaskDependencyGraph

CONTAINED_IN = 'cloudify.relationships.contained_in'

_standing = []


def task_config(fn=None, **_):
    """Retries are the operation's and the execution's own."""
    return fn if callable(fn) else lambda function: function


class _Items(list):
    """A list that also answers `next()`, as the reference's iterators do."""

    def __next__(self):
        position = getattr(self, '_position', 0)
        if position >= len(self):
            raise StopIteration
        self._position = position + 1
        return self[position]

    next = __next__


class _Logger(logging.Handler):
    """Log lines go to the execution's events, each once however often the script runs."""

    def __init__(self, instance_id=None):
        super(_Logger, self).__init__()
        self.instance_id = instance_id

    def emit(self, record):
        message = self.format(record)
        key = tasks.key_of(question_of('log', self.instance_id or '', record.levelname.lower(), {'m': message}))
        call = {'call': 'log', 'level': record.levelname.lower(), 'message': message, 'instance_id': self.instance_id}
        _channel.send({'kind': 'calls', 'calls': [dict(call, key=key)]})


def _logger(name, instance_id=None):
    logger = logging.getLogger('caisson.workflow.%s' % name)
    if not logger.handlers:
        logger.addHandler(_Logger(instance_id))
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    return logger


class CloudifyWorkflowRelationship(object):
    def __init__(self, ctx, node, raw):
        self.ctx = ctx
        self.node = node
        self._raw = raw
        self.type = raw['type']
        self.type_hierarchy = raw['type_hierarchy']
        self.target_id = raw['target_id']
        self.properties = raw['properties']
        self.source_operations = raw['source_operations']
        self.target_operations = raw['target_operations']

    @property
    def target_node(self):
        return self.ctx.get_node(self.target_id)

    def is_derived_from(self, other):
        return other in self.type_hierarchy


class CloudifyWorkflowNode(object):
    def __init__(self, ctx, raw):
        self.ctx = ctx
        self._raw = raw
        self.id = raw['id']
        self.name = raw['id']
        self.type = raw['type']
        self.type_hierarchy = raw['type_hierarchy']
        self.properties = raw['properties']
        self.operations = raw['operations']
        self.plugins = raw['plugins']
        self._relationships = [CloudifyWorkflowRelationship(ctx, self, one) for one in raw['relationships']]

    @property
    def relationships(self):
        return _Items(self._relationships)

    def get_relationship(self, target_id):
        return next((one for one in self._relationships if one.target_id == target_id), None)

    @property
    def instances(self):
        return _Items(one for one in self.ctx._instances.values() if one.node_id == self.id)

    @property
    def number_of_instances(self):
        """In each container, as `start_modification` takes it."""
        return _channel.context['counts'][self.id]

    @property
    def planned_number_of_instances(self):
        return self.number_of_instances

    @property
    def host_id(self):
        return self._raw.get('host_id')

    @property
    def host_node(self):
        return self.ctx.get_node(self.host_id) if self.host_id else None

    def has_operation(self, operation):
        return operation in self.operations


class CloudifyWorkflowRelationshipInstance(object):
    def __init__(self, ctx, instance, raw):
        self.ctx = ctx
        self.node_instance = instance
        self.target_id = raw['target_id']
        self.type = raw['type']
        self._target_name = raw['target_name']

    @property
    def source_id(self):
        return self.node_instance.id

    @property
    def target_node_instance(self):
        return self.ctx.get_node_instance(self.target_id)

    @property
    def relationship(self):
        return self.node_instance.node.get_relationship(self._target_name)

    def execute_source_operation(self, operation, kwargs=None, allow_kwargs_override=False, send_task_events=True):
        return self._execute('source', operation, kwargs, allow_kwargs_override)

    def execute_target_operation(self, operation, kwargs=None, allow_kwargs_override=False, send_task_events=True):
        return self._execute('target', operation, kwargs, allow_kwargs_override)

    def _execute(self, side, operation, kwargs, override):
        relationship = self.relationship
        mapped = relationship.source_operations if side == 'source' else relationship.target_operations
        subject = '%s>%s %s' % (self.source_id, self.target_id, side)
        call = {'instance_id': self.source_id, 'target_id': self.target_id, 'side': side}
        return self.ctx._operation(subject, call, operation, kwargs, override, operation in mapped)


class CloudifyWorkflowNodeInstance(object):
    def __init__(self, ctx, raw):
        self.ctx = ctx
        self.id = raw['id']
        self.node_id = raw['node_id']
        self.modification = None
        self._take(raw)

    def _take(self, raw):
        self.state = raw['state']
        self.runtime_properties = raw['runtime_properties']
        self.system_properties = raw.get('system_properties') or {}
        self.version = raw['version']
        self.index = raw['index']
        self.host_id = raw.get('host_id')
        self.scaling_groups = raw.get('scaling_groups') or []
        self._relationships = [
            CloudifyWorkflowRelationshipInstance(self.ctx, self, one) for one in raw['relationships']
        ]

    # A set of them has the same order in each run.
    def __hash__(self):
        return hash(self.id)

    @property
    def _node_instance(self):
        # Where the reference keeps what it knows of it, which plugins look into.
        return self

    @property
    def node(self):
        return self.ctx.get_node(self.node_id)

    @property
    def relationships(self):
        return _Items(self._relationships)

    @property
    def logger(self):
        return _logger(self.id.replace('.', '_'), self.id)

    @property
    def contained_instances(self):
        def contains(instance):
            return any(
                one.target_id == self.id and one.relationship.is_derived_from(CONTAINED_IN)
                for one in instance._relationships
            )

        return [one for one in self.ctx._instances.values() if contains(one)]

    def get_contained_subgraph(self):
        found = {self}
        waiting = [self]
        while waiting:
            for one in waiting.pop().contained_instances:
                if one not in found:
                    found.add(one)
                    waiting.append(one)
        return found

    def execute_operation(
        self, operation, kwargs=None, allow_kwargs_override=False, send_task_events=True, **_
    ):
        return self.ctx._operation(
            self.id, {'instance_id': self.id}, operation, kwargs, allow_kwargs_override, self.node.has_operation(operation)
        )

    def set_state(self, state):
        call = {'call': 'state', 'instance_id': self.id, 'state': state}
        task = WorkflowTask(self.ctx, question_of('state', self.id, state, None), call, 'set state %s' % state)
        self.state = state
        return self.ctx._process(task)

    def get_state(self):
        return LocalWorkflowTask(self.ctx, lambda: self._fresh().state)

    def _fresh(self):
        self.ctx.refresh_node_instances()
        return self

    def send_event(self, event, additional_context=None):
        call = {'call': 'event', 'instance_id': self.id, 'message': str(event), 'event_type': 'workflow_node_event'}
        return self.ctx._process(WorkflowTask(self.ctx, question_of('event', self.id, str(event), None), call, 'event'))


class Modification(object):
    """A change of the number of instances, until it is finished or taken back."""

    def __init__(self, ctx, raw):
        self._ctx = ctx
        self.id = raw['id']
        self.added = ModificationNodes(ctx, raw['added'], raw['added_related'], 'added')
        self.removed = ModificationNodes(ctx, raw['removed'], raw['removed_related'], 'removed')

    def finish(self):
        self._end('finish')

    def rollback(self):
        self._end('rollback')

    def _end(self, how):
        call = {'call': 'modified', 'how': how}
        raw = WorkflowTask(self._ctx, question_of('modified', how, self.id, None), call, '%s modification' % how).get()
        self._ctx._counted(raw)
        self._ctx.deployment._modification = None
        self._ctx.refresh_node_instances()


class ModificationNodes(object):
    """The instances that come (or go), whose `modification` says so, and those that are related to them."""

    def __init__(self, ctx, own, related, modification):
        self._ctx = ctx
        self._instances = {}
        for raw, says in [(raw, modification) for raw in own] + [(raw, None) for raw in related]:
            # One that has gone since is still there for a script that runs again.
            instance = ctx.get_node_instance(raw['id']) or CloudifyWorkflowNodeInstance(ctx, raw)
            instance.modification = says
            self._instances[instance.id] = instance

    @property
    def node_instances(self):
        return _Items(self._instances.values())

    @property
    def nodes(self):
        names = []
        for one in self._instances.values():
            if one.node_id not in names:
                names.append(one.node_id)
        return _Items(self._ctx.get_node(name) for name in names)

    def get_node(self, node_id):
        return next((one for one in self.nodes if one.id == node_id), None)

    def get_node_instance(self, node_instance_id):
        return self._instances.get(node_instance_id)


class _Deployment(object):
    def __init__(self, ctx):
        self._ctx = ctx
        self._modification = None

    @property
    def id(self):
        return _channel.context['deployment_id']

    @property
    def inputs(self):
        return _channel.context['inputs']

    @property
    def scaling_groups(self):
        return _channel.context['scaling_groups']

    def start_modification(self, nodes):
        """Changes the number of instances of nodes and scaling groups: `{name: {'instances': 3}}`."""
        names = ','.join(sorted(nodes))
        call = {'call': 'modify', 'nodes': nodes}
        raw = WorkflowTask(self._ctx, question_of('modify', names, '', nodes), call, 'modification of %s' % names).get()
        self._ctx._counted(raw)
        self._ctx.refresh_node_instances()
        self._modification = Modification(self._ctx, raw)
        return self._modification

    def list_started_modifications(self):
        return [] if self._modification is None else [self._modification]


class _Blueprint(object):
    @property
    def id(self):
        return _channel.context['blueprint_id']


class CloudifyWorkflowContext(object):
    """`ctx`. Its nodes and instances are of the script's begin, until `refresh_node_instances()`."""

    local = False
    tenant_name = 'default_tenant'

    def __init__(self):
        self._graph = None
        self._loaded = None
        self.deployment = _Deployment(self)
        self.blueprint = _Blueprint()

    def _load(self):
        if self._loaded is None:
            raw = _channel.context
            self._loaded = (
                {one['id']: CloudifyWorkflowNode(self, one) for one in raw['nodes']},
                {one['id']: CloudifyWorkflowNodeInstance(self, one) for one in raw['instances']},
            )
        return self._loaded

    @property
    def _nodes(self):
        return self._load()[0]

    @property
    def _instances(self):
        return self._load()[1]

    @property
    def nodes(self):
        return _Items(self._nodes.values())

    @property
    def node_instances(self):
        return _Items(self._instances.values())

    def get_node(self, node_id):
        return self._nodes.get(node_id)

    def get_node_instance(self, node_instance_id):
        return self._instances.get(node_instance_id)

    def refresh_node_instances(self):
        nodes, instances = self._load()
        fresh = {one['id']: one for one in _channel.ask('instances')}
        for gone in set(instances) - set(fresh):
            del instances[gone]
        for key, raw in fresh.items():
            if key in instances:
                instances[key]._take(raw)
            else:
                instances[key] = CloudifyWorkflowNodeInstance(self, raw)

    @property
    def workflow_id(self):
        return _channel.context['workflow_id']

    @property
    def execution_id(self):
        return _channel.context['execution_id']

    @property
    def dry_run(self):
        return _channel.context['dry_run']

    @property
    def resume(self):
        return _channel.context['resume']

    @property
    def wait_after_fail(self):
        return _channel.context['wait_after_fail'] or 600

    @property
    def logger(self):
        return _logger('workflow')

    def has_cancel_request(self):
        return api.has_cancel_request()

    def send_event(self, event, event_type='workflow_stage', args=None, additional_context=None):
        call = {'call': 'event', 'message': str(event), 'event_type': event_type}
        return self._process(WorkflowTask(self, question_of('event', event_type, str(event), None), call, 'event'))

    def update_execution_status(self, new_status):
        return self.send_event('status: %s' % new_status)

    def graph_mode(self):
        """From here on tasks are only made; `execute()` of the graph runs them."""
        if self._graph is None:
            self._graph = TaskDependencyGraph(self)
        return self._graph

    def get_tasks_graph(self, name):
        return None

    def local_task(
        self,
        local_task,
        node=None,
        info=None,
        kwargs=None,
        task_id=None,
        name=None,
        send_task_events=True,
        override_task_config=False,
        total_retries=None,
        retry_interval=None,
    ):
        """Has a function of the script run as a task; what it returns is recorded, so that it runs once."""
        return self._process(RecordedLocalTask(self, local_task, (), kwargs, name, total_retries, retry_interval))

    def execute_task(
        self,
        task_name,
        local=True,
        task_queue=None,
        task_target=None,
        kwargs=None,
        node_context=None,
        send_task_events=True,
        total_retries=None,
        retry_interval=None,
        timeout=None,
        timeout_recoverable=None,
    ):
        """Has `module.function` run as a task of this process, which is the only one there is for it."""
        return self.local_task(
            lambda **given: _function(task_name)(**given),
            kwargs=kwargs,
            name=task_name,
            total_retries=total_retries,
            retry_interval=retry_interval,
        )

    def start_execution(self, deployment_id, workflow_id, parameters=None, allow_custom_parameters=False, dry_run=False, **_):
        """Has a deployment execute a workflow as soon as none other runs there; does not wait for it."""
        call = {
            'call': 'execution',
            'deployment_id': deployment_id,
            'workflow_id': workflow_id,
            'parameters': parameters or {},
            'allow_custom_parameters': bool(allow_custom_parameters),
            'dry_run': bool(dry_run),
        }
        question = question_of('execution', deployment_id, workflow_id, parameters)
        return _Execution(WorkflowTask(self, question, call, 'execution of %s' % workflow_id).get())

    def _counted(self, raw):
        _channel.context['counts'] = raw['counts']
        _channel.context['scaling_groups'] = raw['scaling_groups']

    def download_resource(self, resource_path, target_path=None):
        import os
        import shutil
        import tempfile

        source = os.path.join(_channel.context['folder'], resource_path)
        inside = os.path.realpath(_channel.context['folder']) + os.sep
        if not os.path.realpath(source).startswith(inside):
            raise RuntimeError('%s is outside of the blueprint' % resource_path)
        if target_path is None:
            target_path = os.path.join(tempfile.mkdtemp(), os.path.basename(resource_path))
        shutil.copy(source, target_path)
        return target_path

    def get_resource(self, resource_path):
        with open(self.download_resource(resource_path), 'rb') as file:
            return file.read()

    def _operation(self, subject, call, operation, kwargs, override, mapped):
        if not mapped:
            return self._process(NOPTask(self))
        asked = dict(call, call='operation', operation=operation, kwargs=kwargs or {}, override=bool(override))
        question = question_of('call', subject, operation, kwargs)
        task = WorkflowTask(self, question, asked, '%s %s' % (subject, operation))
        task.cloudify_context = {'node_id': call['instance_id'], 'operation': {'name': operation}}
        return self._process(task)

    def _walk_task(self, what, ids, **options):
        call = dict(options, call='walk', walk=what, ids=ids)
        return WorkflowTask(self, question_of('walk', what, ','.join(ids), None), call, what)

    def _walk(self, what, ids, **options):
        self._walk_task(what, ids, **options).get()
        self.refresh_node_instances()

    def _process(self, task):
        """In graph mode tasks wait for the graph, otherwise they begin at once."""
        if self._graph is not None:
            return task
        _standing.append(task)
        return task.start()


class _Execution(dict):
    """What is known of an execution when it has been asked for."""

    def __getattr__(self, name):
        if name not in self:
            raise AttributeError(name)
        return self[name]


def _function(task_name):
    import importlib

    module, _, name = task_name.rpartition('.')
    return getattr(importlib.import_module(module), name)


class _Parameters(dict):
    """The workflow's parameters, also as attributes."""

    def _known(self):
        if _channel.context is not None and not dict.__len__(self):
            dict.update(self, _channel.context['parameters'])
        return self

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        return self[name]


def _knowing(name):
    method = getattr(dict, name)

    def known(self, *args, **kwargs):
        return method(self._known(), *args, **kwargs)

    return known


for _name in '__contains__ __getitem__ __iter__ __len__ __repr__ __eq__ copy get items keys values'.split():
    setattr(_Parameters, _name, _knowing(_name))


def wait_for_all():
    """Waits for what the script has begun and not waited for. Its failures are the script's."""
    for task in _standing:
        if not task.handled:
            task.get()


ctx = CloudifyWorkflowContext()
parameters = _Parameters()
