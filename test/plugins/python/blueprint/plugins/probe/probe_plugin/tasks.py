"""A plugin as its authors write it: nothing in it knows of Caisson."""
import logging
import os
import signal
import subprocess
import sys
import time

from cloudify import ctx
from cloudify.decorators import operation
from cloudify.exceptions import HttpException, NonRecoverableError, OperationRetry, RecoverableError
from cloudify.manager import get_rest_client
from cloudify.state import ctx_parameters, current_ctx, workflow_ctx
from cloudify_rest_client.exceptions import CloudifyClientError


@operation(resumable=True)
def describe(**_):
    return {
        'type': ctx.type,
        'node': [ctx.node.id, ctx.node.name, ctx.node.type, ctx.node.type_hierarchy, ctx.node.properties['port']],
        'instance': [ctx.instance.id, ctx.instance.index, ctx.instance.host_ip],
        'blueprint': ctx.blueprint.id,
        'deployment': [ctx.deployment.id, ctx.deployment.display_name, ctx.deployment.tenant_name],
        'tenant': [ctx.tenant_name, ctx.tenant['name']],
        'execution': [ctx.execution_id, ctx.workflow_id],
        'operation': [ctx.operation.name, ctx.operation.retry_number, ctx.operation.max_retries],
        'plugin': [ctx.plugin, ctx.plugin.package_name, ctx.plugin.package_version, ctx.plugin.source],
        'plugin_properties': ctx.plugin.properties,
        'task': [ctx.task_id, ctx.task_name],
        'bootstrap': [ctx.bootstrap_context.resources_prefix, ctx.bootstrap_context.cloudify_agent.user],
        'provider': ctx.provider_context,
        'resume': ctx.resume,
        'interpreter': os.path.realpath(sys.prefix) == os.path.realpath(os.environ['VIRTUAL_ENV']),
    }


@operation
def inputs(ctx, port, **kwargs):
    assert ctx_parameters.port == port == current_ctx.get_parameters()['port']
    return {'port': port, 'others': kwargs}


@operation
def write(ctx, **_):
    properties = ctx.instance.runtime_properties
    properties['list'] = []
    properties['list'].append({'deep': [1]})
    properties.setdefault('made', {})['inside'] = True
    properties.update({'a': 1, 'b': 2})
    del properties['a']
    assert properties.pop('absent', 'default') == 'default'
    properties['gone'] = 1
    properties.pop('gone')


@operation
def replace(ctx, **_):
    ctx.instance.runtime_properties = {'only': 'this'}


@operation
def deepen(ctx, **_):
    ctx.instance.runtime_properties['config']['deep']['list'].append(2)


@operation
def update(ctx, **_):
    ctx.instance.runtime_properties['id'] = 'i-1'
    ctx.instance.update()
    assert ctx.instance.runtime_properties['id'] == 'i-1'
    ctx.instance.runtime_properties['later'] = ctx.instance.runtime_properties['id'] + '!'


@operation
def merge(ctx, **_):
    ctx.instance.update(lambda mine, latest: dict(latest, merged=True))


@operation
def refresh(ctx, **_):
    before = dict(ctx.instance.runtime_properties)
    ctx.instance.refresh()
    return [before, dict(ctx.instance.runtime_properties)]


@operation
def refresh_dirty(ctx, **_):
    ctx.instance.runtime_properties['mine'] = 1
    ctx.instance.refresh()


@operation
def write_and_fail(ctx, error, **_):
    ctx.instance.runtime_properties['half'] = 'made'
    raise {
        'value': ValueError('no good'),
        'key': KeyError('port'),
        'recoverable': RecoverableError('later', retry_after=7),
        'non-recoverable': NonRecoverableError('never', causes=[{'message': 'why', 'type': 'Deep', 'traceback': ''}]),
        'http': HttpException('http://x', 404, 'not there'),
        'retry': OperationRetry('again', retry_after=3),
        'exit': SystemExit(4),
        'interrupt': KeyboardInterrupt(),
    }[error]


@operation
def unstorable(ctx, **_):
    ctx.instance.runtime_properties['set'] = {1, 2}


@operation
def storable_in_the_end(ctx, **_):
    ctx.instance.runtime_properties['content'] = b'text'
    ctx.instance.runtime_properties['other'] = 1
    ctx.instance.runtime_properties['content'] = ctx.instance.runtime_properties['content'].decode()


@operation
def retry(ctx, **_):
    ctx.instance.runtime_properties['asked'] = True
    ctx.operation.retry('not ready', 9)
    ctx.instance.runtime_properties['after'] = True
    return 'dropped'


@operation
def relate(ctx, **_):
    ctx.source.instance.runtime_properties['peer'] = ctx.target.instance.id
    ctx.target.instance.runtime_properties['peer'] = ctx.source.instance.id
    return [ctx.type, ctx.source.node.properties['port'], ctx.target.node.id, ctx.operation.relationship]


@operation
def related(ctx, **_):
    return [
        [one.type, one.type_hierarchy, one.target.node.id, one.target.instance.runtime_properties.get('ip')]
        for one in ctx.instance.relationships
    ] + [ctx.capabilities['ip'], list(ctx.capabilities.get_all())]


@operation
def far(ctx, **_):
    subnet = ctx.instance.relationships[0].target
    network = subnet.instance.relationships[0].target
    cloud = network.instance.relationships[0].target
    return [
        subnet.instance.runtime_properties['id'],
        network.node.type,
        network.node.properties['cidr'],
        network.instance.runtime_properties['id'],
        cloud.node.id,
        cloud.instance.relationships,
    ]


@operation
def write_target(ctx, **_):
    ctx.instance.relationships[0].target.instance.runtime_properties['x'] = 1


@operation
def write_node(ctx, **_):
    ctx.node.properties['port'] = 1


@operation
def wrong_kind(ctx, **_):
    return ctx.target.node.id


def deployment_workdir():
    with ctx.sync_deployment_workdir():
        return os.path.isdir(ctx.local_deployment_workdir())


@operation
def resources(ctx, **_):
    path = ctx.download_resource_and_render('templates/app.conf', template_variables={'who': 'you'})
    with open(path) as file:
        downloaded = file.read()
    with open(ctx.download_resource('templates/app.conf')) as file:
        raw = file.read()
    folder = ctx.download_directory('templates')
    return {
        'raw': [ctx.get_resource('templates/app.conf').decode(), raw],
        'rendered': [ctx.get_resource_and_render('templates/app.conf', {'who': 'me'}).decode(), downloaded],
        'folder': sorted(os.listdir(folder)),
        'workdir': os.path.isdir(ctx.plugin.workdir),
        'deployment_workdir': deployment_workdir(),
    }


@operation
def no_resource(ctx, **_):
    ctx.get_resource('none.txt')


@operation
def log(ctx, **_):
    ctx.logger.debug('debug %s', 1)
    ctx.logger.info('info')
    ctx.logger.warning('warning')
    ctx.logger.error('error')
    ctx.send_event('an event')
    logging.getLogger('own.library').info('from a library')
    logging.getLogger('botocore').debug('credentials')
    print('printed')
    print('complained', file=sys.stderr)


@operation
def secrets(ctx, **_):
    client = get_rest_client()
    try:
        client.secrets.get('absent')
        absent = None
    except CloudifyClientError as error:
        absent = error.status_code
    client.secrets.create('made', 'made-value-1234')
    ctx.logger.info('the password is %s', client.secrets.get('password').value)
    ctx.logger.info('and again %s', ctx.get_secret('password'))
    return absent


@operation
def rest(ctx, **_):
    client = get_rest_client()
    return {
        'instance': client.node_instances.get(ctx.instance.id).runtime_properties,
        'siblings': [one.id for one in client.node_instances.list(ctx.deployment.id, node_id=ctx.node.id)],
        'deployment': client.deployments.get(ctx.deployment.id).inputs,
        'version': client.manager.get_version()['edition'],
    }


@operation
def absent_manager(ctx, **_):
    get_rest_client().blueprints.list()


@operation
def absent_workflow(ctx, **_):
    return workflow_ctx.workflow_id


@operation
def abort(ctx, **_):
    raise NonRecoverableError('stop here')


@operation
def wait(ctx, marker, **_):
    """Starts a process of its own, and waits for what never comes."""
    child = subprocess.Popen(['sleep', '1000'])
    ctx.instance.runtime_properties['id'] = 'i-1'
    with open(marker, 'w') as file:
        file.write('%d %d' % (os.getpid(), child.pid))
    child.wait()


@operation
def wait_deaf(ctx, marker, **_):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    wait(ctx=ctx, marker=marker)


@operation(resumable=True)
def survive(ctx, folder, **_):
    """Makes something, notes it, and dies with its worker; the second time it finds what it had noted."""
    known = ctx.instance.runtime_properties.get('id')
    if known is None:
        ctx.instance.runtime_properties['id'] = 'made-by-%d' % os.getpid()
        ctx.instance.update()
        with open(os.path.join(folder, 'waits'), 'w') as file:
            file.write('%d' % os.getpid())
        time.sleep(1000)
    ctx.instance.runtime_properties['resumed'] = [ctx.resume, ctx.operation.retry_number]


@operation
def patience(ctx, **_):
    """Is ready at the third try."""
    ctx.instance.runtime_properties['tries'] = ctx.instance.runtime_properties.get('tries', 0) + 1
    if ctx.operation.retry_number == 0:
        raise RecoverableError('not yet', retry_after=0.1)
    if ctx.operation.retry_number == 1:
        return ctx.operation.retry('nearly', 0.1)
    return 'ready'


@operation
def confide(ctx, password, **_):
    ctx.logger.info('password %s', password)
    print('printed', password)
    sys.stderr.write('written %s\n' % password)
    ctx.send_event('event %s' % password)
    ctx.instance.runtime_properties['length'] = len(password)
    if ctx.operation.retry_number == 0:
        raise RecoverableError('it was %s' % password, retry_after=0.1)


@operation
def old_modules(ctx, **_):
    import cgi
    import imp
    import pipes

    import pkg_resources
    from distutils.version import LooseVersion

    path = ctx.download_resource('templates/extra.py')
    return [
        imp.load_source('extra', path).ANSWER,
        cgi.parse_header('text/plain; charset=utf-8'),
        pipes.quote('a b'),
        pkg_resources.get_distribution('cloudify-common').project_name,
        LooseVersion('1.10') > LooseVersion('1.9'),
    ]


@operation
def chatter(ctx, **_):
    library = logging.getLogger('botocore.parsers')
    library.setLevel(logging.DEBUG)
    library.addHandler(logging.StreamHandler())
    library.debug('Response body: credentials')


@operation
def crash(ctx, **_):
    ctx.instance.runtime_properties['half'] = 'made'
    os.kill(os.getpid(), signal.SIGSEGV)


@operation
def thread(ctx, **_):
    import threading

    threading.Thread(target=time.sleep, args=(1000,)).start()
    return 'done'


@operation
def echo(ctx, value=None, **_):
    return {'length': len(value), 'value': value}


@operation
def note(ctx, folder, again=False, **_):
    with open(os.path.join(folder, 'notes'), 'a') as file:
        file.write('%s%s\n' % (ctx.instance.id.rsplit('_', 1)[0], ' again' if again else ''))


@operation
def visit(ctx, **_):
    ctx.instance.runtime_properties['visited'] = ctx.operation.name.rsplit('.', 1)[1]
