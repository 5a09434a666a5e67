import { expect, test } from 'vitest';
import { errors, output, runFile, type ScriptCase } from './stage.js';

const python = async (source: string, options: ScriptCase = {}) => await runFile('scripts/run.py', source, options);

test('a script is evaluated as the main module, with the context and the inputs at hand', async () => {
  const run = await python(
    `
from cloudify import ctx
from cloudify.state import ctx_parameters as inputs

if __name__ == '__main__':
    port = ctx.node.properties['port']
    ctx.instance.runtime_properties['url'] = 'http://%s:%d' % (inputs['host'], port)
    ctx.instance.runtime_properties['again'] = inputs.host
    ctx.logger.info('listening on %s', port)
    print('printed')
    ctx.returns([1, {'a': None}])
`,
    { properties: { port: 80 }, inputs: { host: 'example.org' } },
  );
  expect(run.error).toBeUndefined();
  expect(run.runtimeProperties).toEqual({ url: 'http://example.org:80', again: 'example.org' });
  expect(run.result).toEqual([1, { a: null }]);
  expect(run.logs).toContainEqual({ level: 'info', message: 'listening on 80' });
  expect(output(run)).toEqual(['printed']);
});

test('changes deep inside of runtime properties are stored, also of a dictionary filled after it was put in', async () => {
  const run = await python(
    `
from cloudify import ctx
props = ctx.instance.runtime_properties
props['list'].append({'n': 2})
props['map']['inner']['new'] = True
del props['map']['old']
late = {}
props['late'] = late
late['filled'] = 'yes'
props.update({'one': 1}, two=2)
props.pop('gone')
props.setdefault('deep', {}).setdefault('er', []).append('x')
assert 'one' in props and isinstance(props['map'], dict)
import json
assert json.loads(json.dumps(props))['two'] == 2
`,
    { runtimeProperties: { list: [{ n: 1 }], map: { inner: {}, old: 1 }, gone: 1, kept: { a: 1 } } },
  );
  expect(run.error).toBeUndefined();
  expect(run.runtimeProperties).toEqual({
    list: [{ n: 1 }, { n: 2 }],
    map: { inner: { new: true } },
    kept: { a: 1 },
    late: { filled: 'yes' },
    one: 1,
    two: 2,
    deep: { er: ['x'] },
  });
  expect(Object.values(run.patches).flat()).not.toContainEqual(expect.arrayContaining(['set', ['kept']]));
});

test('what was written before a failure is stored', async () => {
  const run = await python(`
from cloudify import ctx
inner = {}
ctx.instance.runtime_properties['made'] = inner
inner['id'] = 'i-1'
raise ValueError('no port')
`);
  expect(run.status).toBe('recoverable');
  expect(run.error).toMatchObject({ name: 'ValueError', message: 'ValueError: no port' });
  expect(run.runtimeProperties).toEqual({ made: { id: 'i-1' } });
  const [cause] = (run.error as Error & { causes: { traceback: string }[] }).causes;
  expect(cause?.traceback).toMatch(/^Traceback \(most recent call last\):\n {2}File ".*run\.py", line 6, in <module>/);
});

test.each([
  ["NonRecoverableError('never')", 'non-recoverable', 'never'],
  ["RecoverableError('busy', retry_after=3)", 'recoverable', 'busy [retry_after=3]'],
  ["OperationRetry('later', retry_after=4)", 'retry', 'later [retry_after=4]'],
  ["HttpException('http://x', 404, 'gone')", 'non-recoverable', /http:\/\/x.*404.*gone/],
  ["Mine('own kind')", 'non-recoverable', 'own kind'],
  ["CommandExecutionException('ls', 'no', '', 2)", 'recoverable', /Command 'ls'/],
])('raise %s', async (expression, status, message) => {
  const run = await python(`
from cloudify.exceptions import *
from cloudify.exceptions import NonRecoverableError
class Mine(NonRecoverableError):
    pass
raise ${expression}
`);
  expect(run.status).toBe(status);
  expect(run.error?.message).toMatch(message);
});

test('sys.exit(0) is success, another code is a recoverable failure; properties are stored', async () => {
  const fine = await python(`
import sys
from cloudify import ctx
ctx.instance.runtime_properties['a'] = {}
ctx.instance.runtime_properties['a']['b'] = 1
sys.exit(0)
`);
  expect(fine).toMatchObject({ status: 'succeeded', runtimeProperties: { a: { b: 1 } } });
  const failed = await python("import sys\nsys.exit('it is broken')\n");
  expect(failed).toMatchObject({ status: 'recoverable', error: { exitCode: 1 } });
  expect(errors(failed)).toEqual(['it is broken']);
});

test('a syntax error names the line', async () => {
  const run = await python('x = (\n');
  expect(run).toMatchObject({ status: 'recoverable', error: { name: 'SyntaxError' } });
});

test('operation.retry, retry_operation and abort_operation take effect when the script has ended', async () => {
  const retried = await python(
    `
from cloudify import ctx
print(ctx.operation.retry_number, ctx.operation.max_retries, ctx.operation.name)
ctx.operation.retry(message='not yet', retry_after=5)
ctx.instance.runtime_properties['seen'] = True
`,
    { retryNumber: 2 },
  );
  expect(retried).toMatchObject({ status: 'retry', error: { retryAfter: 5 }, runtimeProperties: { seen: true } });
  expect(output(retried)).toEqual(['2 5 cloudify.interfaces.lifecycle.create']);
  const aborted = await python("from cloudify import ctx\nctx.abort_operation('enough')\nprint('still here')\n");
  expect(aborted).toMatchObject({ status: 'non-recoverable', error: { message: 'enough' } });
  expect(output(aborted)).toEqual(['still here']);
});

test('relationship scripts see both sides and write them', async () => {
  const run = await python(
    `
from cloudify import ctx
members = ctx.target.instance.runtime_properties
if 'members' not in members:
    members['members'] = []
members['members'].append(ctx.source.instance.id)
ctx.source.instance.runtime_properties['joined'] = ctx.target.node.properties['name']
try:
    ctx.instance
except Exception as error:
    print(error)
`,
    { source: { name: 'web' }, target: { name: 'db', properties: { name: 'galera' } } },
  );
  expect(run.error).toBeUndefined();
  expect(run.stored('db_1')).toEqual({ members: ['web_1'] });
  expect(run.stored('web_1')).toEqual({ joined: 'galera' });
  expect(output(run)[0]).toMatch('can only be used in a node-instance context');
});

test('related instances are read, and cannot be written', async () => {
  const run = await python(
    `
from cloudify import ctx
for one in ctx.instance.relationships:
    print(one.type, one.target.node.id, one.target.instance.runtime_properties['ip'], one.target.instance.host_ip)
print(ctx.capabilities['ip'], 'cloudify.nodes.Root' in ctx.node.type_hierarchy)
ctx.instance.relationships[0].target.instance.runtime_properties['x'] = 1
`,
    { relationships: [{ target: { name: 'vm', hostId: 'vm_1', runtimeProperties: { ip: '10.0.0.3' } } }] },
  );
  expect(output(run)).toEqual(['cloudify.relationships.connected_to vm 10.0.0.3 10.0.0.3', '10.0.0.3 True']);
  expect(run.error?.message).toBe('Cannot modify runtime properties of relationship node instances');
});

test('resources are read, rendered with the newest properties, and downloaded', async () => {
  const run = await python(
    `
from cloudify import ctx
assert ctx.get_resource('data.bin') == b'\\x00\\xff'
ctx.instance.runtime_properties['who'] = {}
ctx.instance.runtime_properties['who']['name'] = 'Ada'
print(ctx.get_resource_and_render('hello.txt', {'greeting': 'Hi'}))
path = ctx.download_resource('data.bin')
print(path.rsplit('/', 1)[1], len(open(path, 'rb').read()))
ctx.get_resource('missing')
`,
    {
      resources: {
        'data.bin': Buffer.from([0, 255]),
        'hello.txt': '{{ greeting }} {{ ctx.instance.runtime_properties.who.name }}',
      },
    },
  );
  expect(output(run)).toEqual(['Hi Ada', 'data.bin 2']);
  expect(run).toMatchObject({ status: 'non-recoverable', error: { name: 'ResourceNotFound' } });
});

test('update stores in the middle, refresh sees what others have stored', async () => {
  const run = await python(
    `
from cloudify import ctx
ctx.instance.runtime_properties['a'] = 1
ctx.instance.update()
ctx.instance.refresh()
print(ctx.instance.runtime_properties)
ctx.instance.runtime_properties['b'] = 2
ctx.instance.refresh()
`,
    { storedByOthers: { node_1: { other: true } } },
  );
  expect(run.flushes).toEqual([{ node_1: [['set', ['a'], 1]] }]);
  expect(output(run)).toEqual(["{'a': 1, 'other': True}"]);
  expect(run.error?.message).toMatch('refreshing now would destroy local changes');
});

test('@operation functions and the helpers that scripts import', async () => {
  const run = await python(
    `
import sys
from cloudify import ctx, utils, manager, exceptions as cfy_exc
from cloudify.decorators import operation
from cloudify.manager import get_rest_client
from cloudify.utils import LocalCommandRunner, exception_to_error_cause

@operation
def main(size, **kwargs):
    print(size, kwargs['ctx'].instance.id)

@operation(resumable=True)
def plain():
    print('plain')

main(size=3)
plain()
print(LocalCommandRunner(ctx.logger).run('echo out').std_out)
try:
    raise KeyError('x')
except KeyError as error:
    print(exception_to_error_cause(error, sys.exc_info()[2])['type'])
print(get_rest_client().secrets.get('token')['value'])
get_rest_client().secrets.create('made', {'a': 1}, update_if_exists=True)
get_rest_client().deployments.list()
`,
    { secrets: { token: 'hunter22' } },
  );
  expect(output(run)).toEqual(['3 node_1', 'plain', 'out', 'KeyError', '***']);
  expect(run.secrets()).toEqual({ token: 'hunter22', made: { a: 1 } });
  expect(run).toMatchObject({ status: 'non-recoverable' });
  expect(run.error?.message).toMatch('client.deployments.list() needs a Cloudify manager');
});

test('inline source is Python if it means something in Python, else shell', async () => {
  const asPython = await runInline("from cloudify import ctx\nctx.returns('python')");
  expect(asPython.result).toBe('python');
  const asShell = await runInline('ls -l / >/dev/null\nctx returns shell');
  expect(asShell.result).toBe('shell');
  const lone = await runInline('true');
  expect(lone.status).toBe('succeeded');
  const indented = await runInline('\n    import sys\n    if True:\n        print("dedented")\n');
  expect(output(indented)).toEqual(['dedented']);
});

test('eval_python false runs the file by its first line', async () => {
  const run = await python('#!/bin/sh\necho "shell $port"\n', { process: { eval_python: false }, inputs: { port: 1 } });
  expect(output(run)).toEqual(['shell 1']);
});

async function runInline(source: string) {
  const { runOperation } = await import('../../../plugins/sdk/testing.js');
  const { default: script } = await import('../../../plugins/script/index.js');
  return await runOperation(script, 'script_runner.tasks.run', { inputs: { script_source: source } });
}
