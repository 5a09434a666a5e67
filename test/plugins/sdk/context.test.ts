import { afterEach, expect, test } from 'vitest';
import {
  type NodeOperationContext,
  type OperationContext,
  type RelationshipOperationContext,
  requireNode,
  requireRelationship,
} from '../../../plugins/sdk/index.js';
import { type FakeContext, type FakeContextOptions, fakeContext } from '../../../plugins/sdk/testing.js';

const fakes: FakeContext[] = [];
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.cleanUp();
});

async function open(options: FakeContextOptions = {}): Promise<FakeContext> {
  const fake = await fakeContext(options);
  fakes.push(fake);
  return fake;
}

const of = async (options: FakeContextOptions = {}): Promise<OperationContext> => (await open(options)).ctx;

test('members of another kind of context are refused, and both kinds are named', async () => {
  const node = (await of()) as unknown as RelationshipOperationContext;
  expect(() => node.source).toThrow(
    'ctx.source/ctx.target can only be used in a relationship-instance context but used in a node-instance context',
  );
  const relationship = (await of({ source: {}, target: {} })) as unknown as NodeOperationContext;
  expect(() => relationship.instance).toThrow(
    'ctx.node/ctx.instance can only be used in a node-instance context but used in a relationship-instance context',
  );
  const deployment = await of({ ofDeployment: true });
  expect(deployment.type).toBe('deployment');
  expect(() => (deployment as unknown as NodeOperationContext).node).toThrow('but used in a deployment context');
  expect(() => requireNode(deployment)).toThrow('was called for a deployment');
  expect(() => requireRelationship(deployment)).toThrow('was called for a deployment');
});

test('node properties are read-only at any depth', async () => {
  const { node } = requireNode(await of({ properties: { a: { b: [1] } } }));
  expect(() => {
    (node.properties as Record<string, unknown>).x = 1;
  }).toThrow();
  expect(() => (node.properties.a as { b: number[] }).b.push(2)).toThrow();
  expect(node.properties).toEqual({ a: { b: [1] } });
});

test('changes of runtime properties at any depth become one patch at the end', async () => {
  const fake = await open({ runtimeProperties: { list: [{ n: 1 }], map: { old: 1, kept: 1 } } });
  const { runtimeProperties } = requireNode(fake.ctx).instance;
  const map = runtimeProperties.map as Record<string, unknown>;
  delete map.old;
  map.deep = { er: 1 };
  (map.deep as Record<string, unknown>).er = 2;
  (runtimeProperties.list as unknown[]).push('x');
  expect(fake.end()).toEqual({
    node_1: [
      ['delete', ['map', 'old']],
      ['set', ['map', 'deep'], { er: 1 }],
      ['set', ['map', 'deep', 'er'], 2],
      ['append', ['list'], ['x']],
    ],
  });
  expect(fake.stored()).toEqual({ list: [{ n: 1 }, 'x'], map: { kept: 1, deep: { er: 2 } } });
});

test.each([
  ['a function', () => 1],
  ['undefined', undefined],
  ['a bigint', 1n],
  ['NaN', Number.NaN],
  ['a Map', new Map()],
])('%s is refused when it is written, with its path', async (_, value) => {
  const { instance } = requireNode(await of());
  expect(() => {
    instance.runtimeProperties.a = { b: [value] } as never;
  }).toThrow(/runtime property a\.b\.0 cannot hold/);
  expect(instance.runtimeProperties).toEqual({});
});

test('every way of changing a list or an object is seen, and none gets past', async () => {
  const fake = await open({ runtimeProperties: { list: [3, 1, 2], map: { a: 1 } } });
  const { runtimeProperties } = requireNode(fake.ctx).instance;
  const list = runtimeProperties.list as number[];
  list.sort();
  list.splice(1, 1);
  list.unshift(0);
  list.length = 2;
  list[0] = 9;
  Object.assign(runtimeProperties, { b: 2 });
  Object.assign(runtimeProperties.map as object, { c: [1, { d: 1 }] });
  ((runtimeProperties.map as { c: [number, { d: number }] }).c[1] as { d: number }).d = 5;
  expect(() => Object.defineProperty(runtimeProperties, 'x', { value: 1 })).toThrow('are assigned, not defined');
  expect(() => Object.defineProperty(runtimeProperties.map, 'x', { value: 1 })).toThrow('are assigned, not defined');
  expect(JSON.parse(JSON.stringify(runtimeProperties))).toEqual({
    list: [9, 1],
    map: { a: 1, c: [1, { d: 5 }] },
    b: 2,
  });
  fake.end();
  expect(fake.stored()).toEqual({ list: [9, 1], map: { a: 1, c: [1, { d: 5 }] }, b: 2 });
});

test('a date is stored as text; a value put in is a copy', async () => {
  const { instance } = requireNode(await of());
  const mine = { at: new Date(0), list: [1] };
  instance.runtimeProperties.mine = mine as never;
  mine.list.push(2);
  expect(instance.runtimeProperties.mine).toEqual({ at: '1970-01-01T00:00:00.000Z', list: [1] });
});

test('get, set and delete take paths', async () => {
  const fake = await open({ runtimeProperties: { disks: [{ id: 'a' }], 'key.with.dots': 1 } });
  const { instance } = requireNode(fake.ctx);
  expect(instance.get('disks[0].id')).toBe('a');
  expect(instance.get('key.with.dots')).toBe(1);
  expect(instance.get('disks[3].id')).toBeUndefined();
  instance.set('disks[1]', { id: 'b' });
  instance.set('net.ports.http', 80);
  expect(instance.delete('disks[0]')).toBe(true);
  expect(instance.delete('nothing.here')).toBe(false);
  expect(() => instance.set('disks.x', 1)).toThrow('illegal path: disks.x');
  fake.end();
  expect(fake.stored()).toEqual({ disks: [{ id: 'b' }], 'key.with.dots': 1, net: { ports: { http: 80 } } });
});

test('update stores now; refresh fetches what others stored, and will not lose changes', async () => {
  const fake = await open({ storedByOthers: { node_1: { theirs: 1 } } });
  const { instance } = requireNode(fake.ctx);
  instance.runtimeProperties.mine = 1;
  await expect(instance.refresh()).rejects.toThrow('refreshing now would destroy local changes');
  await instance.update();
  await instance.update();
  expect(fake.flushes).toEqual([{ node_1: [['set', ['mine'], 1]] }]);
  await instance.refresh();
  expect(instance.runtimeProperties).toEqual({ mine: 1, theirs: 1 });
  expect(instance.version).toBe(3);
  instance.runtimeProperties.lost = 1;
  await instance.refresh({ force: true });
  expect(instance.runtimeProperties.lost).toBeUndefined();
  expect(fake.end()).toEqual({});
});

test('relationship operations write both sides; targets of relationships are read-only', async () => {
  const both = await open({ source: {}, target: {} });
  const { source, target } = requireRelationship(both.ctx);
  source.instance.runtimeProperties.a = 1;
  target.instance.runtimeProperties.b = 2;
  expect(Object.keys(both.end())).toEqual(['source_1', 'target_1']);
  const { instance } = requireNode(await of({ relationships: [{ target: { runtimeProperties: { x: 1 } } }] }));
  const other = instance.relationships[0]?.target.instance;
  expect(other?.runtimeProperties.x).toBe(1);
  expect(() => {
    if (other) other.runtimeProperties.x = 2;
  }).toThrow('Cannot modify runtime properties of relationship node instances');
});

test('the host’s ip is its runtime property, else its node property, else a failure for good', async () => {
  const ip = async (host: object) =>
    requireNode(await of({ hostId: 'vm_1', relationships: [{ target: { name: 'vm', ...host } }] })).instance.hostIp;
  expect(await ip({ runtimeProperties: { ip: '10.0.0.1' }, properties: { ip: '10.0.0.2' } })).toBe('10.0.0.1');
  expect(await ip({ properties: { ip: '10.0.0.2' } })).toBe('10.0.0.2');
  await expect(ip({})).rejects.toThrow('could not find ip for host node instance: vm_1');
  const hostless = requireNode(await of());
  expect(() => hostless.instance.hostIp).toThrow('nothing hosts it');
});

test('capabilities are looked up over all related instances', async () => {
  const { capabilities } = requireNode(
    await of({
      relationships: [
        { target: { name: 'a', runtimeProperties: { ip: '1', shared: 1 } } },
        { target: { name: 'b', runtimeProperties: { shared: 2 } } },
      ],
    }),
  );
  expect(capabilities.get('ip')).toBe('1');
  expect(capabilities.has('port')).toBe(false);
  expect(() => capabilities.get('port')).toThrow('none has it');
  expect(() => capabilities.get('shared')).toThrow('a_1, b_1 have it');
  expect(capabilities.getAll()).toEqual({ a_1: { ip: '1', shared: 1 }, b_1: { shared: 2 } });
});

test('ctx.agent is for hosts', async () => {
  const host = requireNode(await of({ type: 'cloudify.nodes.Compute' }));
  expect(host.agent.initScript()).toBeUndefined();
  const other = requireNode(await of());
  expect(() => other.agent).toThrow('can only be used for nodes of type cloudify.nodes.Compute');
});

test('resources: of the blueprint’s folder only, also by a name with a namespace; templates see ctx', async () => {
  const ctx = await of({
    properties: { port: 80 },
    resources: {
      'a.txt': 'port {{ ctx.node.properties.port }} {{ who }} {{ nobody }}.\n',
      'plain.txt': 'as {it} is',
      'dir/x': 'x',
    },
  });
  expect((await ctx.getResource('ns--a.txt')).toString()).toMatch('port {{');
  expect(await ctx.getResourceAndRender('a.txt', { who: 'you' })).toBe('port 80 you .\n');
  expect(await ctx.getResourceAndRender('plain.txt')).toBe('as {it} is');
  await expect(ctx.getResourceAndRender('a.txt', { ctx: 1 })).rejects.toThrow('cannot be called ctx');
  await expect(ctx.getResource('none')).rejects.toMatchObject({ name: 'ResourceNotFound' });
  for (const path of ['../x', '/etc/passwd', 'dir/../../x'])
    await expect(ctx.getResource(path)).rejects.toThrow('outside the blueprint');
});

test('what ends an operation: abort, retry, and the flag that only asks', async () => {
  const fake = await open();
  expect(() => fake.ctx.abortOperation('no')).toThrow('no');
  expect(() => fake.ctx.retryOperation('later', 3)).toThrow('later [retry_after=3]');
  expect(fake.ctx.operation.retry('flag', 4)).toBeUndefined();
  expect(fake.retryRequested()).toMatchObject({ name: 'OperationRetry', retryAfter: 4 });
});
