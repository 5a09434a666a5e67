import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_OPTIONS, eventsQuery } from '../../workflows/messages.js';
import { type Deployment, openStage, type Stage, until } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    blueprintFolder: fileURLToPath(new URL('../fixtures/workflow-scripts', import.meta.url)),
  });
});
afterAll(async () => await stage.close());

const NAMES = [
  'audit',
  'rolling',
  'relations',
  'tolerant',
  'handlers',
  'patient',
  'refreshed',
  'wrong',
  'recreate',
  'absent',
];
const WORKFLOWS = Object.fromEntries(NAMES.map((name) => [name, `./${name}.py`]));
const OPERATIONS = ['create', 'start', 'stop', 'delete', 'check'];
const OPTIONS = { ...DEFAULT_OPTIONS, retry_interval: 0.05, max_retries: 0 };
const callsOf = (name: string) => stage.calls.filter((call) => call.startsWith(name));

async function deployed(prefix: string, instances = 2): Promise<Deployment> {
  const deployment = await stage.install(
    { [prefix]: { instances, operations: OPERATIONS } },
    {},
    { workflows: WORKFLOWS },
  );
  await deployment.ended();
  stage.calls.splice(0);
  return deployment;
}

async function messages(deployment: Deployment, id: string): Promise<string[]> {
  // The run may not be there yet.
  const page = await deployment
    .execution(id)
    .query(eventsQuery, { from: 0 })
    .catch(() => undefined);
  return (page?.events ?? []).map(({ message }) => message);
}

test('a script calls operations with kwargs, gets what they return, and sets states', async () => {
  stage.behave('one_1.check', (ctx) => ({ strict: ctx.workflowParameters.strict ?? null }));
  const deployment = await deployed('one');
  const id = await deployment.execute('audit', { allow_custom_parameters: true, parameters: { strict: true } });
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', error: null, finished_operations: 2 });
  expect(await deployment.states()).toEqual({ one_1: 'audited', one_2: 'audited' });
  const told = await messages(deployment, id);
  expect(told).toContain("results: [('one_1', {'strict': True}), ('one_2', None)]");
  expect(told.filter((message) => message === 'audit done')).toHaveLength(2);
  expect(told).toContain('looked at one_1');
});

test('in graph mode tasks run when the graph does, in their sequences', async () => {
  const deployment = await deployed('ring', 3);
  const id = await deployment.execute('rolling');
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', error: null });
  for (const one of ['ring_1', 'ring_2', 'ring_3'])
    expect(callsOf(one)).toEqual([`${one}.stop`, `${one}.check`, `${one}.start`]);
});

test('a script runs the operations of relationships', async () => {
  const deployment = await stage.install(
    { base: {}, top: { targets: { base: ['establish:source', 'unlink:target'] } } },
    {},
    { workflows: WORKFLOWS },
  );
  await deployment.ended();
  stage.calls.splice(0);
  const id = await deployment.execute('relations');
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', error: null });
  expect(stage.calls).toEqual(['top_1>base_1.establish', 'top_1>base_1.unlink']);
});

test('a script may take a failure', async () => {
  stage.behave('soft_1.check', () => {
    throw new Error('no');
  });
  const deployment = await deployed('soft');
  const id = await deployment.execute('tolerant', { options: OPTIONS });
  expect((await deployment.ended(id)).status).toBe('terminated');
  expect(await messages(deployment, id)).toContain('failed: 1');
});

test('handlers of tasks decide about retries', async () => {
  stage.behave('hand_1.check', () => {
    throw new Error('no');
  });
  const deployment = await deployed('hand', 1);
  const id = await deployment.execute('handlers', { options: OPTIONS });
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', error: null });
  expect(stage.calls).toEqual(['hand_1.check', 'hand_1.check', 'hand_1.start']);
});

test('a script sees properties anew after a refresh', async () => {
  stage.behave('fresh_1.check', (ctx) => {
    if (ctx.type === 'node-instance') ctx.instance.runtimeProperties.seen = true;
  });
  const deployment = await deployed('fresh', 1);
  const id = await deployment.execute('refreshed');
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', error: null });
});

test('an error of the script fails the execution; resumed, it does not repeat what it did', async () => {
  const deployment = await deployed('wrong', 1);
  const id = await deployment.execute('wrong');
  expect(await deployment.ended(id)).toMatchObject({ status: 'failed', error: 'no such thing', resumable: true });
  const resumed = await deployment.execute('wrong', { resume_of: id });
  expect((await deployment.ended(resumed)).status).toBe('failed');
  expect(stage.calls).toEqual(['wrong_1.check']);
});

test('a failed operation fails the script; resumed, it goes on there', async () => {
  let mended = false;
  stage.behave('torn_2.check', () => {
    if (!mended) throw new Error('not now');
  });
  const deployment = await deployed('torn');
  const failed = await deployment.execute('audit', {
    options: OPTIONS,
    allow_custom_parameters: true,
    parameters: { strict: false },
  });
  expect(await deployment.ended(failed)).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('torn_2'),
  });
  mended = true;
  const resumed = await deployment.execute('audit', {
    resume_of: failed,
    allow_custom_parameters: true,
    parameters: { strict: false },
  });
  expect((await deployment.ended(resumed)).status).toBe('terminated');
  expect(stage.calls).toEqual(['torn_1.check', 'torn_2.check', 'torn_2.check']);
});

test('a script notices a cancel, and is waited for', async () => {
  const deployment = await deployed('calm', 1);
  const id = await deployment.execute('patient');
  await until(() => stage.calls.includes('calm_1.check'));
  await deployment.execution(id).cancel();
  expect((await deployment.ended(id)).status).toBe('cancelled');
});

test('a script whose worker goes is run again, and what it did is not done again', async () => {
  const deployment = await deployed('moved', 1);
  const id = await deployment.execute('patient');
  await until(async () => (await messages(deployment, id)).includes("Task succeeded 'test.check'"));
  await stage.restartWorker();
  await until(async () => (await deployment.execution(id).describe()).raw.pendingActivities?.[0]?.attempt === 2);
  await deployment.execution(id).cancel();
  expect((await deployment.ended(id)).status).toBe('cancelled');
  expect(stage.calls).toEqual(['moved_1.check']);
});

test('a long script continues as new', async () => {
  const deployment = await deployed('long', 20);
  const id = await deployment.execute('audit', {
    options: { ...OPTIONS, max_events: 80 },
    allow_custom_parameters: true,
    parameters: { strict: false },
  });
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', error: null });
  expect(stage.calls).toHaveLength(20);
  const { raw } = await deployment.execution(id).describe();
  expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(raw.workflowExecutionInfo?.execution?.runId);
});

test('the walks of install and uninstall serve a script', async () => {
  const deployment = await deployed('redo', 1);
  const id = await deployment.execute('recreate');
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', error: null });
  expect(callsOf('redo_1')).toEqual(['redo_1.stop', 'redo_1.delete', 'redo_1.create', 'redo_1.start']);
});

test('a script that is not there fails the execution at once', async () => {
  const deployment = await deployed('none', 1);
  const id = await deployment.execute('absent');
  expect(await deployment.ended(id)).toMatchObject({ status: 'failed', error: expect.stringContaining('absent.py') });
});
