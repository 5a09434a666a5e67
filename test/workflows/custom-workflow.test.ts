import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  continueUpdate,
  decideUpdate,
  deliverUpdate,
  eventsQuery,
  pauseUpdate,
  progressQuery,
} from '../../workflows/messages.js';
import { fileKey } from '../../workflows/registry.js';
import { type Deployment, openStage, type Stage, until } from './stage.js';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/custom-workflows/${name}`, import.meta.url));
const ARCHIVE = 'a'.repeat(64);

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    modules: [
      { kind: 'plugin', key: 'shop', file: fixture('shop.ts') },
      { kind: 'file', key: fileKey(ARCHIVE, 'nightly.workflow.js'), file: fixture('nightly.workflow.js') },
      { kind: 'file', key: fileKey(ARCHIVE, 'broken.workflow.js'), file: fixture('broken.workflow.js') },
    ],
  });
}, 90_000);
afterAll(async () => await stage.close());

const WORKFLOWS = {
  audit: 'shop.audit',
  rolling: 'shop.rolling',
  tolerant: 'shop.tolerant',
  careful: 'shop.careful',
  recreate: 'shop.recreate',
  hasty: 'shop.hasty',
  breathe: 'shop.breathe',
  clumsy: 'shop.clumsy',
  absent: 'shop.absent',
  nightly: './nightly.workflow.js',
  broken: './broken.workflow.js',
  'set up': 'default_workflows.cloudify.plugins.workflows.install',
};
const OPERATIONS = ['create', 'start', 'stop', 'delete', 'check'];
const callsOf = (name: string) => stage.calls.filter((call) => call.startsWith(name));
const by = 'ada';

async function deployed(prefix: string, instances = 2, options = {}): Promise<Deployment> {
  const deployment = await stage.install({ [prefix]: { instances, operations: OPERATIONS } }, options, {
    workflows: WORKFLOWS,
    archive: ARCHIVE,
  });
  await deployment.ended();
  stage.calls.splice(0);
  return deployment;
}

const resultOf = async (deployment: Deployment, id: string) =>
  ((await deployment.execution(id).result()) as { result?: unknown }).result;

test('a plugin’s workflow runs under the blueprint’s name, calls operations and returns what they returned', async () => {
  stage.behave('plain_1.check', (ctx) => ({ strict: ctx.workflowParameters.only ?? null, at: 1 }));
  const deployment = await deployed('plain');
  const id = await deployment.execute('audit', { allow_custom_parameters: true, parameters: { only: 'plain' } });
  expect(await deployment.ended(id)).toMatchObject({
    status: 'terminated',
    finished_operations: 2,
    total_operations: 2,
  });
  expect(await resultOf(deployment, id)).toEqual({ plain_1: { strict: 'plain', at: 1 }, plain_2: null });
  expect((await deployment.execution(id).describe()).type).toBe('audit');
  const { events } = await deployment.execution(id).query(eventsQuery, { from: 0 });
  expect(events.map(({ message }) => message)).toEqual([
    "Starting 'audit' workflow execution",
    "Task started 'check'",
    "Task succeeded 'check' - {'strict': 'plain', 'at': 1}",
    "Task started 'check'",
    "Task succeeded 'check'",
    'checked 2 instances',
    "'audit' workflow execution succeeded",
  ]);
});

test('a graph keeps its sequences, runs its subgraphs side by side, and sets states', async () => {
  const deployment = await deployed('ring');
  const id = await deployment.execute('rolling');
  expect((await deployment.ended(id)).status).toBe('terminated');
  for (const one of ['ring_1', 'ring_2']) expect(callsOf(one)).toEqual([`${one}.stop`, `${one}.check`, `${one}.start`]);
  expect(await deployment.states()).toEqual({ ring_1: 'started', ring_2: 'started' });
});

test('a failed graph is resumed where it stood', async () => {
  let mended = false;
  stage.behave('torn_2.check', () => {
    if (!mended) throw new Error('not now');
  });
  const deployment = await deployed('torn');
  const failed = await deployment.execute('rolling', {
    options: { ...(await optionsOf()), max_retries: 0, on_failure: 'continue' },
  });
  expect(await deployment.ended(failed)).toMatchObject({ status: 'failed', resumable: true });
  mended = true;
  const resumed = await deployment.execute('rolling', { resume_of: failed });
  expect((await deployment.ended(resumed)).status).toBe('terminated');
  expect(callsOf('torn_1')).toEqual(['torn_1.stop', 'torn_1.check', 'torn_1.start']);
  expect(callsOf('torn_2')).toEqual(['torn_2.stop', 'torn_2.check', 'torn_2.check', 'torn_2.start']);
});

test('a failed function is resumed: calls that had succeeded answer what they answered', async () => {
  let mended = false;
  stage.behave('line_1.check', () => 'first');
  stage.behave('line_2.check', () => {
    if (!mended) throw new Error('not now');
    return 'second';
  });
  const deployment = await deployed('line');
  const failed = await deployment.execute('audit', { options: { ...(await optionsOf()), max_retries: 0 } });
  expect(await deployment.ended(failed)).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('Task failed: test.check (line_2:'),
  });
  mended = true;
  const resumed = await deployment.execute('audit', { resume_of: failed });
  expect((await deployment.ended(resumed)).status).toBe('terminated');
  expect(await resultOf(deployment, resumed)).toEqual({ line_1: 'first', line_2: 'second' });
  expect(stage.calls).toEqual(['line_1.check', 'line_2.check', 'line_2.check']);
});

test('a function may take an operation’s failure', async () => {
  stage.behave('soft_2.check', () => {
    throw new Error('no');
  });
  const deployment = await deployed('soft', 3);
  const id = await deployment.execute('tolerant', { options: { ...(await optionsOf()), max_retries: 0 } });
  expect((await deployment.ended(id)).status).toBe('terminated');
  expect(await resultOf(deployment, id)).toEqual(['soft_2']);
});

test('a function waits for a person, a signal and a time, over a restart of the worker', async () => {
  const deployment = await deployed('calm', 1);
  const id = await deployment.execute('careful');
  const execution = deployment.execution(id);
  const waits = async (kind: string) => {
    let task: string | undefined;
    await until(async () => {
      const progress = await execution.query(progressQuery).catch(() => undefined);
      task = progress?.running.find(({ waiting }) => waiting?.kind === kind)?.task_id;
      return task !== undefined;
    });
    return task as string;
  };
  const task_id = await waits('approval');
  await stage.restartWorker();
  await execution.executeUpdate(decideUpdate, { args: [{ task_id, approved: true, by }] });
  await waits('signal');
  await execution.executeUpdate(deliverUpdate, { args: [{ name: 'quiet', payload: 7, by }] });
  expect((await deployment.ended(id)).status).toBe('terminated');
  expect(await resultOf(deployment, id)).toEqual({ by, payload: 7 });
});

test('the built-in walks serve a function', async () => {
  const deployment = await deployed('redo', 1);
  const id = await deployment.execute('recreate', { allow_custom_parameters: true, parameters: { node: 'redo' } });
  expect((await deployment.ended(id)).status).toBe('terminated');
  expect(callsOf('redo_1')).toEqual(['redo_1.stop', 'redo_1.delete', 'redo_1.create', 'redo_1.start']);
  expect(await deployment.states()).toEqual({ redo_1: 'started' });
});

test('a function scales, several times and in both directions', async () => {
  const deployment = await deployed('lung', 1);
  const id = await deployment.execute('breathe', { allow_custom_parameters: true, parameters: { node: 'lung' } });
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', error: null });
  expect(await resultOf(deployment, id)).toBe(3);
  const states = await deployment.states();
  expect(Object.values(states)).toEqual(['started', 'started', 'started']);
  expect(Object.keys(states)).not.toContain('lung_1');
});

test('what a function leaves running is waited for', async () => {
  const deployment = await deployed('loose', 3);
  const id = await deployment.execute('hasty');
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', finished_operations: 3 });
});

test('an error of the author fails the execution, which can be resumed', async () => {
  const deployment = await deployed('wrong', 1);
  const id = await deployment.execute('clumsy');
  expect(await deployment.ended(id)).toMatchObject({ status: 'failed', error: 'off by one', resumable: true });
});

test('pause holds the next operation, cancel ends the function', async () => {
  const deployment = await deployed('held', 2);
  stage.behave('held_1.check', async ({ signal }) => {
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  });
  const id = await deployment.execute('audit');
  await until(() => stage.calls.includes('held_1.check'));
  const execution = deployment.execution(id);
  await execution.executeUpdate(pauseUpdate, { args: [{ by }] });
  await execution.executeUpdate(continueUpdate, { args: [{ by }] });
  await execution.cancel();
  expect(await deployment.ended(id)).toMatchObject({ status: 'cancelled', resumable: true });
  expect(stage.calls).toEqual(['held_1.check']);
});

test('a long function continues as new: nothing is done twice', async () => {
  for (let at = 1; at <= 30; at += 1) stage.behave(`long_${at}.check`, () => at);
  const deployment = await deployed('long', 30);
  const id = await deployment.execute('audit', { options: { ...(await optionsOf()), max_events: 60 } });
  expect((await deployment.ended(id)).status).toBe('terminated');
  expect(stage.calls).toHaveLength(30);
  expect(Object.values((await resultOf(deployment, id)) as object)).toEqual(
    Array.from({ length: 30 }, (_, at) => at + 1),
  );
  expect((await deployment.execution(id).describe()).historyLength).toBeLessThan(120);
});

test('a blueprint’s own workflow file runs', async () => {
  const deployment = await deployed('night', 1);
  const id = await deployment.execute('nightly');
  expect((await deployment.ended(id)).status).toBe('terminated');
  expect(await resultOf(deployment, id)).toBe('nightly');
});

test('a file that cannot be bundled fails its own executions only, and says why', async () => {
  const deployment = await deployed('bad', 1);
  const id = await deployment.execute('broken');
  expect(await deployment.ended(id)).toMatchObject({ status: 'failed', error: expect.stringContaining('not-there') });
});

test('a workflow that no worker has taken in says what to do', async () => {
  const deployment = await deployed('none', 1);
  const id = await deployment.execute('absent');
  expect(await deployment.ended(id)).toMatchObject({
    status: 'failed',
    resumable: true,
    error: expect.stringContaining('shop.absent'),
  });
});

test('a built-in workflow under another name is the same workflow', async () => {
  const deployment = await deployed('renamed', 1);
  await deployment.ended(await deployment.execute('uninstall'));
  stage.calls.splice(0);
  const id = await deployment.execute('set up');
  expect((await deployment.ended(id)).status).toBe('terminated');
  expect(callsOf('renamed_1')).toEqual(['renamed_1.create', 'renamed_1.start']);
});

async function optionsOf() {
  const { DEFAULT_OPTIONS } = await import('../../workflows/messages.js');
  return { ...DEFAULT_OPTIONS, retry_interval: 0.05 };
}
