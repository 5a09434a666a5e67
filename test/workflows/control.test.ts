import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { executionFolder } from '../../activities/journal.js';
import type { JsonObject } from '../../blueprint/json.js';
import type { CaissonConnection } from '../../client/connection.js';
import { linesOf } from '../../client/events/lines-of.js';
import { EventReader } from '../../client/events/reader.js';
import { initialInstances } from '../../graph/instances.js';
import { requireNode, requireRelationship } from '../../plugins/sdk/index.js';
import {
  executionWorkflowId,
  forceCancelSignal,
  LEGACY_OPTIONS,
  patchInstancesUpdate,
  progressQuery,
  retireUpdate,
} from '../../workflows/messages.js';
import { deploymentOf } from '../blueprint/compile-text.js';
import { openStage, pause, type Stage, until } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

const callsOf = (name: string) => stage.calls.filter((call) => call.startsWith(name));
const begun = async (call: string) => await until(() => stage.calls.includes(call));

/** An operation that works until it is cancelled. */
function untilCancelled(): { behaviour: Parameters<Stage['behave']>[1]; cancelled: () => boolean } {
  let cancelled = false;
  return {
    cancelled: () => cancelled,
    behaviour: async (ctx) => {
      requireNode(ctx).instance.runtimeProperties.begun = true;
      await new Promise((_, reject) => {
        ctx.signal.addEventListener('abort', () => {
          cancelled = true;
          reject(ctx.signal.reason);
        });
      });
    },
  };
}

test('cancel reaches the running operation, waits for it and keeps what it wrote', async () => {
  const { behaviour, cancelled } = untilCancelled();
  stage.behave('long_1.create', behaviour);
  const deployment = await stage.install({ long: { operations: ['create', 'start'] } });
  await begun('long_1.create');
  await deployment.execution(deployment.first).cancel();
  const record = await deployment.ended();
  expect(record).toMatchObject({ status: 'cancelled', resumable: true });
  expect(cancelled()).toBe(true);
  expect((await deployment.instances()).long_1).toMatchObject({
    state: 'creating',
    runtime_properties: { begun: true },
  });
  expect(callsOf('long_1')).toEqual(['long_1.create']);
});

test('a cancelled install is resumed with the operation that was cancelled', async () => {
  const { behaviour } = untilCancelled();
  let first = true;
  stage.behave('again_1.create', async (ctx, call) => {
    if (first) await behaviour(ctx, call);
  });
  const deployment = await stage.install({ again: { operations: ['create', 'start'] } });
  await begun('again_1.create');
  await deployment.execution(deployment.first).cancel();
  await deployment.ended();
  first = false;
  const resumed = await deployment.execute('install', { resume_of: deployment.first });
  expect((await deployment.ended(resumed)).status).toBe('terminated');
  expect(callsOf('again_1')).toEqual(['again_1.create', 'again_1.create', 'again_1.start']);
});

test('force-cancel does not wait for an operation that will not end', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  stage.behave('deaf_1.create', async () => await released);
  const deployment = await stage.install({ deaf: { operations: ['create'] } });
  await begun('deaf_1.create');
  const execution = deployment.execution(deployment.first);
  await execution.signal(forceCancelSignal);
  await execution.cancel();
  expect((await deployment.ended()).status).toBe('cancelled');
  release();
});

test('a terminated run leaves the state as its last completed operation reported it', async () => {
  stage.behave('ended_1.create', (ctx) => {
    requireNode(ctx).instance.runtimeProperties.id = 'i-1';
  });
  stage.behave('ended_1.start', async (ctx) => {
    const { instance } = requireNode(ctx);
    instance.runtimeProperties.address = '10.0.0.1';
    await instance.update();
    await pause(2_000);
  });
  const deployment = await stage.install({ ended: { operations: ['create', 'start'] } });
  await begun('ended_1.start');
  await until(async () => {
    const { instances } = await deployment
      .execution(deployment.first)
      .query<{ instances: { version: number }[] }>('state');
    return JSON.stringify(instances).includes('10.0.0.1');
  });
  await deployment.execution(deployment.first).terminate('by hand');
  const record = await deployment.ended();
  expect(record).toMatchObject({ status: 'cancelled', resumable: true, error: expect.stringContaining('terminated') });
  expect((await deployment.instances()).ended_1).toMatchObject({
    state: 'starting',
    runtime_properties: { id: 'i-1', address: '10.0.0.1' },
  });
  // What it told is kept for when the server has forgotten the run.
  const stored = async (kind: 'journal' | 'changes'): Promise<Record<string, unknown>[]> => {
    const folder = executionFolder(kind, executionWorkflowId(deployment.id, deployment.first));
    const parts = await stage.store.list(`${folder}/part-`);
    return linesOf(await stage.store.get(parts[0] ?? '')) as Record<string, unknown>[];
  };
  const told = (await stored('journal')).map(({ message }) => message);
  expect(told).toContain("Task started 'start'");
  expect(told.at(-1)).toMatch('ended from outside');
  // And told once, after what the run itself tells.
  const connection = { client: stage.client, store: stage.store } as CaissonConnection;
  const reader = new EventReader(connection, { deployment_id: deployment.id, id: deployment.first });
  expect((await reader.next()).map(({ message }) => message)).toEqual(told);
  expect(await reader.next()).toEqual([]);
  expect(JSON.stringify(await stored('changes'))).toContain('10.0.0.1');
});

test('sources that establish against one target at once lose no update', async () => {
  for (let index = 1; index <= 8; index += 1) {
    stage.behave(`peer_${index}>hub_1.establish`, (ctx) => {
      requireRelationship(ctx).target.instance.runtimeProperties[`peer_${index}`] = true;
    });
  }
  const deployment = await stage.install({ hub: {}, peer: { instances: 8, targets: { hub: ['establish:source'] } } });
  await deployment.ended();
  expect(Object.keys((await deployment.instances()).hub_1?.runtime_properties ?? {})).toHaveLength(8);
});

test('sources that add to one list of their target at once all are in it', async () => {
  let begun = 0;
  for (let index = 1; index <= 8; index += 1)
    stage.behave(`member_${index}>balancer_1.establish`, async (ctx) => {
      begun += 1;
      await until(() => begun === 8);
      const { runtimeProperties } = requireRelationship(ctx).target.instance;
      runtimeProperties.members = [...((runtimeProperties.members as number[] | undefined) ?? []), index];
    });
  const deployment = await stage.install({
    balancer: {},
    member: { instances: 8, targets: { balancer: ['establish:source'] } },
  });
  await deployment.ended();
  const members = (await deployment.instances()).balancer_1?.runtime_properties.members as number[];
  expect([...members].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('no more operations are in flight at once than max_in_flight', async () => {
  let running = 0;
  let most = 0;
  for (let index = 1; index <= 12; index += 1) {
    stage.behave(`wide_${index}.create`, async () => {
      running += 1;
      most = Math.max(most, running);
      await pause(30);
      running -= 1;
    });
  }
  const deployment = await stage.install({ wide: { instances: 12, operations: ['create'] } }, { max_in_flight: 3 });
  await deployment.ended();
  expect(most).toBe(3);
});

test('a second execution is refused while one runs, or waits if it asks to', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  stage.behave('busy_1.create', async () => await released);
  const deployment = await stage.install({ busy: { operations: ['create', 'delete'] } });
  await begun('busy_1.create');
  await expect(deployment.execute('uninstall')).rejects.toThrow(WorkflowUpdateFailedError);
  const queued = await deployment.execute('uninstall', { queue: true });
  expect((await deployment.view()).executions.find(({ id }) => id === queued)?.status).toBe('queued');
  release();
  expect((await deployment.ended(queued)).status).toBe('terminated');
  expect(await deployment.states()).toEqual({ busy_1: 'deleted' });
});

test('asking twice with one execution id starts one execution', async () => {
  const deployment = await stage.install({ once: { operations: ['create', 'delete'] } });
  await deployment.ended();
  await deployment.execute('uninstall', { id: 'same' });
  await deployment.execute('uninstall', { id: 'same' });
  await deployment.ended('same');
  expect(callsOf('once_1.delete')).toHaveLength(1);
});

test('an unknown workflow fails its execution and harms nothing', async () => {
  const deployment = await stage.install({ plain: {} });
  await deployment.ended();
  const id = await deployment.execute('no_such_workflow');
  expect(await deployment.ended(id)).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('no_such_workflow'),
  });
  expect(await deployment.states()).toEqual({ plain_1: 'started' });
});

test.each(['cloudify_dsl_1_3', 'cloudify_dsl_1_5'])(
  'what a filter names and is not there is refused before anything starts: %s',
  async (version) => {
    const plan = await deploymentOf(`
tosca_definitions_version: ${version}
imports: [cloudify/types/types.yaml]
node_templates:
  web: { type: cloudify.nodes.Root }
  db: { type: cloudify.nodes.Root }
`);
    const instances = initialInstances(plan);
    const deployment = await stage.deploy({ plan, instances });
    const refusal = async (workflow: string, parameters: JsonObject) =>
      await deployment.execute(workflow, { parameters }).then(
        () => 'accepted',
        (error) => error.cause.message,
      );
    expect(await refusal('install', { node_ids: ['wbe', 'nope'] })).toBe(
      'Parameter "node_ids": there is no node wbe; did you mean web? There are: web, db\n' +
        'Parameter "node_ids": there is no node nope; there are: web, db',
    );
    expect(await refusal('install', { type_names: ['cloudify.nodes.Compute'] })).toContain(
      'There are: cloudify.nodes.Root',
    );
    expect(await refusal('install', { node_instance_ids: ['db_zzzzzz'] })).toMatch(`here are: ${instances[0]?.id}`);
    expect((await deployment.view()).executions).toEqual([]);
    await deployment.ended(await deployment.execute('install', { parameters: { node_ids: ['web'] } }));
    for (const workflow of ['uninstall', 'stop', 'execute_operation', 'check_status', 'reinstall'])
      expect(await refusal(workflow, { node_ids: ['nope'], operation: 'a.b' })).toContain('there is no node nope');
    expect(await refusal('heal', { node_instance_id: 'nope' })).toContain('there is no node instance nope');
    expect((await deployment.view()).executions).toHaveLength(1);
    const legacy = { parameters: { node_ids: ['nope'] }, options: LEGACY_OPTIONS };
    expect(await deployment.ended(await deployment.execute('uninstall', legacy))).toMatchObject({
      status: 'terminated',
      total_operations: 0,
    });
  },
);

test('a deployment with live instances is not retired unless it is forced', async () => {
  const deployment = await stage.install({ live: {} });
  await deployment.ended();
  await expect(deployment.handle.executeUpdate(retireUpdate, { args: [{}] })).rejects.toThrow(
    WorkflowUpdateFailedError,
  );
  await deployment.handle.executeUpdate(retireUpdate, { args: [{ force: true }] });
  await deployment.handle.result();
});

test('runtime properties are written by hand between executions', async () => {
  const deployment = await stage.install({ hand: {} });
  await deployment.ended();
  await deployment.handle.executeUpdate(patchInstancesUpdate, {
    args: [{ hand_1: [['set', ['note'], 'seen']] }],
  });
  expect((await deployment.instances()).hand_1?.runtime_properties).toEqual({ note: 'seen' });
  const bad = [{ hand_1: [['put', 'note']] }] as never;
  await expect(deployment.handle.executeUpdate(patchInstancesUpdate, { args: bad })).rejects.toThrow(
    WorkflowUpdateFailedError,
  );
});

test('a dry run runs no operation and changes no state', async () => {
  const deployment = await stage.install({ dry: { operations: ['create'] } }, { dry_run: true });
  expect((await deployment.ended()).status).toBe('terminated');
  expect(callsOf('dry_1')).toEqual([]);
  expect(await deployment.states()).toEqual({ dry_1: 'uninitialized' });
});

test('progress tells what runs, and with which activity', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  stage.behave('seen_1.create', async () => await released);
  const deployment = await stage.install({ seen: { operations: ['create', 'start'] } });
  await begun('seen_1.create');
  const handle = stage.client.workflow.getHandle(executionWorkflowId(deployment.id, deployment.first));
  const progress = await handle.query(progressQuery);
  expect(progress).toMatchObject({
    status: 'started',
    total_operations: 2,
    finished_operations: 0,
    states: { creating: 1 },
    running: [{ node_instance_id: 'seen_1', operation: 'cloudify.interfaces.lifecycle.create' }],
  });
  const { raw } = await handle.describe();
  expect(raw.pendingActivities?.map(({ activityId }) => activityId)).toEqual([progress.running[0]?.activity_id]);
  release();
  await deployment.ended();
});
