import { afterAll, beforeAll, expect, test } from 'vitest';
import { NonRecoverableError, RecoverableError, requireNode } from '../../plugins/sdk/index.js';
import { openStage, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

const callsOf = (name: string) => stage.calls.filter((call) => call.startsWith(name));

test('a recoverable error is retried, and what the failed attempt wrote is there for the next', async () => {
  const seen: unknown[] = [];
  stage.behave('flaky_1.create', (ctx, { attempt }) => {
    const { runtimeProperties } = requireNode(ctx).instance;
    seen.push([ctx.operation.retryNumber, runtimeProperties.tried ?? null]);
    runtimeProperties.tried = attempt;
    if (attempt < 3) throw new RecoverableError('not yet');
  });
  const deployment = await stage.install({ flaky: { operations: ['create'] } });
  expect((await deployment.ended()).status).toBe('terminated');
  expect(seen).toEqual([
    [0, null],
    [1, 1],
    [2, 2],
  ]);
  expect((await deployment.instances()).flaky_1?.runtime_properties).toEqual({ tried: 3 });
});

test('retries end at the operation’s budget, and the last error is the execution’s', async () => {
  stage.behave('never_1.create', () => {
    throw new RecoverableError('no luck');
  });
  const deployment = await stage.install({ never: { operations: ['create'] } }, { max_retries: 2 });
  const record = await deployment.ended();
  expect(record).toMatchObject({ status: 'failed', resumable: true });
  expect(record.error).toContain('no luck');
  expect(callsOf('never_1')).toHaveLength(3);
});

test('an error that no retry can mend fails at once, and what it wrote is kept', async () => {
  stage.behave('hopeless_1.create', (ctx) => {
    requireNode(ctx).instance.runtimeProperties.id = 'half-made';
    throw new NonRecoverableError('no such image');
  });
  const deployment = await stage.install({ hopeless: { operations: ['create'] } });
  expect(await deployment.ended()).toMatchObject({ status: 'failed', error: expect.stringContaining('no such image') });
  expect(callsOf('hopeless_1')).toHaveLength(1);
  const { hopeless_1 } = await deployment.instances();
  expect(hopeless_1).toMatchObject({
    state: 'creating',
    attempted: ['create'],
    runtime_properties: { id: 'half-made' },
  });
});

test('a secret that is not there fails the operation at once, and is named', async () => {
  const create = ['test.create', { token: { get_secret: 'no_such_secret' } }] as const;
  const deployment = await stage.install({ secretive: { mapped: { create } } });
  expect(await deployment.ended()).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('there is no secret no_such_secret'),
  });
  expect(callsOf('secretive_1')).toHaveLength(0);
});

test('drain: what runs ends, nothing new starts', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  stage.behave('slow_1.create', async () => await released);
  stage.behave('bad_1.create', () => {
    setTimeout(release, 300);
    throw new NonRecoverableError('broken');
  });
  const deployment = await stage.install({
    slow: { operations: ['create', 'start'] },
    bad: { operations: ['create'] },
  });
  await deployment.ended();
  expect(callsOf('slow_1')).toEqual(['slow_1.create']);
  expect(await deployment.states()).toEqual({ slow_1: 'created', bad_1: 'creating' });
});

test('continue: other branches go on, those that depend on the failed one do not', async () => {
  stage.behave('broken_1.create', () => {
    throw new NonRecoverableError('broken');
  });
  const deployment = await stage.install(
    {
      broken: { operations: ['create'] },
      beside: { operations: ['create', 'start'] },
      above: { operations: ['create'], targets: { broken: [] } },
    },
    { on_failure: 'continue' },
  );
  expect((await deployment.ended()).status).toBe('failed');
  expect(await deployment.states()).toMatchObject({ beside_1: 'started', broken_1: 'creating' });
  expect(callsOf('above_1')).toEqual([]);
});

test('rollback: what was begun is taken down again, the failed create included', async () => {
  stage.behave('top_1.create', () => {
    throw new NonRecoverableError('broken');
  });
  const deployment = await stage.install(
    {
      base: { operations: ['create', 'start', 'stop', 'delete'] },
      top: { operations: ['create', 'stop', 'delete'], targets: { base: ['establish:source', 'unlink:source'] } },
    },
    { on_failure: 'rollback' },
  );
  const record = await deployment.ended();
  expect(record).toMatchObject({ status: 'failed', error: expect.stringContaining('broken') });
  expect(await deployment.states()).toEqual({ base_1: 'deleted', top_1: 'deleted' });
  expect(callsOf('top_1')).toContain('top_1.delete');
  expect(callsOf('base_1')).toEqual(['base_1.create', 'base_1.start', 'base_1.stop', 'base_1.delete']);
});

test('subgraph retries: the lifecycle of the failed instance is run again from its beginning', async () => {
  stage.behave('moody_1.start', (_, { attempt }) => {
    if (attempt === 1) throw new NonRecoverableError('not today');
  });
  const deployment = await stage.install(
    { moody: { operations: ['create', 'start', 'stop', 'delete'] } },
    { subgraph_retries: 1 },
  );
  expect((await deployment.ended()).status).toBe('terminated');
  expect(callsOf('moody_1')).toEqual([
    'moody_1.create',
    'moody_1.start',
    'moody_1.stop',
    'moody_1.delete',
    'moody_1.create',
    'moody_1.start',
  ]);
});

test('a failed install is resumed where it stood: operations that had completed are not run again', async () => {
  let mended = false;
  stage.behave('late_1.start', () => {
    if (!mended) throw new NonRecoverableError('not mended');
  });
  const deployment = await stage.install({
    early: { operations: ['create', 'start'] },
    late: { operations: ['create', 'start'], targets: { early: ['establish:source'] } },
  });
  const failed = await deployment.ended();
  expect(failed.status).toBe('failed');
  mended = true;
  const resumed = await deployment.execute('install', { resume_of: failed.id });
  expect(await deployment.ended(resumed)).toMatchObject({ status: 'terminated', resume_of: failed.id });
  expect(await deployment.states()).toEqual({ early_1: 'started', late_1: 'started' });
  expect(callsOf('early_1')).toEqual(['early_1.create', 'early_1.start']);
  expect(callsOf('late_1')).toEqual(['late_1.create', 'late_1.start', 'late_1.start', 'late_1>early_1.establish']);
});

test('an uninstall with ignore_failure goes on and tells what it could not do', async () => {
  stage.behave('stuck_1.delete', () => {
    throw new NonRecoverableError('still in use');
  });
  const deployment = await stage.install({ stuck: { operations: ['create', 'delete'] } });
  await deployment.ended();
  const id = await deployment.execute('uninstall', { parameters: { ignore_failure: true } });
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', ignored_failures: 1 });
  expect((await deployment.instances()).stuck_1).toMatchObject({ state: 'deleting', attempted: ['create', 'delete'] });
});
