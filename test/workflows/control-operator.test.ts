import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RecoverableError, requireNode } from '../../plugins/sdk/index.js';
import {
  cancelQueuedUpdate,
  continueUpdate,
  drainUpdate,
  operationUpdate,
  pauseUpdate,
  progressQuery,
  protectUpdate,
  type RunningOperation,
  retireUpdate,
} from '../../workflows/messages.js';
import { type Deployment, openStage, type Stage, until } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

const callsOf = (name: string) => stage.calls.filter((call) => call.startsWith(name));
const begun = async (call: string) => await until(() => stage.calls.includes(call));
const by = 'ada';

/** An operation that ends when the test says so, or when it is told to stop (unless it is deaf). */
function held(name: string, { deaf = false } = {}): () => void {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  stage.behave(name, async ({ signal }) => {
    const stopped = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await Promise.race(deaf ? [released] : [released, stopped]);
  });
  return release;
}

async function running(deployment: Deployment, id = deployment.first): Promise<RunningOperation> {
  let found: RunningOperation | undefined;
  await until(async () => {
    found = (await deployment.execution(id).query(progressQuery)).running[0];
    return found !== undefined;
  });
  return found as RunningOperation;
}

test('paused, an execution starts nothing new while what runs goes on; continued, it goes on', async () => {
  const release = held('calm_1.create');
  const deployment = await stage.install({
    calm: { operations: ['create', 'start'] },
    bare: { targets: { calm: [] } },
  });
  await begun('calm_1.create');
  const execution = deployment.execution(deployment.first);
  await execution.executeUpdate(pauseUpdate, { args: [{ by, comment: 'lunch' }] });
  expect(await execution.query(progressQuery)).toMatchObject({ status: 'paused', paused: { by, comment: 'lunch' } });
  release();
  await until(async () => (await execution.query(progressQuery)).running.length === 0);
  await expect(execution.executeUpdate(pauseUpdate, { args: [{ by }] })).rejects.toThrow(WorkflowUpdateFailedError);
  await stage.restartWorker();
  expect(await execution.query(progressQuery)).toMatchObject({
    status: 'paused',
    states: { created: 1, uninitialized: 1 },
  });
  expect(callsOf('calm_1')).toEqual(['calm_1.create']);
  await execution.executeUpdate(continueUpdate, { args: [{ by }] });
  expect((await deployment.ended()).status).toBe('terminated');
  expect(callsOf('calm_1')).toEqual(['calm_1.create', 'calm_1.start']);
});

test('paused, instances without operations of their own keep their states too', async () => {
  const release = held('gatekeeper_1.poststart');
  const deployment = await stage.install({
    gatekeeper: { operations: ['poststart'] },
    plain: { targets: { gatekeeper: [] } },
  });
  await begun('gatekeeper_1.poststart');
  const execution = deployment.execution(deployment.first);
  await execution.executeUpdate(pauseUpdate, { args: [{ by }] });
  const states = await deployment.execution(deployment.first).query(progressQuery);
  release();
  await until(async () => (await execution.query(progressQuery)).running.length === 0);
  expect((await execution.query(progressQuery)).states).toEqual(states.states);
  await execution.executeUpdate(continueUpdate, { args: [{ by }] });
  expect((await deployment.ended()).status).toBe('terminated');
  expect(await deployment.states()).toEqual({ gatekeeper_1: 'started', plain_1: 'started' });
});

test('a paused execution can be cancelled', async () => {
  const release = held('halt_1.create');
  const deployment = await stage.install({ halt: { operations: ['create', 'start'] } });
  await begun('halt_1.create');
  const execution = deployment.execution(deployment.first);
  await execution.executeUpdate(pauseUpdate, { args: [{ by }] });
  release();
  await execution.cancel();
  expect((await deployment.ended()).status).toBe('cancelled');
});

test('drained, an execution lets what runs end, starts nothing new, and is cancelled', async () => {
  const release = held('drained_1.create');
  const deployment = await stage.install({ drained: { operations: ['create', 'start'] } });
  await begun('drained_1.create');
  const execution = deployment.execution(deployment.first);
  await execution.executeUpdate(drainUpdate, { args: [{ by }] });
  release();
  expect(await deployment.ended()).toMatchObject({ status: 'cancelled', resumable: true });
  expect(await deployment.states()).toEqual({ drained_1: 'created' });
  expect(callsOf('drained_1')).toEqual(['drained_1.create']);
  await until(async () => (await execution.describe()).status.name === 'CANCELLED');
});

test('an operation that waits for its next attempt is retried now, with its task as before', async () => {
  const tasks: string[] = [];
  let mended = false;
  stage.behave('stuck_1.create', (ctx) => {
    tasks.push(ctx.taskId);
    if (!mended) throw new RecoverableError('quota', { retryAfter: 3_600 });
  });
  const deployment = await stage.install({ stuck: { operations: ['create'] } });
  await begun('stuck_1.create');
  const { task_id } = await running(deployment);
  mended = true;
  await stage.restartWorker();
  const execution = deployment.execution(deployment.first);
  await execution.executeUpdate(operationUpdate, { args: [{ task_id, action: 'retry', by }] });
  expect((await deployment.ended()).status).toBe('terminated');
  expect(tasks).toEqual([task_id, task_id]);
});

test('an operation is failed by hand: the execution fails with the operator’s word', async () => {
  stage.behave('given_1.create', (ctx) => {
    requireNode(ctx).instance.runtimeProperties.half = true;
    throw new RecoverableError('not yet', { retryAfter: 3_600 });
  });
  const deployment = await stage.install({ given: { operations: ['create'] } });
  await begun('given_1.create');
  const { task_id } = await running(deployment);
  await deployment
    .execution(deployment.first)
    .executeUpdate(operationUpdate, { args: [{ task_id, action: 'fail', by, comment: 'no quota today' }] });
  expect(await deployment.ended()).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('failed by hand by ada: no quota today'),
  });
  expect((await deployment.instances()).given_1?.runtime_properties).toEqual({ half: true });
});

test('an operation is skipped by hand while an attempt runs: told to stop, and taken as succeeded', async () => {
  let stopped = false;
  stage.behave('passed_1.create', async (ctx) => {
    await new Promise((_, reject) => {
      ctx.signal.addEventListener('abort', () => {
        stopped = true;
        reject(ctx.signal.reason);
      });
    });
  });
  const deployment = await stage.install({ passed: { operations: ['create', 'start'] } });
  await begun('passed_1.create');
  const { task_id } = await running(deployment);
  await deployment
    .execution(deployment.first)
    .executeUpdate(operationUpdate, { args: [{ task_id, action: 'skip', by }] });
  expect((await deployment.ended()).status).toBe('terminated');
  expect(stopped).toBe(true);
  expect(await deployment.states()).toEqual({ passed_1: 'started' });
});

test('an operation that does not listen is skipped by force', async () => {
  const release = held('deaf_1.create', { deaf: true });
  const deployment = await stage.install({ deaf: { operations: ['create', 'start'] } });
  await begun('deaf_1.create');
  const { task_id } = await running(deployment);
  await deployment
    .execution(deployment.first)
    .executeUpdate(operationUpdate, { args: [{ task_id, action: 'skip', by, force: true }] });
  expect((await deployment.ended()).status).toBe('terminated');
  release();
});

test('an order about an operation that does not run is refused', async () => {
  const release = held('other_1.create');
  const deployment = await stage.install({ other: { operations: ['create'] } });
  await begun('other_1.create');
  const order = { task_id: 'nothing/1', action: 'fail', by } as const;
  await expect(
    deployment.execution(deployment.first).executeUpdate(operationUpdate, { args: [order] }),
  ).rejects.toThrow(WorkflowUpdateFailedError);
  release();
  expect((await deployment.ended()).status).toBe('terminated');
});

test('queued executions run in their order, but for the one that is taken out of the queue', async () => {
  const release = held('line_1.create');
  const deployment = await stage.install({ line: { operations: ['create', 'stop', 'start', 'delete'] } });
  await begun('line_1.create');
  const stop = await deployment.execute('stop', { queue: true });
  const start = await deployment.execute('start', { queue: true });
  const uninstall = await deployment.execute('uninstall', { queue: true });
  await deployment.handle.executeUpdate(cancelQueuedUpdate, { args: [{ execution_id: start }] });
  await expect(
    deployment.handle.executeUpdate(cancelQueuedUpdate, { args: [{ execution_id: start }] }),
  ).rejects.toThrow(WorkflowUpdateFailedError);
  release();
  await deployment.ended(uninstall);
  expect(callsOf('line_1')).toEqual(['line_1.create', 'line_1.start', 'line_1.stop', 'line_1.delete']);
  const { executions } = await deployment.view();
  expect(executions.map(({ id, status }) => [id, status])).toEqual([
    [deployment.first, 'terminated'],
    [stop, 'terminated'],
    [start, 'cancelled'],
    [uninstall, 'terminated'],
  ]);
});

test('a protected deployment is neither uninstalled nor deleted', async () => {
  const deployment = await stage.install({ kept: { operations: ['create'] } });
  await deployment.ended();
  await deployment.handle.executeUpdate(protectUpdate, { args: [{ on: true }] });
  expect((await deployment.view()).is_protected).toBe(true);
  await expect(deployment.execute('uninstall')).rejects.toThrow(WorkflowUpdateFailedError);
  await expect(deployment.handle.executeUpdate(retireUpdate, { args: [{ force: true }] })).rejects.toThrow(
    WorkflowUpdateFailedError,
  );
  await deployment.handle.executeUpdate(protectUpdate, { args: [{ on: false }] });
  expect((await deployment.ended(await deployment.execute('uninstall'))).status).toBe('terminated');
});

test('an execution that takes longer than its timeout is cancelled, and fails', async () => {
  stage.behave('slow_1.create', async (ctx) => {
    await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));
  });
  const deployment = await stage.install({ slow: { operations: ['create'] } }, { timeout: 1 });
  expect(await deployment.ended()).toMatchObject({
    status: 'failed',
    resumable: true,
    error: expect.stringContaining('timeout of 1 s'),
  });
});

test('a failed execution stays resumable after another workflow has completed, with mended files', async () => {
  let mended = false;
  stage.behave('mend_1.start', () => {
    if (!mended) throw new Error('broken script');
  });
  const deployment = await stage.install({ mend: { operations: ['create', 'start', 'check'] } }, { max_retries: 0 });
  await deployment.ended();
  const look = await deployment.execute('execute_operation', {
    parameters: { operation: 'cloudify.interfaces.lifecycle.check' },
  });
  expect((await deployment.ended(look)).status).toBe('terminated');
  mended = true;
  const blueprint = { id: 'mended', main_file: 'blueprint.yaml', archive: 'f'.repeat(64) };
  const resumed = await deployment.execute('install', { resume_of: deployment.first, blueprint });
  expect((await deployment.ended(resumed)).status).toBe('terminated');
  expect(callsOf('mend_1')).toEqual(['mend_1.create', 'mend_1.start', 'mend_1.check', 'mend_1.start']);
  expect((await deployment.view()).blueprint).toEqual(blueprint);
});

test('resumed with reset_operations, an instance that was left half-way begins anew', async () => {
  let mended = false;
  stage.behave('half_1.start', () => {
    if (!mended) throw new Error('broken');
  });
  const deployment = await stage.install(
    { whole: { operations: ['create'] }, half: { operations: ['create', 'start'], targets: { whole: [] } } },
    { max_retries: 0 },
  );
  await deployment.ended();
  mended = true;
  const resumed = await deployment.execute('install', { resume_of: deployment.first, reset_operations: true });
  expect((await deployment.ended(resumed)).status).toBe('terminated');
  expect(callsOf('half_1')).toEqual(['half_1.create', 'half_1.start', 'half_1.create', 'half_1.start']);
  expect(callsOf('whole_1')).toEqual(['whole_1.create']);
});
