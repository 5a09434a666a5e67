/**
 * Histories of real runs, replayed by the workflow code of now: a change that would break what runs while a worker is
 * replaced shows here. `RECORD_HISTORIES=1` records them anew: do that only together with a version guard, or when no run
 * of an older version can be left.
 */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compactPlan } from '../../graph/compact-plan.js';
import { initialInstances } from '../../graph/instances.js';
import { NonRecoverableError, requireNode } from '../../plugins/sdk/index.js';
import { createDataConverter } from '../../store/data-converter.js';
import { folderStore } from '../../store/folder-store.js';
import { workflowBundle } from '../../worker/bundle.js';
import { withoutPromiseStacks } from '../../worker/promise-stacks.js';
import { deploymentWorkflowId, executionWorkflowId } from '../../workflows/messages.js';
import { policiesQuery, policiesWorkflowId } from '../../workflows/policies/messages.js';
import { deploymentOf } from '../blueprint/compile-text.js';
import { sketch } from '../graph/fixtures.js';
import { type Deployment, OPTIONS, openStage, request, type Stage, until } from './stage.js';

const FOLDER = fileURLToPath(new URL('../histories/', import.meta.url));
const RECORDING = process.env.RECORD_HISTORIES === '1';

if (!RECORDING)
  test('histories of earlier runs replay', async () => {
    const files = (await readdir(FOLDER)).filter((name) => name.endsWith('.json'));
    expect(files.length).toBeGreaterThanOrEqual(10);
    const histories = files.map(async (name) => ({
      workflowId: name,
      history: historyFromJSON(JSON.parse(await readFile(FOLDER + name, 'utf8'))),
    }));
    const bundle = await workflowBundle();
    const replayed: string[] = [];
    const failed: Record<string, string> = {};
    const dataConverter = createDataConverter(folderStore(FOLDER));
    for await (const { workflowId, error } of Worker.runReplayHistories(
      { workflowBundle: bundle as { code: string }, dataConverter },
      await Promise.all(histories),
    )) {
      replayed.push(workflowId);
      if (error) failed[workflowId] = error.message;
    }
    expect(failed).toEqual({});
    expect(replayed.sort()).toEqual(files.sort());
    // Stacks are for the authors of custom workflows, and cost.
    expect((bundle as { code: string }).code).toContain(withoutPromiseStacks(''));
  }, 60_000);

let stage: Stage;
beforeAll(async () => {
  if (RECORDING) stage = await openStage();
});
afterAll(async () => await stage?.close());

async function keep(name: string, deployment: Deployment, execution: string, runId?: string): Promise<void> {
  await write(name, executionWorkflowId(deployment.id, execution), runId);
}

async function write(name: string, workflowId: string, runId?: string): Promise<void> {
  const history = await stage.client.workflow.getHandle(workflowId, runId).fetchHistory();
  await mkdir(FOLDER, { recursive: true });
  const json: unknown = historyToJSON(history);
  const text = typeof json === 'string' ? JSON.stringify(JSON.parse(json)) : JSON.stringify(json);
  await writeFile(`${FOLDER}${name}.json`, `${text}\n`);
}

const TIERS = {
  db: { operations: ['create', 'start', 'stop', 'delete'] },
  web: {
    instances: 2,
    operations: ['create', 'configure', 'start', 'stop', 'delete'],
    targets: { db: ['establish:source', 'unlink:source'] },
  },
};

if (RECORDING)
  test('record: install, uninstall and the deployment', async () => {
    stage.behave('db_1.create', async (ctx) => {
      const { instance } = requireNode(ctx);
      instance.runtimeProperties.id = 'i-1';
      await instance.update();
      instance.runtimeProperties.port = 5432;
    });
    const deployment = await stage.install(TIERS);
    await deployment.ended();
    await keep('install', deployment, deployment.first);
    const id = await deployment.execute('uninstall');
    await deployment.ended(id);
    await keep('uninstall', deployment, id);
    await write('deployment', deploymentWorkflowId(deployment.id));
  });

if (RECORDING)
  test('record: failure, resumption, rollback, lifecycle retry, stop and start', async () => {
    let broken = true;
    stage.behaveAll((_, { name }) => {
      if (broken && name === 'configure') throw new NonRecoverableError('broken');
    });
    const deployment = await stage.install(TIERS, { on_failure: 'continue' });
    await deployment.ended();
    await keep('failed-install', deployment, deployment.first);
    broken = false;
    const resumed = await deployment.execute('install', { resume_of: deployment.first });
    await deployment.ended(resumed);
    await keep('resumed-install', deployment, resumed);
    for (const workflow of ['stop', 'start', 'heal']) {
      const id = await deployment.execute(workflow);
      await deployment.ended(id);
      await keep(workflow, deployment, id);
    }
    broken = true;
    const undone = await stage.install(TIERS, { on_failure: 'rollback' });
    await undone.ended();
    await keep('rolled-back-install', undone, undone.first);
    const again = await stage.install(TIERS, { subgraph_retries: 1 });
    await again.ended();
    await keep('lifecycle-retry', again, again.first);
    stage.behaveAll(undefined);
  });

if (RECORDING)
  test('record: cancel, continue as new', async () => {
    stage.behave('long_1.create', async (ctx) => {
      await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));
    });
    const deployment = await stage.install({ long: { operations: ['create', 'start'] } });
    while (!stage.calls.includes('long_1.create')) await new Promise((resolve) => setTimeout(resolve, 20));
    await deployment.execution(deployment.first).cancel();
    await deployment.ended();
    await keep('cancelled-install', deployment, deployment.first);
    const many = await stage.install(
      { many: { instances: 12, operations: ['create', 'start'] } },
      { max_events: 60, max_in_flight: 4 },
    );
    await many.ended();
    const { run_id } = (await many.view()).executions[0]?.workflow ?? {};
    await keep('continued-first-run', many, many.first, run_id ?? undefined);
    await keep('continued-last-run', many, many.first);
  });

if (RECORDING)
  test('record: scale and update', async () => {
    const text = (more: string) => `
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml]
plugins:
  test: { executor: central_deployment_agent, install: false }
node_templates:
  vm:
    type: cloudify.nodes.Compute
    properties: { agent_config: { install_method: none } }
    interfaces:
      cloudify.interfaces.lifecycle: { create: test.create, delete: test.delete }
${more}`;
    const plan = compactPlan(await deploymentOf(text('')), () => undefined);
    const instances = initialInstances(await deploymentOf(text('')));
    const deployment = await stage.deploy({ plan, instances }, request('install'));
    await deployment.ended();
    for (const delta of [2, -1]) {
      const id = await deployment.execute('scale', { parameters: { scalable_entity_name: 'vm', delta } });
      await deployment.ended(id);
      await keep(delta > 0 ? 'scale-out' : 'scale-in', deployment, id);
    }
    const next = compactPlan(
      await deploymentOf(
        text(
          '  web: { type: cloudify.nodes.Root, relationships: [{ type: cloudify.relationships.connected_to, target: vm }] }\n',
        ),
      ),
      () => undefined,
    );
    const update = { blueprint: { id: 'next', main_file: 'blueprint.yaml' }, plan: next };
    const id = await deployment.execute('update', { update, options: OPTIONS });
    await deployment.ended(id);
    await keep('update', deployment, id);
  });

if (RECORDING)
  test('record: policies and their deployment', async () => {
    let ill = true;
    stage.behave('app_1.check_status', () => {
      if (ill) throw new Error('connection refused');
    });
    stage.behave('app_1.heal', () => {
      ill = false;
    });
    const { plan, instances } = sketch({
      app: { operations: ['create', 'heal', 'cloudify.interfaces.validation.check_status'] },
    });
    const parameters = {
      workflow: 'heal',
      workflow_parameters: { node_instance_id: { get_property: ['SELF', 'node_id'] } },
    };
    const heal = { type: 'cloudify.policies.triggers.execute_workflow', parameters };
    const properties = { interval: 0.1, failures: 2, interval_between_workflows: 0 };
    const policies = { own: { type: 'caisson.policies.Health', properties, triggers: { heal } } };
    const groups = { guarded: { members: ['app'], policies } };
    const model = { plan: { ...plan, groups, workflows: {}, labels: {} } as unknown as typeof plan, instances };
    const deployment = await stage.deploy(model, request('install'));
    const handle = stage.client.workflow.getHandle(policiesWorkflowId(deployment.id));
    const phase = async () =>
      (await handle.query(policiesQuery).catch(() => undefined))?.policies[0]?.standings.app_1?.phase;
    await until(async () => !ill && (await phase()) === 'well');
    await deployment.ended(await deployment.execute('uninstall'));
    await write('policies', policiesWorkflowId(deployment.id));
    await write('deployment-with-policies', deploymentWorkflowId(deployment.id));
  });
