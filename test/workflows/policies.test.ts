import type { WorkflowExecutionDescription } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { CaissonConnection } from '../../client/connection.js';
import { getPolicies, pausePolicies, resumePolicies } from '../../client/policies.js';
import { createSchedule, deleteSchedule, triggerSchedule } from '../../client/schedules.js';
import { NonRecoverableError } from '../../plugins/sdk/index.js';
import { createDataConverter } from '../../store/data-converter.js';
import { workflowBundle } from '../../worker/bundle.js';
import { enqueueSignal, retireUpdate } from '../../workflows/messages.js';
import {
  deploymentChangedSignal,
  type PoliciesInput,
  type PoliciesView,
  type PolicyView,
  policiesQuery,
  policiesWorkflowId,
  resetPoliciesUpdate,
} from '../../workflows/policies/messages.js';
import { type PlanSketch, sketch } from '../graph/fixtures.js';
import { type Deployment, OPTIONS, openStage, pause, request, type Stage, until } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

const CHECK = 'cloudify.interfaces.validation.check_status';
const HEAL: JsonObject = {
  type: 'cloudify.policies.triggers.execute_workflow',
  parameters: {
    workflow: 'heal',
    workflow_parameters: {
      node_instance_id: { get_property: ['SELF', 'node_id'] },
      diagnose_value: { get_property: ['SELF', 'diagnose'] },
    },
  },
};

interface Policy {
  readonly type?: string;
  readonly properties?: JsonObject;
  readonly triggers?: JsonObject;
}

const QUICK = { interval: 0.05, failures: 2, interval_between_workflows: 0 };

/** Installs nodes of which `members` are a group under one policy. */
async function installed(nodes: PlanSketch, members: readonly string[], policy: Policy): Promise<Deployment> {
  const { plan, instances } = sketch(nodes);
  const groups = {
    guarded: {
      members: [...members] as Json[],
      policies: {
        own: {
          type: policy.type ?? 'caisson.policies.Health',
          properties: { ...QUICK, ...policy.properties },
          triggers: policy.triggers ?? { heal: HEAL },
        },
      },
    },
  };
  const model = { plan: { ...plan, groups, workflows: {}, labels: {} } as unknown as typeof plan, instances };
  const deployment = await stage.deploy(model, request('install', { options: OPTIONS }));
  await deployment.ended();
  await until(async () => (await evaluation(deployment)) !== undefined);
  return deployment;
}

async function evaluation({ id }: Deployment): Promise<WorkflowExecutionDescription | undefined> {
  return await stage.client.workflow
    .getHandle(policiesWorkflowId(id))
    .describe()
    .catch(() => undefined);
}

async function viewOf({ id }: Deployment): Promise<PoliciesView> {
  return await stage.client.workflow.getHandle(policiesWorkflowId(id)).query(policiesQuery);
}

async function policyOf(deployment: Deployment): Promise<PolicyView> {
  return (await viewOf(deployment)).policies[0] as PolicyView;
}

const heals = async (deployment: Deployment) =>
  (await deployment.view()).executions.filter(({ workflow_id }) => workflow_id === 'heal');

/** Takes it down, so that nothing is looked at any more. */
async function takeDown(deployment: Deployment): Promise<void> {
  await until(async () => (await deployment.view()).running === null);
  await deployment.ended(await deployment.execute('uninstall', { queue: true }));
}

test('an instance that fails its checks twice in a row is healed', async () => {
  let ill = false;
  stage.behave('app_1.check_status', () => {
    if (ill) throw new Error('connection refused');
  });
  stage.behave('app_1.heal', () => {
    ill = false;
  });
  const deployment = await installed({ app: { operations: ['create', 'heal', CHECK] } }, ['app'], {});
  await until(async () => (await policyOf(deployment)).standings.app_1?.phase === 'well');
  expect(await heals(deployment)).toEqual([]);
  ill = true;
  await until(async () => (await heals(deployment)).length === 1);
  const [heal] = await heals(deployment);
  const record = await deployment.ended(heal?.id);
  expect(record).toMatchObject({
    status: 'terminated',
    parameters: { node_instance_id: 'app_1', diagnose_value: 'check_status: connection refused' },
    cause: { group: 'guarded', policy: 'own', trigger: 'heal', subject: 'app_1' },
  });
  await until(async () => (await policyOf(deployment)).standings.app_1?.phase === 'well');
  const told = (await viewOf(deployment)).happenings.map(({ subject, message }) => `${subject} ${message}`);
  expect(told).toEqual([
    'app_1 is suspect: check_status: connection refused',
    'app_1 starts heal: check_status: connection refused',
    `app_1 execution ${record.id}: completed`,
    'app_1 is well again (check_status succeeds)',
  ]);
  expect((await heals(deployment)).length).toBe(1);
  await takeDown(deployment);
});

test('one that no healing helps is healed as often as the limit says, then given up, until somebody resets it', async () => {
  stage.behave('hopeless_1.check_status', () => {
    throw new Error('dead');
  });
  const properties = { failures: 1, limit: 2 };
  const deployment = await installed({ hopeless: { operations: ['create', 'heal', CHECK] } }, ['hopeless'], {
    properties,
  });
  await until(async () => (await policyOf(deployment)).standings.hopeless_1?.phase === 'exhausted');
  await pause(300);
  expect((await heals(deployment)).length).toBe(2);
  expect((await viewOf(deployment)).happenings.at(-1)?.message).toMatch(/^is given up: it fired 2 times/);
  const handle = stage.client.workflow.getHandle(policiesWorkflowId(deployment.id));
  expect(await handle.executeUpdate(resetPoliciesUpdate, { args: [{ by: 'ada' }] })).toEqual({ reset: 1 });
  await until(async () => (await heals(deployment)).length === 4);
  await takeDown(deployment);
});

test('when healing fails, an instance that is left half-way is tried again', async () => {
  let starts = 0;
  let ill = false;
  stage.behave('frail_1.check_status', () => {
    if (ill) throw new Error('dead');
  });
  stage.behave('frail_1.start', () => {
    starts += 1;
    if (starts === 2) throw new NonRecoverableError('out of memory');
    ill = false;
  });
  const deployment = await installed({ frail: { operations: ['create', 'start', CHECK] } }, ['frail'], {
    properties: { failures: 1 },
  });
  ill = true;
  await until(async () => (await heals(deployment)).filter(({ status }) => status === 'terminated').length > 0);
  expect((await heals(deployment)).map(({ status }) => status)).toEqual(['failed', 'terminated']);
  expect(await deployment.states()).toEqual({ frail_1: 'started' });
  await takeDown(deployment);
});

test('a number that check_status tells scales a node out, as far as the node may be', async () => {
  stage.behaveAll((_, { name }) => (name === 'check_status' ? { sessions: 95 } : undefined));
  const properties = {
    query: 'sessions',
    threshold: 80,
    policy_operates_on_group: true,
    interval_between_workflows: 1,
  };
  const scale = { workflow: 'scale', workflow_parameters: { scalable_entity_name: 'pool', delta: 1 } };
  const deployment = await installed({ pool: { operations: ['create', CHECK] } }, ['pool'], {
    type: 'caisson.policies.Metric',
    properties,
    triggers: { out: { ...HEAL, parameters: scale } },
  });
  await until(async () => Object.values(await deployment.states()).filter((state) => state === 'started').length === 2);
  stage.behaveAll((_, { name }) => (name === 'check_status' ? { sessions: 40 } : undefined));
  const [execution] = (await deployment.view()).executions.filter(({ workflow_id }) => workflow_id === 'scale');
  expect(execution?.cause).toMatchObject({ subject: 'guarded', reason: '95 (1 values on average)' });
  await until(async () => (await policyOf(deployment)).standings.guarded?.phase === 'well');
  stage.behaveAll(undefined);
  await takeDown(deployment);
});

test('without an interval of its own a policy goes by the executions of check_status that a schedule starts', async () => {
  stage.behave('rare_1.check_status', () => {
    throw new Error('dead');
  });
  const deployment = await installed({ rare: { operations: ['create', 'heal', CHECK] } }, ['rare'], {
    properties: { interval: 0, failures: 2 },
  });
  const connection = { client: stage.client, store: stage.store } as CaissonConnection;
  await createSchedule(connection, {
    id: 'health',
    deployment_id: deployment.id,
    workflow_id: 'check_status',
    parameters: {},
    options: OPTIONS,
    rule: { since: '2030-01-01T02:00:00.000Z', recurrence: '1 day' },
    task_queue: stage.taskQueue,
  });
  const checks = async () =>
    (await deployment.view()).executions.filter(
      ({ workflow_id, ended_at }) => workflow_id === 'check_status' && ended_at,
    );
  await triggerSchedule(connection, deployment.id, 'health');
  await until(async () => (await checks()).length === 1);
  await until(async () => (await policyOf(deployment)).standings.rare_1?.phase === 'suspect');
  expect(await heals(deployment)).toEqual([]);
  await triggerSchedule(connection, deployment.id, 'health');
  await until(async () => (await heals(deployment)).length === 1);
  expect(stage.calls.filter((call) => call === 'rare_1.check_status').length).toBeGreaterThanOrEqual(2);
  await deleteSchedule(connection, deployment.id, 'health');
  await takeDown(deployment);
});

test('what a policy asks for while another execution runs is not begun, and not kept for later', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const deployment = await installed({ busy: { operations: ['create', 'check', CHECK] } }, ['busy'], {});
  stage.behave('busy_1.check', async () => await released);
  const running = await deployment.execute('execute_operation', {
    parameters: { operation: 'cloudify.interfaces.lifecycle.check' },
  });
  const cause = { group: 'guarded', policy: 'own', trigger: 'heal', subject: 'busy_1', reason: 'it is ill' };
  await deployment.handle.signal(enqueueSignal, request('heal', { cause }));
  await until(() => stage.calls.includes('busy_1.check'));
  const checks = stage.calls.filter((call) => call === 'busy_1.check_status').length;
  await pause(200);
  // Nor is anything looked at.
  expect(stage.calls.filter((call) => call === 'busy_1.check_status').length).toBe(checks);
  release();
  await deployment.ended(running);
  expect(await heals(deployment)).toEqual([]);
  await takeDown(deployment);
});

test('what a check learns is in the properties of the instance', async () => {
  let ill = false;
  stage.behave('seen_1.check_status', (ctx) => {
    if (ctx.type === 'node-instance') ctx.instance.runtimeProperties.ill = ill;
    if (ill) throw new Error('dead');
  });
  const deployment = await installed({ seen: { operations: ['create', CHECK] } }, ['seen'], { triggers: {} });
  await until(async () => (await deployment.instances()).seen_1?.runtime_properties.ill === false);
  ill = true;
  await until(async () => (await deployment.instances()).seen_1?.runtime_properties.ill === true);
  expect((await deployment.instances()).seen_1?.system_properties.status).toMatchObject({ ok: false, result: 'dead' });
  await takeDown(deployment);
});

test('the evaluation survives its worker, and its histories replay', async () => {
  let ill = false;
  stage.behave('lasting_1.check_status', () => {
    if (ill) throw new Error('dead');
  });
  stage.behave('lasting_1.heal', () => {
    ill = false;
  });
  const deployment = await installed({ lasting: { operations: ['create', 'heal', CHECK] } }, ['lasting'], {});
  ill = true;
  await until(async () => (await heals(deployment)).length === 1);
  await stage.restartWorker();
  const handle = stage.client.workflow.getHandle(policiesWorkflowId(deployment.id));
  await until(async () => (await policyOf(deployment)).standings.lasting_1?.phase === 'well');
  expect((await policyOf(deployment)).standings.lasting_1?.fired.length).toBe(1);
  ill = true;
  await until(async () => (await heals(deployment)).length === 2);
  await takeDown(deployment);

  await deployment.handle.executeUpdate(retireUpdate, { args: [{}] });
  await handle.result();
  const histories = [
    { workflowId: 'policies', history: await handle.fetchHistory() },
    { workflowId: 'deployment', history: await deployment.handle.fetchHistory() },
  ];
  const replays = Worker.runReplayHistories(
    { workflowBundle: await workflowBundle(), dataConverter: createDataConverter(stage.store) },
    histories,
  );
  for await (const { error } of replays) expect(error).toBeUndefined();
});

test('an evaluation that has gone on for long continues as new, and knows what it knew', async () => {
  stage.behave('old_1.check_status', () => {
    throw new Error('dead');
  });
  const { plan, instances } = sketch({ old: { operations: [CHECK] } });
  const deployment = await stage.deploy({ plan, instances });
  const policies = { own: { type: 'caisson.policies.Health', properties: { ...QUICK, failures: 30 }, triggers: {} } };
  const input = {
    deployment_id: deployment.id,
    blueprint: { id: 'b', main_file: 'b.yaml' },
    plan: { ...plan, labels: {}, groups: { guarded: { members: ['old'], policies } } },
    instances: instances.map((one) => ({ ...one, state: 'started' })),
    sequence: 0,
    search_attributes: false,
    max_events: 60,
  } as unknown as PoliciesInput;
  const handle = await stage.client.workflow.start('policies', {
    workflowId: policiesWorkflowId(deployment.id),
    taskQueue: stage.taskQueue,
    args: [input],
  });
  const runs = new Set<string>();
  await until(async () => runs.add((await handle.describe()).runId).size === 3);
  const { failures, since } = (await policyOf(deployment)).standings.old_1 ?? {};
  expect(failures).toBeGreaterThan(6);
  expect((await policyOf(deployment)).standings.old_1?.since).toBe(since);
  await handle.signal(deploymentChangedSignal, { sequence: 1, running: null, gone: true });
  await handle.result();
});

test('paused, nothing is looked at; resumed, it is', async () => {
  const deployment = await installed({ calm: { operations: ['create', CHECK] } }, ['calm'], { triggers: {} });
  const connection = { client: stage.client, store: stage.store } as CaissonConnection;
  const looks = () => stage.calls.filter((call) => call === 'calm_1.check_status').length;
  await until(() => looks() > 0);
  await pausePolicies(connection, deployment.id, { by: 'ada', comment: 'upgrade' });
  expect((await getPolicies(connection, deployment.id)).paused).toMatchObject({ by: 'ada', comment: 'upgrade' });
  await pause(200);
  const before = looks();
  await pause(300);
  expect(looks()).toBe(before);
  await resumePolicies(connection, deployment.id, { by: 'ada' });
  await until(() => looks() > before);
  const told = (await getPolicies(connection, deployment.id)).happenings.map(({ message }) => message);
  expect(told).toEqual(['paused by ada', 'continued by ada']);
  await takeDown(deployment);
});

test('an update that brings policies has them evaluated, and one that takes them away not any more', async () => {
  const { plan, instances } = sketch({ plain: { operations: ['create', CHECK], state: 'started' } });
  const without = { ...plan, groups: {}, workflows: {}, labels: {} } as unknown as typeof plan;
  const policies = { own: { type: 'caisson.policies.Health', properties: QUICK, triggers: {} } };
  const groups = { guarded: { members: ['plain'], policies } };
  const deployment = await stage.deploy({ plan: without, instances });
  const connection = { client: stage.client, store: stage.store } as CaissonConnection;
  expect((await getPolicies(connection, deployment.id)).policies).toEqual([]);
  const updateTo = async (own: typeof plan) => {
    const update = { blueprint: { id: 'b', main_file: 'b.yaml' }, plan: own };
    const record = await deployment.ended(await deployment.execute('update', { update }));
    expect(record.error).toBeNull();
  };
  await updateTo({ ...without, groups } as typeof plan);
  await until(() => stage.calls.includes('plain_1.check_status'));
  await updateTo(without);
  await until(async () => (await getPolicies(connection, deployment.id)).policies.length === 0);
  expect((await evaluation(deployment))?.status.name).toBe('RUNNING');
  await takeDown(deployment);
});

test('an evaluation that somebody ended from outside begins anew with the next execution', async () => {
  const deployment = await installed({ again: { operations: ['create', 'check', CHECK] } }, ['again'], {
    triggers: {},
  });
  await stage.client.workflow.getHandle(policiesWorkflowId(deployment.id)).terminate('by hand');
  const parameters = { operation: 'cloudify.interfaces.lifecycle.check' };
  await deployment.ended(await deployment.execute('execute_operation', { parameters }));
  await until(async () => (await evaluation(deployment))?.status.name === 'RUNNING');
  await until(async () => (await policyOf(deployment)).standings.again_1?.phase === 'well');
  await takeDown(deployment);
});
