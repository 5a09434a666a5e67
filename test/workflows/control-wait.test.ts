import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decideUpdate, deliverUpdate, operationUpdate, progressQuery } from '../../workflows/messages.js';
import { type Deployment, openStage, type Stage, until } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

const by = 'ada';

async function waiting(deployment: Deployment, id = deployment.first): Promise<string> {
  let task: string | undefined;
  await until(async () => {
    // The run may not be there yet.
    const progress = await deployment
      .execution(id)
      .query(progressQuery)
      .catch(() => undefined);
    const running = progress?.running ?? [];
    task = running.find(({ waiting }) => waiting)?.task_id;
    return task !== undefined;
  });
  return task as string;
}

const approval = (inputs = {}) => ({ gate: { mapped: { start: ['wait.approval', inputs] } } }) as const;

test('a walk waits for an approval without an activity, over a restart of the worker', async () => {
  const deployment = await stage.install({
    ...approval({ message: 'Go live?' }),
    app: { operations: ['start'], targets: { gate: [] } },
  });
  const task_id = await waiting(deployment);
  const execution = deployment.execution(deployment.first);
  expect((await execution.query(progressQuery)).running).toMatchObject([
    { node_instance_id: 'gate_1', waiting: { kind: 'approval', message: 'Go live?' } },
  ]);
  expect((await execution.describe()).raw.pendingActivities ?? []).toEqual([]);
  await stage.restartWorker();
  const record = await execution.executeUpdate(decideUpdate, {
    args: [{ task_id, approved: true, by, comment: 'looks fine' }],
  });
  expect(record).toMatchObject({ decision: 'approved', by, comment: 'looks fine' });
  expect((await deployment.ended()).status).toBe('terminated');
  expect((await deployment.instances()).gate_1).toMatchObject({
    state: 'started',
    runtime_properties: { approval: { decision: 'approved', by, comment: 'looks fine' } },
  });
});

test('rejected, the operation fails for good, with who and why', async () => {
  const deployment = await stage.install(approval());
  const task_id = await waiting(deployment);
  await deployment
    .execution(deployment.first)
    .executeUpdate(decideUpdate, { args: [{ task_id, approved: false, by, comment: 'not on a Friday' }] });
  expect(await deployment.ended()).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('rejected by ada: not on a Friday'),
  });
});

test('only those named may decide, and only once', async () => {
  const deployment = await stage.install(approval({ approvers: ['grace'] }));
  const task_id = await waiting(deployment);
  const decide = async (who: string) =>
    await deployment
      .execution(deployment.first)
      .executeUpdate(decideUpdate, { args: [{ task_id, approved: true, by: who }] });
  await expect(decide('ada')).rejects.toThrow(WorkflowUpdateFailedError);
  await decide('grace');
  await deployment.ended();
  await expect(decide('grace')).rejects.toThrow();
});

test('nobody decides in time: the operation fails', async () => {
  const deployment = await stage.install(approval({ timeout: '1s' }));
  expect(await deployment.ended()).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('nobody decided'),
  });
});

test('a signal releases who waits for it, also when it came before', async () => {
  const deployment = await stage.install({
    first: { mapped: { start: ['wait.signal', { signal: 'dns-ready' }] } },
    second: { mapped: { start: ['wait.for', { signal: 'dns-ready', duration: '1h' }] }, targets: { first: [] } },
  });
  await waiting(deployment);
  const answer = await deployment
    .execution(deployment.first)
    .executeUpdate(deliverUpdate, { args: [{ name: 'dns-ready', payload: { zone: 'z1' }, by }] });
  expect(answer).toEqual({ released: 1 });
  expect((await deployment.ended()).status).toBe('terminated');
  const { first_1, second_1 } = await deployment.instances();
  expect(first_1?.runtime_properties).toMatchObject({ signals: { 'dns-ready': { payload: { zone: 'z1' }, by } } });
  expect(second_1?.runtime_properties).toMatchObject({ signals: { 'dns-ready': { payload: { zone: 'z1' } } } });
});

test('a timer and a time end by themselves; a time that has passed at once', async () => {
  const deployment = await stage.install({
    timer: { mapped: { start: ['wait.timer', { duration: 1 }] } },
    past: { mapped: { start: ['wait.until', { until: '2020-01-01T00:00:00Z' }] } },
  });
  expect((await deployment.ended()).status).toBe('terminated');
});

test('a wait that says nothing sensible fails with what it needs', async () => {
  const deployment = await stage.install({ odd: { mapped: { start: ['wait.timer', { duration: 'soon' }] } } });
  expect(await deployment.ended()).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('duration is a number of seconds'),
  });
});

test('cancel ends a wait, and resume waits anew', async () => {
  const deployment = await stage.install(approval());
  await waiting(deployment);
  await deployment.execution(deployment.first).cancel();
  expect((await deployment.ended()).status).toBe('cancelled');
  const resumed = await deployment.execute('install', { resume_of: deployment.first });
  const task_id = await waiting(deployment, resumed);
  await deployment.execution(resumed).executeUpdate(decideUpdate, { args: [{ task_id, approved: true, by }] });
  expect((await deployment.ended(resumed)).status).toBe('terminated');
});

test('a wait is skipped by an operator', async () => {
  const deployment = await stage.install(approval());
  const task_id = await waiting(deployment);
  await deployment
    .execution(deployment.first)
    .executeUpdate(operationUpdate, { args: [{ task_id, action: 'skip', by }] });
  expect((await deployment.ended()).status).toBe('terminated');
});

test('a failure beside a wait ends the execution: nobody is waited for in vain', async () => {
  stage.behave('broken_1.start', () => {
    throw new Error('broken');
  });
  const deployment = await stage.install({ ...approval(), broken: { operations: ['start'] } }, { max_retries: 0 });
  expect(await deployment.ended()).toMatchObject({ status: 'failed', error: expect.stringContaining('broken') });
});

test('a wait goes on over continue-as-new under its old name, with its old limit', async () => {
  const deployment = await stage.install(
    { ...approval({ timeout: '1h' }), busy: { instances: 20, operations: ['create', 'start'] } },
    { max_events: 60, max_in_flight: 4 },
  );
  const task_id = await waiting(deployment);
  const execution = deployment.execution(deployment.first);
  const began = (await execution.query(progressQuery)).running.find((one) => one.task_id === task_id)?.started_at;
  await until(async () => {
    const { finished_operations } = await execution.query(progressQuery);
    return finished_operations === 40;
  });
  const { runId } = await execution.describe();
  const { raw } = await execution.describe();
  expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(runId);
  const now = (await execution.query(progressQuery)).running.find((one) => one.task_id === task_id);
  expect(now).toMatchObject({ started_at: began, waiting: { kind: 'approval' } });
  await execution.executeUpdate(decideUpdate, { args: [{ task_id, approved: true, by }] });
  expect((await deployment.ended()).status).toBe('terminated');
  expect(stage.calls.filter((call) => call.startsWith('busy'))).toHaveLength(40);
});
