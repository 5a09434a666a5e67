import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../blueprint/json.js';
import { initialInstances } from '../../graph/instances.js';
import type { NodeInstance } from '../../graph/state.js';
import { NonRecoverableError } from '../../plugins/sdk/index.js';
import type { ExecutionRecord, ExecutionRequest } from '../../workflows/messages.js';
import { deploymentOf } from '../blueprint/compile-text.js';
import { type Deployment, openStage, pause, request, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

/** Two web servers on each of two hosts; a balancer is connected to all of them. */
const BLUEPRINT = `
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml]
plugins:
  test: { executor: central_deployment_agent, install: false }
node_templates:
  vm:
    type: cloudify.nodes.Compute
    properties: { agent_config: { install_method: none } }
    capabilities: { scalable: { properties: { default_instances: 2, max_instances: 4, min_instances: 1 } } }
    interfaces: &lifecycle
      cloudify.interfaces.lifecycle: { create: test.create, start: test.start, stop: test.stop, delete: test.delete }
  web:
    type: cloudify.nodes.WebServer
    capabilities: { scalable: { properties: { default_instances: 2 } } }
    interfaces: *lifecycle
    relationships:
      - { type: cloudify.relationships.contained_in, target: vm }
  balancer:
    type: cloudify.nodes.Root
    interfaces: *lifecycle
    relationships:
      - type: cloudify.relationships.connected_to
        target: web
        source_interfaces:
          cloudify.interfaces.relationship_lifecycle: { establish: test.establish, unlink: test.unlink }
`;

let runs = 0;

async function installed(blueprint = BLUEPRINT): Promise<Deployment> {
  runs += 1;
  const own = runs;
  let state = own * 7_919;
  const plan = await deploymentOf(
    blueprint,
    {},
    {
      // Ids of their own for each deployment: calls are told apart by them.
      random: () => {
        state = (state * 48_271) % 2_147_483_647;
        return state / 2_147_483_647;
      },
    },
  );
  const deployment = await stage.deploy({ plan, instances: initialInstances(plan) }, request('install'));
  expect((await deployment.ended()).status).toBe('terminated');
  stage.calls.length = 0;
  return deployment;
}

async function scaled(
  deployment: Deployment,
  parameters: JsonObject,
  more: Partial<ExecutionRequest> = {},
): Promise<ExecutionRecord> {
  return await deployment.ended(await deployment.execute('scale', { parameters, ...more }));
}

/** How many instances of each node there are, by state. */
async function census(deployment: Deployment): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { node_id, state } of Object.values(await deployment.instances()))
    counts[`${node_id} ${state}`] = (counts[`${node_id} ${state}`] ?? 0) + 1;
  return counts;
}

/** Node names in the place of instance ids, sorted. */
const calledNodes = (): string[] => stage.calls.map((call) => call.replaceAll(/(\w+)_[a-z0-9]{6}/g, '$1')).sort();

describe('a scale-out', () => {
  test('adds instances with what they contain, and lets the neighbours establish relationships to them', async () => {
    const deployment = await installed();
    expect(await scaled(deployment, { scalable_entity_name: 'vm', delta: '1' })).toMatchObject({
      status: 'terminated',
    });
    expect(await census(deployment)).toEqual({ 'vm started': 3, 'web started': 6, 'balancer started': 1 });
    expect(calledNodes()).toEqual([
      'balancer>web.establish',
      'balancer>web.establish',
      ...['vm.create', 'vm.start', 'web.create', 'web.create', 'web.start', 'web.start'],
    ]);
    const { balancer } = await byNode(deployment);
    expect(balancer?.[0]?.relationships).toHaveLength(6);
  });

  test('that fails takes down all that it made, whatever its state, and the model is as before', async () => {
    const deployment = await installed();
    const before = await deployment.instances();
    stage.behaveAll((ctx, { name }) => {
      if (name === 'start' && ctx.type === 'node-instance' && ctx.instance.id.startsWith('web'))
        throw new NonRecoverableError('no port left');
    });
    const record = await scaled(deployment, { scalable_entity_name: 'vm', delta: 1 });
    stage.behaveAll(undefined);
    expect(record).toMatchObject({ status: 'failed', error: expect.stringContaining('no port left') });
    const removed = calledNodes().filter((call) => /delete|unlink/.test(call));
    const made = calledNodes().filter((call) => call.endsWith('.create'));
    expect(removed).toEqual(made.map((call) => call.replace('create', 'delete')));
    expect(withoutVersions(await deployment.instances())).toEqual(withoutVersions(before));
    expect(await scaled(deployment, { scalable_entity_name: 'vm', delta: 1 })).toMatchObject({ status: 'terminated' });
    expect(await census(deployment)).toEqual({ 'vm started': 3, 'web started': 6, 'balancer started': 1 });
  });

  test('without rollback stays open: it is resumed, or aborted by the next', async () => {
    const deployment = await installed();
    let broken = true;
    stage.behaveAll((ctx, { name }) => {
      if (broken && name === 'create' && ctx.type === 'node-instance' && ctx.instance.id.startsWith('web'))
        throw new NonRecoverableError('not now');
    });
    const parameters = { scalable_entity_name: 'web', delta: 1, rollback_if_failed: false };
    const failed = await scaled(deployment, parameters);
    expect(failed).toMatchObject({ status: 'failed', resumable: true });
    expect(await scaled(deployment, parameters)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('abort_started'),
    });
    broken = false;
    expect(await scaled(deployment, parameters, { resume_of: failed.id })).toMatchObject({ status: 'terminated' });
    expect(await census(deployment)).toEqual({ 'vm started': 2, 'web started': 6, 'balancer started': 1 });
    broken = true;
    expect(await scaled(deployment, parameters)).toMatchObject({ status: 'failed' });
    broken = false;
    expect(await scaled(deployment, { scalable_entity_name: 'web', delta: -1, abort_started: true })).toMatchObject({
      status: 'terminated',
    });
    stage.behaveAll(undefined);
    expect(await census(deployment)).toEqual({ 'vm started': 2, 'web started': 4, 'balancer started': 1 });
  });
});

test('a scale-out that was terminated leaves nothing unknown, and is resumed', async () => {
  const deployment = await installed();
  let held = true;
  stage.behaveAll(async (ctx, { name }) => {
    if (held && name === 'start' && ctx.type === 'node-instance' && ctx.instance.nodeId === 'vm') {
      ctx.instance.runtimeProperties.address = '10.0.0.9';
      await ctx.instance.update();
      await pause(3_000);
    }
  });
  const parameters = { scalable_entity_name: 'vm', delta: 1 };
  const id = await deployment.execute('scale', { parameters });
  const { added } = await until(async () => {
    const view = await deployment
      .execution(id)
      .query<{ instances: NodeInstance[] }>('state')
      .catch(() => undefined);
    const found = view?.instances.find(({ runtime_properties }) => runtime_properties.address !== undefined);
    return found && { added: found.id };
  });
  await deployment.execution(id).terminate('by hand');
  expect(await deployment.ended(id)).toMatchObject({ status: 'cancelled', resumable: true });
  expect((await deployment.instances())[added]).toMatchObject({
    state: 'starting',
    attempted: ['create', 'start'],
    runtime_properties: { address: '10.0.0.9' },
  });
  held = false;
  expect(await scaled(deployment, parameters, { resume_of: id })).toMatchObject({ status: 'terminated' });
  stage.behaveAll(undefined);
  expect(await census(deployment)).toEqual({ 'vm started': 3, 'web started': 6, 'balancer started': 1 });
  expect(stage.calls.filter((call) => call === `${added}.create`)).toHaveLength(1);
});

describe('parameters', () => {
  test('that do not fit are refused before anything starts', async () => {
    const deployment = await installed();
    const refused = async (parameters: JsonObject) => {
      const error = await deployment.execute('scale', { parameters }).catch((cause: Error) => cause);
      return String((error as { cause?: Error }).cause?.message);
    };
    expect(await refused({})).toContain(
      'must be provided with the following parameters to execute: scalable_entity_name',
    );
    expect(await refused({ scalable_entity_name: 'vm', delta: 'two' })).toContain('"delta" must be of type integer');
    expect(await refused({ scalable_entity_name: 'vm', much: 1 })).toContain('parameters declared: much');
    expect((await deployment.view()).executions).toHaveLength(1);
  });

  test('a workflow that makes no sense now is refused, unless it is forced', async () => {
    const deployment = await installed(BLUEPRINT.replace('dsl_1_3', 'dsl_1_4'));
    await expect(deployment.execute('install')).rejects.toThrow(WorkflowUpdateFailedError);
    expect(await deployment.ended(await deployment.execute('install', { force: true }))).toMatchObject({
      status: 'terminated',
    });
    expect(stage.calls).toEqual([]);
  });
});

/** What `look` finds, once it finds something. */
async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await pause(30);
  }
}

describe('a scale-in', () => {
  test('removes the instances that are named first, with what they contain, unlinked by the neighbours', async () => {
    const deployment = await installed();
    const { vm = [] } = await byNode(deployment);
    const [first, second] = vm.map(({ id }) => id) as [string, string];
    await scaled(deployment, { scalable_entity_name: 'vm', delta: -1, include_instances: second });
    expect(await census(deployment)).toEqual({ 'vm started': 1, 'web started': 2, 'balancer started': 1 });
    expect(await deployment.instances()).toHaveProperty(first);
    expect(stage.calls.filter((call) => call.includes('unlink'))).toHaveLength(2);
  });

  test('below the minimum, above the maximum, or to less than nothing is refused before anything runs', async () => {
    const deployment = await installed();
    for (const [delta, error] of [
      [-2, 'at least 1'],
      [3, 'at most 4'],
      [-5, 'Provided delta: -5 is illegal. current number of instances of entity vm is 2'],
    ] as const)
      expect(await scaled(deployment, { scalable_entity_name: 'vm', delta })).toMatchObject({
        status: 'failed',
        error: expect.stringContaining(error),
      });
    expect(stage.calls).toEqual([]);
  });

  test('that fails leaves the true states, and is resumed', async () => {
    const deployment = await installed();
    let broken = true;
    stage.behaveAll((_, { name }) => {
      if (broken && name === 'delete') throw new NonRecoverableError('still in use');
    });
    const parameters = { scalable_entity_name: 'web', delta: -1 };
    const failed = await scaled(deployment, parameters);
    expect(failed).toMatchObject({ status: 'failed', error: expect.stringContaining('still in use') });
    expect(await census(deployment)).toMatchObject({ 'web deleting': 2, 'web started': 2 });
    broken = false;
    await scaled(deployment, parameters, { resume_of: failed.id });
    stage.behaveAll(undefined);
    expect(await census(deployment)).toEqual({ 'vm started': 2, 'web started': 2, 'balancer started': 1 });
  });
});

test('a scaling group scales as one', async () => {
  const deployment = await installed(`${BLUEPRINT}
groups:
  site: { members: [vm, balancer] }
policies:
  grow: { type: cloudify.policies.scaling, targets: [site] }
`);
  await scaled(deployment, { scalable_entity_name: 'site', delta: 1 });
  expect(await census(deployment)).toEqual({ 'vm started': 4, 'web started': 8, 'balancer started': 2 });
  for (const { relationships } of (await byNode(deployment)).balancer ?? []) expect(relationships).toHaveLength(4);
  await scaled(deployment, { scalable_entity_name: 'site', delta: -1 });
  expect(await census(deployment)).toEqual({ 'vm started': 2, 'web started': 4, 'balancer started': 1 });
});

test('a dry run of scale runs nothing and leaves the model alone', async () => {
  const deployment = await installed();
  const before = await deployment.instances();
  const options = { ...request('scale').options, dry_run: true };
  const record = await scaled(deployment, { scalable_entity_name: 'vm', delta: 1 }, { options });
  expect(record).toMatchObject({ status: 'terminated', total_operations: 8 });
  expect(stage.calls).toEqual([]);
  expect(await deployment.instances()).toEqual(before);
});

async function byNode(deployment: Deployment) {
  const instances = Object.values(await deployment.instances());
  return Object.fromEntries(
    [...new Set(instances.map(({ node_id }) => node_id))].map((node) => [
      node,
      instances.filter(({ node_id }) => node_id === node),
    ]),
  );
}

const withoutVersions = (instances: Readonly<Record<string, NodeInstance>>) =>
  Object.values(instances).map(({ version: _, ...instance }) => instance);
