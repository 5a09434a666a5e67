import { afterAll, beforeAll, expect, test } from 'vitest';
import { NonRecoverableError } from '../../plugins/sdk/index.js';
import { sketch } from '../graph/fixtures.js';
import { type Deployment, openStage, request, type Stage, until } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

/** A deployment of one node with that name, which uses another deployment as its environment. */
async function service(name: string, of: Deployment): Promise<Deployment> {
  const { plan, instances } = sketch({ [name]: { operations: ['create', 'delete'] } });
  const labels = { 'csys-obj-parent': { values: [of.id] } };
  const deployment = await stage.deploy({ plan: { ...plan, labels }, instances }, request('install'));
  await deployment.ended();
  // The server lists a new deployment a little later.
  await until(async () => {
    for await (const { workflowId } of stage.client.workflow.list({ query: "WorkflowType = 'deployment'" }))
      if (workflowId === deployment.handle.workflowId) return true;
    return false;
  });
  return deployment;
}

const environment = async (name: string): Promise<Deployment> => {
  const deployment = await stage.install({ [name]: { operations: ['create', 'delete'] } });
  await deployment.ended();
  return deployment;
};

test('a recursive uninstall takes down the deployments that use this one first, and theirs before them', async () => {
  const base = await environment('base');
  const tenant = await service('tenant', base);
  const guest = await service('guest', tenant);
  const stranger = await service('stranger', guest);
  await stranger.ended(await stranger.execute('uninstall'));
  stage.calls.splice(0);
  const id = await base.execute('uninstall', { parameters: { recursive: true } });
  expect(await base.ended(id)).toMatchObject({ status: 'terminated', error: null });
  expect(stage.calls).toEqual(['guest_1.delete', 'tenant_1.delete', 'base_1.delete']);
  expect((await guest.states()).guest_1).toBe('deleted');
  expect((await tenant.view()).labels).toEqual({ 'csys-obj-parent': [base.id] });
});

test('an environment stays when a deployment that uses it could not be uninstalled', async () => {
  const base = await environment('ground');
  await service('sticky', base);
  stage.behave('sticky_1.delete', () => {
    throw new NonRecoverableError('in use');
  });
  const id = await base.execute('uninstall', { parameters: { recursive: true } });
  expect(await base.ended(id)).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('could not be uninstalled'),
  });
  expect((await base.states()).ground_1).toBe('started');
});

test('two deployments that name each other as their environment do not wait for each other', async () => {
  const names = ['hen', 'egg'] as const;
  const sketches = names.map((name) => sketch({ [name]: { operations: ['create', 'delete'] } }));
  // Each is made before the other's id is known: labels come by an update, as they do in life.
  const [hen, egg] = (await Promise.all(
    sketches.map(async (model) => await stage.deploy(model, request('install'))),
  )) as [Deployment, Deployment];
  for (const [at, own, other] of [
    [0, hen, egg],
    [1, egg, hen],
  ] as const) {
    await own.ended();
    const labels = { 'csys-obj-parent': { values: [other.id] } };
    const plan = { ...(sketches[at] as (typeof sketches)[number]).plan, labels };
    await own.ended(await own.execute('update', { update: { blueprint: { id: 'b', main_file: 'b.yaml' }, plan } }));
  }
  await until(async () => (await egg.view()).depends_on[0]?.deployment === hen.id);
  stage.calls.splice(0);
  const id = await hen.execute('uninstall', { parameters: { recursive: true } });
  expect(await hen.ended(id)).toMatchObject({ status: 'terminated' });
  expect(stage.calls).toEqual(['egg_1.delete', 'hen_1.delete']);
});

test('a deployment is not taken down under those that depend on it, unless they go before it', async () => {
  const base = await environment('soil');
  const tenant = await service('plant', base);
  const guarded = { refuse_dependents: true };
  const refused = { status: 'failed', error: expect.stringContaining(`${tenant.id} (uses it as its environment)`) };
  expect(await base.ended(await base.execute('uninstall', guarded))).toMatchObject(refused);
  expect(await base.ended(await base.execute('stop', guarded))).toMatchObject(refused);
  expect((await base.states()).soil_1).toBe('started');
  const id = await base.execute('uninstall', { ...guarded, parameters: { recursive: true } });
  expect(await base.ended(id)).toMatchObject({ status: 'terminated' });
  expect((await tenant.states()).plant_1).toBe('deleted');
});
