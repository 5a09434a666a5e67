import { expect, test } from 'vitest';
import {
  definePlugin,
  NonRecoverableError,
  OperationRetry,
  operation,
  RecoverableError,
  requireNode,
  requireRelationship,
} from '../../../plugins/sdk/index.js';
import { runOperation } from '../../../plugins/sdk/testing.js';

const plugin = definePlugin({
  name: 'disk',
  operations: {
    'tasks.create': operation<{ size: number; fail?: string }>({ timeoutSeconds: 60 }, async (ctx, { size, fail }) => {
      const { node, instance } = requireNode(ctx);
      instance.runtimeProperties.id = `disk-${size}-${node.properties.zone}`;
      await instance.update();
      instance.runtimeProperties.state = 'made';
      ctx.logger.info('made with %s', await ctx.getSecret('key'));
      ctx.sendEvent('half way');
      ctx.heartbeat({ step: 2 });
      if (fail === 'now') throw new RecoverableError('busy', { retryAfter: 2 });
      if (fail === 'for good') throw new NonRecoverableError('gone');
      if (fail === 'plain') throw new TypeError('odd');
      if (fail === 'later') throw new OperationRetry('later');
      if (fail === 'flag') return ctx.operation.retry('flag');
      return { attempt: ctx.operation.retryNumber, resumed: ctx.resume, from: ctx.checkpoint ?? null };
    }),
    attach: operation({}, (ctx) => {
      const { source, target } = requireRelationship(ctx);
      target.instance.runtimeProperties.attached = source.instance.id;
    }),
  },
  aliases: { 'cloudify_disk.create': 'tasks.create' },
});

const create = async (fail?: string) =>
  await runOperation(plugin, 'cloudify_disk.create', {
    inputs: { size: 3, ...(fail === undefined ? {} : { fail }) },
    properties: { zone: 'a' },
    secrets: { key: 'hunter22' },
  });

test('a run tells the result, the properties, and everything the operation did', async () => {
  const run = await create();
  expect(run).toMatchObject({
    status: 'succeeded',
    result: { attempt: 0, resumed: false, from: null },
    runtimeProperties: { id: 'disk-3-a', state: 'made' },
    logs: [{ level: 'info', message: 'made with ***' }],
    events: ['half way'],
    heartbeats: [{ step: 2 }],
    flushes: [{ node_1: [['set', ['id'], 'disk-3-a']] }],
    patches: { node_1: [['set', ['state'], 'made']] },
  });
});

test.each([
  ['now', 'recoverable', 'busy [retry_after=2]'],
  ['for good', 'non-recoverable', 'gone'],
  ['plain', 'recoverable', 'odd'],
  ['later', 'retry', 'later'],
  ['flag', 'retry', 'flag'],
])('failing %s: the kind of failure, and what was written before it', async (fail, status, message) => {
  const run = await create(fail);
  expect(run).toMatchObject({ status, result: undefined, error: { message }, runtimeProperties: { state: 'made' } });
});

test('a later attempt knows of the earlier ones', async () => {
  const run = await runOperation(plugin, 'tasks.create', {
    inputs: { size: 1 },
    secrets: { key: 'k' },
    retryNumber: 2,
    resume: true,
    checkpoint: { step: 1 },
  });
  expect(run.result).toEqual({ attempt: 2, resumed: true, from: { step: 1 } });
});

test('secrets in inputs and properties are resolved as on a worker', async () => {
  const run = await runOperation(plugin, 'tasks.create', {
    inputs: { size: { get_secret: 'size' } },
    properties: { zone: { concat: ['z-', { get_secret: 'zone' }] } },
    secrets: { key: 'k', size: 7, zone: 'b' },
  });
  expect(run.runtimeProperties.id).toBe('disk-7-z-b');
});

test('relationship operations', async () => {
  const run = await runOperation(plugin, 'attach', { source: { name: 'vol' }, target: { name: 'vm' } });
  expect(run.stored('vm_1')).toEqual({ attached: 'vol_1' });
});

test('a flush that fails, fails the operation', async () => {
  const run = await runOperation(plugin, 'tasks.create', {
    inputs: { size: 1 },
    onFlush: () => {
      throw new Error('server is away');
    },
  });
  expect(run).toMatchObject({ status: 'recoverable', error: { message: 'server is away' } });
});

test('an operation that is not there, and plugins that no blueprint could use', async () => {
  await expect(runOperation(plugin, 'nope')).rejects.toThrow(
    'plugin disk has no operation nope; it has tasks.create, attach',
  );
  expect(() => definePlugin({ name: 'no good', operations: {} })).toThrow('not a plugin name');
  expect(() => definePlugin({ name: 'x', operations: {}, aliases: { a: 'b' } })).toThrow('alias a stands for b');
});
