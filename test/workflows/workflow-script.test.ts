import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { initialInstances } from '../../graph/instances.js';
import { NonRecoverableError } from '../../plugins/sdk/index.js';
import { DEFAULT_OPTIONS, eventsQuery } from '../../workflows/messages.js';
import { deploymentOf } from '../blueprint/compile-text.js';
import { sketch } from '../graph/fixtures.js';
import { type Deployment, openStage, request, type Stage, until } from './stage.js';

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
  'grow',
  'tasks',
  'starter',
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
  await until(async () => (await messages(deployment, id)).includes("Task succeeded 'check'"));
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

test('a script scales by hand: out, in, and back after a failure', async () => {
  const plan = await deploymentOf({
    'grow.py': '',
    'main.yaml': `
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml]
plugins:
  test: { executor: central_deployment_agent, install: false }
workflows:
  grow: grow.py
node_templates:
  base:
    type: cloudify.nodes.Root
  grown:
    type: cloudify.nodes.Root
    interfaces:
      cloudify.interfaces.lifecycle: { create: test.create, start: test.start, stop: test.stop, delete: test.delete }
    relationships:
      - { type: cloudify.relationships.connected_to, target: base }
`,
  });
  const deployment = await stage.deploy({ plan, instances: initialInstances(plan) }, request('install'));
  await deployment.ended();
  const grow = async (delta: number) => {
    stage.calls.splice(0);
    const id = await deployment.execute('grow', {
      allow_custom_parameters: true,
      parameters: { node: 'grown', delta },
      options: OPTIONS,
    });
    return { record: await deployment.ended(id), told: await messages(deployment, id) };
  };
  const out = await grow(2);
  expect(out.record).toMatchObject({ status: 'terminated', error: null });
  expect(out.told).toContain('2 changed, 1 related');
  expect(Object.values(await deployment.states())).toEqual(['started', 'started', 'started', 'started']);
  expect((await grow(-1)).record).toMatchObject({ status: 'terminated', error: null });
  const before = await deployment.states();
  expect(Object.keys(before)).toHaveLength(3);
  stage.behaveAll((_, { name }) => {
    if (name === 'start') throw new NonRecoverableError('no room');
  });
  const failed = await grow(1);
  stage.behaveAll(undefined);
  expect(failed.record).toMatchObject({ status: 'failed', error: expect.stringContaining('no room') });
  expect(stage.calls.filter((call) => call.endsWith('.delete'))).toHaveLength(1);
  expect(await deployment.states()).toEqual(before);
  expect((await grow(1)).record).toMatchObject({ status: 'terminated', error: null });
});

test('tasks of the script’s own are retried, and run once: also when the execution is resumed', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-script-tasks-'));
  const deployment = await deployed('tasked', 1);
  const parameters = { log: path.join(folder, 'log'), gate: path.join(folder, 'gate') };
  const asked = { allow_custom_parameters: true, parameters };
  const id = await deployment.execute('tasks', asked);
  expect(await deployment.ended(id)).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('the gate is shut'),
  });
  const noted = async () => (await readFile(parameters.log, 'utf8')).trim().split('\n').sort();
  expect(await noted()).toEqual(['never', 'often', 'often', 'often', 'once']);
  await writeFile(parameters.gate, '');
  const resumed = await deployment.execute('tasks', { ...asked, resume_of: id });
  expect(await deployment.ended(resumed)).toMatchObject({ status: 'terminated', error: null });
  expect(await noted()).toEqual(['never', 'never', 'often', 'often', 'often', 'once']);
  await rm(folder, { recursive: true });
});

test('a script starts an execution of another deployment', async () => {
  const other = await stage.deploy(sketch({ other: { operations: ['create'] } }));
  const deployment = await deployed('starting', 1);
  const id = await deployment.execute('starter', {
    allow_custom_parameters: true,
    parameters: { deployment: other.id },
  });
  expect(await deployment.ended(id)).toMatchObject({ status: 'terminated', error: null });
  await until(async () => (await other.states()).other_1 === 'started');
});

test('a script that is not there fails the execution at once', async () => {
  const deployment = await deployed('none', 1);
  const id = await deployment.execute('absent');
  expect(await deployment.ended(id)).toMatchObject({ status: 'failed', error: expect.stringContaining('absent.py') });
});
