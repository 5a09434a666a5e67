import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DeploymentPlan, JsonObject } from '../../blueprint/plan.js';
import { initialInstances } from '../../graph/instances.js';
import { NonRecoverableError } from '../../plugins/sdk/index.js';
import type { ExecutionRecord, ExecutionRequest } from '../../workflows/messages.js';
import { planQuery } from '../../workflows/messages.js';
import { deploymentOf } from '../blueprint/compile-text.js';
import { type Deployment, openStage, request, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

const HEAD = `
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml]
plugins:
  test: { executor: central_deployment_agent, install: false }
node_types:
  app:
    derived_from: cloudify.nodes.Root
    properties: { port: { default: 80 } }
    interfaces:
      cloudify.interfaces.lifecycle: { create: test.create, start: test.start, stop: test.stop, delete: test.delete }
  updatable:
    derived_from: app
    interfaces:
      cloudify.interfaces.lifecycle: { update: test.update, check_drift: test.check_drift }
relationships:
  uses:
    derived_from: cloudify.relationships.connected_to
    source_interfaces:
      cloudify.interfaces.relationship_lifecycle: { establish: test.establish, unlink: test.unlink }
node_templates:
`;
const uses = (target: string) => `relationships: [{ type: uses, target: ${target} }]`;
const BEFORE = `${HEAD}
  db: { type: app }
  cache: { type: app }
  web: { type: app, ${uses('db')} }
  proxy: { type: updatable, ${uses('web')} }
`;

let seed = 0;

async function planOf(text: string): Promise<DeploymentPlan> {
  seed += 1;
  let state = seed * 104_729;
  const random = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  return await deploymentOf(text, {}, { random });
}

async function installed(): Promise<Deployment> {
  const plan = await planOf(BEFORE);
  const deployment = await stage.deploy({ plan, instances: initialInstances(plan) }, request('install'));
  expect((await deployment.ended()).status).toBe('terminated');
  stage.calls.length = 0;
  return deployment;
}

async function updated(
  deployment: Deployment,
  text: string,
  parameters: JsonObject = {},
  more: Partial<ExecutionRequest> = {},
): Promise<ExecutionRecord> {
  const target = { blueprint: { id: 'next', main_file: 'blueprint.yaml' }, plan: await planOf(text) };
  return await deployment.ended(await deployment.execute('update', { parameters, update: target, ...more }));
}

const calledNodes = (): string[] => stage.calls.map((call) => call.replaceAll(/(\w+?)_[a-z0-9]{6}/g, '$1'));

async function nodesOf(deployment: Deployment): Promise<Record<string, string>> {
  return Object.fromEntries(
    Object.values(await deployment.instances()).map(({ node_id, state }) => [node_id, state] as const),
  );
}

describe('an update', () => {
  test('installs nodes that are new, uninstalls nodes that are gone, and hands the new plan over', async () => {
    const deployment = await installed();
    const after = BEFORE.replace('  cache: { type: app }\n', '').concat(`  queue: { type: app, ${uses('db')} }\n`);
    expect(await updated(deployment, after)).toMatchObject({ status: 'terminated', error: null });
    expect(calledNodes()).toEqual(['cache.stop', 'cache.delete', 'queue.create', 'queue.start', 'queue>db.establish']);
    expect(await nodesOf(deployment)).toEqual({ db: 'started', web: 'started', proxy: 'started', queue: 'started' });
    const plan = await deployment.handle.query(planQuery);
    expect(plan.nodes.map(({ id }) => id).sort()).toEqual(['db', 'proxy', 'queue', 'web']);
    expect((await deployment.view()).blueprint.id).toBe('next');
  });

  test('reinstalls a changed node that cannot be updated, with its neighbours unlinked and linked again', async () => {
    const deployment = await installed();
    const after = BEFORE.replace('web: { type: app,', 'web: { type: app, properties: { port: 8080 },');
    expect(await updated(deployment, after)).toMatchObject({ status: 'terminated' });
    expect(calledNodes()).toEqual([
      'proxy>web.unlink',
      'web.stop',
      'web>db.unlink',
      'web.delete',
      'web.create',
      'web.start',
      'web>db.establish',
      'proxy>web.establish',
    ]);
  });

  test('updates in place what can be, unless it has not drifted', async () => {
    const deployment = await installed();
    const withPort = (port: number) =>
      BEFORE.replace('proxy: { type: updatable,', `proxy: { type: updatable, properties: { port: ${port} },`);
    stage.behaveAll((_, { name }) => (name === 'check_drift' ? { port: 'differs' } : undefined));
    await updated(deployment, withPort(1));
    stage.behaveAll(undefined);
    expect(calledNodes()).toEqual(['proxy.check_drift', 'proxy.update']);
    stage.calls.length = 0;
    await updated(deployment, withPort(2));
    expect(calledNodes()).toEqual(['proxy.check_drift']);
    stage.calls.length = 0;
    await updated(deployment, withPort(3), { force_reinstall: true, skip_drift_check: true });
    expect(calledNodes()).toContain('proxy.delete');
  });

  test('unlinks and establishes relationships that go and come between nodes that stay', async () => {
    const deployment = await installed();
    const after = BEFORE.replace(uses('db'), uses('cache'));
    expect(await updated(deployment, after)).toMatchObject({ status: 'terminated' });
    expect(calledNodes()).toEqual(['web>db.unlink', 'web>cache.establish']);
    const { relationships } =
      Object.values(await deployment.instances()).find(({ node_id }) => node_id === 'web') ?? {};
    expect(relationships?.map(({ target_name }) => target_name)).toEqual(['cache']);
  });

  test('is told before: a preview changes nothing', async () => {
    const deployment = await installed();
    const before = await deployment.instances();
    const after = BEFORE.concat('  queue: { type: app }\n');
    const record = await updated(deployment, after, { preview: true });
    expect(record).toMatchObject({ status: 'terminated' });
    const { result } = (await deployment.execution(record.id).result()) as { result: { diff: { added: string[] } } };
    expect(result.diff.added).toEqual(['queue']);
    expect(stage.calls).toEqual([]);
    expect(await deployment.instances()).toEqual(before);
  });

  test('that changes a type or a container is refused before anything happens', async () => {
    const deployment = await installed();
    const after = BEFORE.replace('cache: { type: app }', 'cache: { type: updatable }');
    expect(await updated(deployment, after)).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('node cache changes its type from app to updatable'),
    });
    expect(stage.calls).toEqual([]);
    expect((await deployment.view()).blueprint.id).not.toBe('next');
  });

  test('that failed is resumed where it stood', async () => {
    const deployment = await installed();
    let broken = true;
    stage.behaveAll((ctx, { name }) => {
      if (broken && name === 'create' && ctx.type === 'node-instance' && ctx.instance.nodeId === 'queue')
        throw new NonRecoverableError('not yet');
    });
    const after = BEFORE.replace('  cache: { type: app }\n', '').concat('  queue: { type: app }\n');
    const failed = await updated(deployment, after);
    expect(failed).toMatchObject({ status: 'failed', resumable: true });
    broken = false;
    stage.calls.length = 0;
    const resumed = await deployment.ended(await deployment.execute('update', { resume_of: failed.id }));
    stage.behaveAll(undefined);
    expect(resumed).toMatchObject({ status: 'terminated', error: null });
    expect(calledNodes()).toEqual(['queue.delete', 'queue.create', 'queue.start']);
    expect(await nodesOf(deployment)).toEqual({ db: 'started', web: 'started', proxy: 'started', queue: 'started' });
  });
});
