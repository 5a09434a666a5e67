/** A deployment lives for long: what it holds it still holds after its history was begun anew. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type DeploymentInput,
  deploymentQuery,
  deploymentWorkflowId,
  patchInstancesUpdate,
  planQuery,
  protectUpdate,
  retireUpdate,
  stateQuery,
} from '../../workflows/messages.js';
import { policiesWorkflowId } from '../../workflows/policies/messages.js';
import { sketch } from '../graph/fixtures.js';
import { Deployment, OPTIONS, openStage, request, type Stage, until } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

const FEW_EVENTS = 40;

/** A deployment whose runs are short. */
async function deployed(more: Partial<DeploymentInput>): Promise<Deployment> {
  const id = `long-${Math.random().toString(36).slice(2)}`;
  const { plan, instances } = sketch({ web: { operations: ['create', 'start', 'stop', 'delete', 'check_status'] } });
  const first = request('install', { options: OPTIONS });
  const input: DeploymentInput = {
    id,
    blueprint: { id: 'shop', main_file: 'blueprint.yaml' },
    plan,
    instances,
    created_at: '2026-01-01T00:00:00.000Z',
    labels: { team: ['blue'] },
    search_attributes: false,
    first,
    max_events: FEW_EVENTS,
    ...more,
  };
  await stage.client.workflow.start('deployment', {
    workflowId: deploymentWorkflowId(id),
    taskQueue: stage.taskQueue,
    args: [input],
    memo: { blueprint: 'shop' },
  });
  return new Deployment(stage.client, id, first.id);
}

const runOf = async (deployment: Deployment): Promise<string> => (await deployment.handle.describe()).runId;

/** Writes a property until the deployment has begun another run. */
async function begunAnew(deployment: Deployment): Promise<void> {
  const before = await runOf(deployment);
  for (let value = 1; (await runOf(deployment)) === before; value += 1)
    await deployment.handle.executeUpdate(patchInstancesUpdate, { args: [{ web_1: [['set', ['count'], value]] }] });
}

test('everything that a deployment holds goes with it when it continues as new', async () => {
  const groups = {
    guarded: {
      members: ['web'],
      policies: { own: { type: 'caisson.policies.Health', properties: { interval: 3_600 }, triggers: {} } },
    },
  };
  const { plan } = sketch({ web: { operations: ['create', 'start', 'stop', 'delete', 'check_status'] } });
  const deployment = await deployed({ plan: { ...plan, groups } as DeploymentInput['plan'] });
  await deployment.ended();
  const policies = stage.client.workflow.getHandle(policiesWorkflowId(deployment.id));
  await until(async () => (await policies.describe().catch(() => undefined)) !== undefined);

  // An execution that can be resumed, and a change of the model that its script has begun and not ended.
  stage.behave('web_1.stop', () => {
    throw new Error('no');
  });
  const failed = await deployment.execute('stop', { options: { ...OPTIONS, max_retries: 0 } });
  expect((await deployment.ended(failed)).resumable).toBe(true);
  await deployment.handle.executeUpdate(protectUpdate, { args: [{ on: true }] });
  const known = async () => ({
    view: await deployment.handle.query(deploymentQuery),
    plan: await deployment.handle.query(planQuery),
  });
  const before = await known();
  const { memo } = await deployment.handle.describe();
  await begunAnew(deployment);

  const after = await known();
  expect(after.plan).toEqual(before.plan);
  expect(after.view).toEqual(before.view);
  expect(after.view).toMatchObject({
    labels: { team: ['blue'] },
    is_protected: true,
    created_at: '2026-01-01T00:00:00.000Z',
  });
  const [web] = (await deployment.handle.query(stateQuery)).instances;
  expect(web).toMatchObject({ id: 'web_1', runtime_properties: { count: expect.any(Number) } });
  expect((await deployment.handle.describe()).memo).toEqual(memo);

  // Its policies are evaluated by the same workflow, which hears of what happens.
  expect((await policies.describe()).status.name).toBe('RUNNING');
  stage.behave('web_1.stop', () => undefined);
  const resumed = await deployment.execute('stop', { resume_of: failed });
  expect(await deployment.ended(resumed)).toMatchObject({ status: 'terminated', resume_of: failed });
  await begunAnew(deployment);
  await deployment.handle.executeUpdate(protectUpdate, { args: [{ on: false }] });
  await deployment.ended(await deployment.execute('uninstall'));
  await deployment.handle.executeUpdate(retireUpdate, { args: [{ force: false }] });
  await deployment.handle.result();
  await policies.result();
}, 120_000);

test('a change of the number of instances that has not ended goes on in the next run', async () => {
  const deployment = await deployed({
    modification: { execution_id: 'scale-1', entity: 'web', before: 1, added: [], removed: [] },
  });
  await deployment.ended();
  await begunAnew(deployment);
  const refused = await deployment.ended(
    await deployment.execute('scale', { parameters: { scalable_entity_name: 'web' } }),
  );
  expect(refused.error).toContain('the execution scale-1 has changed the number of web and has not ended that');
}, 60_000);
