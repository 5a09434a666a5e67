import { expect, test } from 'vitest';
import { probe, traceback } from './stage.js';

const NODE = {
  name: 'web',
  instanceId: 'web_1',
  hostId: 'web_1',
  type: 'my.Web',
  properties: { port: 8080 },
  runtimeProperties: { ip: '10.0.0.1' },
};

test('an operation sees its node, its instance, and the run it is part of', async () => {
  const run = await probe('probe_plugin.tasks.describe', { ...NODE, plugin: { properties: { region: 'eu' } } });
  expect(run.error).toBeUndefined();
  expect(run.result).toEqual({
    type: 'node-instance',
    node: ['web', 'web', 'my.Web', ['cloudify.nodes.Root', 'my.Web'], 8080],
    instance: ['web_1', 1, '10.0.0.1'],
    blueprint: 'blueprint',
    deployment: ['deployment', 'deployment', 'default_tenant'],
    tenant: ['default_tenant', 'default_tenant'],
    execution: ['execution', 'install'],
    operation: ['cloudify.interfaces.lifecycle.create', 0, 5],
    plugin: ['probe', 'probe-plugin', '1.0', 'probe'],
    plugin_properties: { region: { value: 'eu' } },
    task: ['task-1', 'probe_plugin.tasks.describe'],
    bootstrap: ['', null],
    provider: { cloudify: { cloudify_agent: {}, policy_engine: {} } },
    resume: false,
    interpreter: true,
  });
});

test('inputs are its arguments', async () => {
  const run = await probe('probe_plugin.tasks.inputs', { inputs: { port: 80, names: ['a'], none: null } });
  expect(run.result).toEqual({ port: 80, others: { names: ['a'], none: null } });
});

test('runtime properties are kept whatever way they are written, at any depth', async () => {
  const run = await probe('probe_plugin.tasks.write', NODE);
  expect(run.error).toBeUndefined();
  expect(run.runtimeProperties).toEqual({ ip: '10.0.0.1', list: [{ deep: [1] }], made: { inside: true }, b: 2 });

  const deep = await probe('probe_plugin.tasks.deepen', { runtimeProperties: { config: { deep: { list: [1] } } } });
  expect(deep.patches).toEqual({ node_1: [['append', ['config', 'deep', 'list'], [2]]] });

  const replaced = await probe('probe_plugin.tasks.replace', NODE);
  expect(replaced.runtimeProperties).toEqual({ only: 'this' });
});

test('update() stores in the middle of an operation', async () => {
  const run = await probe('probe_plugin.tasks.update');
  expect(run.flushes).toEqual([{ node_1: [['set', ['id'], 'i-1']] }]);
  expect(run.patches).toEqual({ node_1: [['set', ['later'], 'i-1!']] });

  const merged = await probe('probe_plugin.tasks.merge', { runtimeProperties: { mine: 1 } });
  expect(merged.error).toBeUndefined();
  expect(merged.runtimeProperties).toEqual({ mine: 1, merged: true });
});

test('refresh() shows what others have stored, and refuses to lose changes', async () => {
  const options = { runtimeProperties: { a: 1 }, storedByOthers: { node_1: { b: 2 } } };
  expect((await probe('probe_plugin.tasks.refresh', options)).result).toEqual([{ a: 1 }, { a: 1, b: 2 }]);
  const dirty = await probe('probe_plugin.tasks.refresh_dirty', options);
  expect(dirty.status).toBe('non-recoverable');
  expect(dirty.error?.message).toContain('dirty');
});

test('relationship operations write both sides', async () => {
  const run = await probe('probe_plugin.tasks.relate', {
    source: { name: 'app', properties: { port: 1 } },
    target: { name: 'db' },
  });
  expect(run.error).toBeUndefined();
  expect(run.result).toEqual(['relationship-instance', 1, 'db', 'source']);
  expect(run.stored('app_1')).toEqual({ peer: 'db_1' });
  expect(run.stored('db_1')).toEqual({ peer: 'app_1' });
});

test('related instances can be read, and not written', async () => {
  const relationships = [{ target: { name: 'db', runtimeProperties: { ip: '10.0.0.2' } } }];
  const connected = 'cloudify.relationships.connected_to';
  const run = await probe('probe_plugin.tasks.related', { relationships });
  expect(run.result).toEqual([
    [connected, ['cloudify.relationships.depends_on', connected], 'db', '10.0.0.2'],
    '10.0.0.2',
    ['db_1'],
  ]);
  const written = await probe('probe_plugin.tasks.write_target', { relationships });
  expect(written).toMatchObject({ status: 'non-recoverable', patches: {} });
  expect(written.error?.message).toBe('Cannot modify runtime properties of relationship node instances');
});

test('what lies behind a related instance is fetched when it is asked for', async () => {
  const cloud = { name: 'cloud' };
  const network = {
    name: 'network',
    type: 'my.Network',
    properties: { cidr: '10.0.0.0/8' },
    runtimeProperties: { id: 'n-1' },
    relationships: [{ target: cloud }],
  };
  const subnet = { name: 'subnet', runtimeProperties: { id: 's-1' }, relationships: [{ target: network }] };
  const run = await probe('probe_plugin.tasks.far', { relationships: [{ target: subnet }] });
  expect(run.error).toBeUndefined();
  expect(run.result).toEqual(['s-1', 'my.Network', '10.0.0.0/8', 'n-1', 'cloud', []]);
});

test('what may not be written, or is not there, says so', async () => {
  const node = await probe('probe_plugin.tasks.write_node', NODE);
  expect([node.status, node.error?.message]).toEqual(['non-recoverable', 'Cannot override read only properties']);
  const kind = await probe('probe_plugin.tasks.wrong_kind');
  expect(kind.error?.message).toContain(
    'can only be used in a relationship-instance context but used in a node-instance',
  );
  const resource = await probe('probe_plugin.tasks.no_resource');
  expect([resource.status, resource.error?.message]).toEqual(['non-recoverable', expect.stringContaining('none.txt')]);
  const manager = await probe('probe_plugin.tasks.absent_manager');
  expect(manager.error?.message).toContain('client.blueprints.list() needs a Cloudify manager, and there is none');
  const workflow = await probe('probe_plugin.tasks.absent_workflow');
  expect(workflow.error?.message).toContain('No context set in current execution thread');
});

test('files of the blueprint come as they are, and rendered', async () => {
  const run = await probe('probe_plugin.tasks.resources', NODE);
  expect(run.error).toBeUndefined();
  const raw = 'hello {{ who }}, {{ ctx.node.properties.port }}\n';
  expect(run.result).toEqual({
    raw: [raw, raw],
    rendered: ['hello me, 8080', 'hello you, 8080'],
    folder: ['app.conf', 'extra.py'],
    workdir: true,
    deployment_workdir: true,
  });
});

test('log lines, events and output are those of the execution', async () => {
  const { logs, events } = await probe('probe_plugin.tasks.log');
  expect(events).toEqual(['an event']);
  expect(logs.map(({ level, message }) => `${level} ${message}`)).toEqual(
    expect.arrayContaining([
      'debug debug 1',
      'info info',
      'warning warning',
      'error error',
      'info own.library: from a library',
      'info <out> printed',
      'info <err> complained',
    ]),
  );
  expect(JSON.stringify(logs)).not.toContain('credentials');
});

test('libraries that would log what they send and receive are quiet, even when a plugin tells them to', async () => {
  const run = await probe('probe_plugin.tasks.chatter');
  expect(run.status).toBe('succeeded');
  expect(JSON.stringify(run.logs)).not.toContain('credentials');
});

test('secrets are read and made, and are blanked in what the plugin logs', async () => {
  const run = await probe('probe_plugin.tasks.secrets', { secrets: { password: 'hunter2-hunter2' } });
  expect(run.error).toBeUndefined();
  expect(run.result).toBe(404);
  expect(run.secrets()).toEqual({ password: 'hunter2-hunter2', made: 'made-value-1234' });
  expect(JSON.stringify(run.logs)).toContain('the password is ');
  expect(JSON.stringify(run.logs)).not.toContain('hunter2');
});

test("the manager's REST client answers what an operation knows", async () => {
  const run = await probe('probe_plugin.tasks.rest', { ...NODE, deployment: { inputs: { size: 1 } } });
  expect(run.error).toBeUndefined();
  expect(run.result).toEqual({
    instance: { ip: '10.0.0.1' },
    siblings: ['web_1'],
    deployment: { size: 1 },
    version: 'community',
  });
});

test.for([
  ['value', 'recoverable', 'ValueError: no good', undefined],
  ['key', 'recoverable', "KeyError: 'port'", undefined],
  ['recoverable', 'recoverable', 'later', 7],
  ['non-recoverable', 'non-recoverable', 'never', undefined],
  ['http', 'non-recoverable', '404 (http://x) : not there', undefined],
  ['retry', 'retry', 'again', 3],
  ['exit', 'recoverable', 'the plugin ended its process with 4', undefined],
])('an error keeps its kind: %s', async ([error, status, message, retryAfter]) => {
  const run = await probe('probe_plugin.tasks.write_and_fail', { inputs: { error: error as string } });
  expect(run.status).toBe(status);
  expect(run.error?.message).toContain(message as string);
  expect((run.error as { retryAfter?: number }).retryAfter).toBe(retryAfter);
  // What it had found out is kept for the next attempt.
  expect(run.runtimeProperties).toEqual({ half: 'made' });
});

test('an error tells where in the plugin it was raised, and what caused it', async () => {
  const run = await probe('probe_plugin.tasks.write_and_fail', { inputs: { error: 'non-recoverable' } });
  expect(traceback(run)).toContain('probe_plugin/tasks.py');
  expect(traceback(run)).not.toContain('caisson_bridge');
  expect(run.error).toMatchObject({ causes: [{ type: 'NonRecoverableError' }, { type: 'Deep', message: 'why' }] });
});

test('a value that cannot be stored is refused by its path', async () => {
  const run = await probe('probe_plugin.tasks.unstorable');
  expect([run.status, run.error?.message]).toEqual([
    'non-recoverable',
    'runtime property.set cannot hold set: only JSON values are stored',
  ]);
  const later = await probe('probe_plugin.tasks.storable_in_the_end');
  expect(later.runtimeProperties).toEqual({ content: 'text', other: 1 });
});

test('operation.retry() asks for another run, after what follows it has run', async () => {
  const run = await probe('probe_plugin.tasks.retry');
  expect(run).toMatchObject({ status: 'retry', result: undefined, runtimeProperties: { asked: true, after: true } });
  expect(run.error).toMatchObject({ message: expect.stringContaining('not ready'), retryAfter: 9 });
});

test('what a crash leaves behind is kept', async () => {
  const run = await probe('probe_plugin.tasks.crash');
  expect(run).toMatchObject({ status: 'recoverable', runtimeProperties: { half: 'made' } });
  expect(run.error?.message).toContain('139');
});

test('threads that the plugin leaves running do not hold the operation', async () => {
  expect((await probe('probe_plugin.tasks.thread')).result).toBe('done');
});

test('modules that Python has given up are there', async () => {
  const run = await probe('probe_plugin.tasks.old_modules');
  expect(run.error).toBeUndefined();
  expect(run.result).toEqual([42, ['text/plain', { charset: 'utf-8' }], "'a b'", 'cloudify-common', true]);
});

test.for([
  ['no_such.module', 'No module named no_such'],
  ['probe_plugin.tasks.absent', "has no function named 'absent'"],
  ['probe_plugin.tasks.logging', 'is not callable'],
  ['nonsense', 'nonsense names no function of a Python module'],
])('an operation that is not there fails for good: %s', async ([implementation, message]) => {
  const run = await probe(implementation as string);
  expect(run.status).toBe('non-recoverable');
  expect(run.error?.message).toContain(message);
});
