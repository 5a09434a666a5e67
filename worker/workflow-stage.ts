/**
 * For authors of custom workflows: runs one on a real Temporal server with operations that do what the test says, so
 * that no plugin, and nothing that it would make, is needed.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { operationLog } from '../activities/operation-log.js';
import { secretLookup } from '../activities/secrets.js';
import { compile } from '../blueprint/compile.js';
import type { Json, JsonObject } from '../blueprint/json.js';
import { bindParameters, workflowOf } from '../blueprint/parameters.js';
import type { DeploymentPlan } from '../blueprint/plan.js';
import { repeatBrokenOff } from '../client/broken-off.js';
import { refusal } from '../client/errors.js';
import { hostOf, mainFileOf } from '../client/prepare.js';
import { initialInstances } from '../graph/instances.js';
import { prepareDeployment } from '../graph/prepare-deployment.js';
import type { NodeInstance } from '../graph/state.js';
import type { Catalog } from '../plugins/catalog.js';
import { installedPlugins } from '../plugins/installed.js';
import { createDataConverter } from '../store/data-converter.js';
import { folderStore } from '../store/folder-store.js';
import {
  DEFAULT_OPTIONS,
  decideUpdate,
  deliverUpdate,
  deploymentQuery,
  deploymentWorkflowId,
  type ExecutionOptions,
  type ExecutionRecord,
  eventsQuery,
  executeUpdate,
  executionWorkflowId,
  type JournalEvent,
  progressQuery,
  stateQuery,
} from '../workflows/messages.js';
import { workflowBundle } from './bundle.js';

import { type FakeCall, type FakeOperation, fakePlugins } from './fake-operations.js';
import { replayed } from './replay.js';
import { createWorker } from './run.js';
import { ownServer } from './workflow-test-server.js';

/** The blueprint, the workflows, and what the operations are to do. */
export interface WorkflowStageOptions {
  /** The plugin's name, and its module with workflows. */
  readonly plugin?: { readonly name: string; readonly file: string };
  /** Folders of plugins that blueprints import: their types are needed, their operations are never run. */
  readonly pluginFolders?: readonly string[];
  /** A Temporal server. @default one of the stage's own, in memory, which ends with it */
  readonly address?: string;
}

/** What the workflow is started with. */
export interface WorkflowRunOptions {
  /** Main file of the blueprint. */
  readonly blueprint: string;
  readonly inputs?: JsonObject;
  /** Name of the workflow in the blueprint. */
  readonly workflow: string;
  readonly parameters?: JsonObject;
  /**
   * By `node.operation`: the operation's short or full name; `*` stands for any node. The others do nothing.
   *
   * @example { 'db.dump': { file: '/backup/1' }, '*.stop': () => { throw new NonRecoverableError('stuck'); } }
   */
  readonly operations?: Readonly<Record<string, FakeOperation>>;
  /** All instances are `started` when it begins. @default true */
  readonly installed?: boolean;
  /** The answer to everything that it asks approval for; absent: it waits until its own timeout. */
  readonly approve?: boolean;
  /** Signals that come, with what they carry. */
  readonly signals?: Readonly<Record<string, Json>>;
  /** @default retries without a pause */
  readonly options?: Partial<ExecutionOptions>;
}

/** A run of a workflow on the stage: how it ended, and what it did. */
export interface WorkflowRun {
  readonly status: ExecutionRecord['status'];
  readonly error: string | null;
  /** What the workflow's function returned; absent when nothing. */
  readonly result?: Json;
  /** `db_x1y2z3.dump`, or `app_… > db_….establish`, in the order of their begin, attempt by attempt. */
  readonly calls: readonly Omit<FakeCall, 'ctx'>[];
  /** As it left them. */
  readonly instances: readonly NodeInstance[];
  readonly events: readonly JournalEvent[];
  /** What differs when its history is replayed against the code: something in it that is not deterministic. */
  readonly replayError?: Error;
  /** To keep, as a test of later versions: see {@link replayWorkflows}. */
  readonly history: unknown;
}

/** A stage that is up: runs workflows, one after another or at once. */
export interface WorkflowStage {
  run(options: WorkflowRunOptions): Promise<WorkflowRun>;
  close(): Promise<void>;
}

/**
 * @example
 * const stage = await openWorkflowStage({ plugin: { name: 'shop', file: 'dist/workflows.js' } });
 * const run = await stage.run({
 *   blueprint: 'test/shop.yaml',
 *   workflow: 'backup',
 *   operations: { 'db.dump': { file: '/backup/1' } },
 * });
 * assert.equal(run.status, 'terminated');
 * assert.deepEqual(run.calls.map((call) => `${call.node}.${call.operation}`), ['db.maintenance.dump']);
 * assert.equal(run.replayError, undefined);
 * await stage.close();
 */
export async function openWorkflowStage(stage: WorkflowStageOptions = {}): Promise<WorkflowStage> {
  quiet();
  const server = stage.address === undefined ? await ownServer() : undefined;
  const address = stage.address ?? server?.address ?? '';
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-workflow-stage-'));
  const store = folderStore(path.join(folder, 'artifacts'));
  const connection = await Connection.connect({ address });
  const native = await NativeConnection.connect({ address });
  const client = new Client({
    connection,
    dataConverter: createDataConverter(store),
    interceptors: { workflow: [repeatBrokenOff] },
  });
  const modules = stage.plugin ? [{ kind: 'plugin', key: stage.plugin.name, file: stage.plugin.file } as const] : [];
  const bundle = await workflowBundle({ modules, cacheFolder: folder });
  const plugins = await installedPlugins(stage.pluginFolders ?? []);

  async function run(options: WorkflowRunOptions): Promise<WorkflowRun> {
    const id = `run-${randomBytes(4).toString('hex')}`;
    const { plan, folder: files, mainFile } = await planOf(options, plugins);
    const instances = initialInstances(plan);
    const parameters = boundParameters(plan, options);
    const calls: Omit<FakeCall, 'ctx'>[] = [];
    const worker = await createWorker({
      connection: native,
      namespace: 'default',
      store,
      plugins: fakePlugins(plan, options.operations ?? {}, calls),
      environment: {
        blueprintFolder: async () => files,
        workdir: async () => folder,
        cacheFolder: async () => folder,
        logFor: (asked) => operationLog(store, 'stage', asked),
        secrets: () => secretLookup({ get: async () => undefined }),
      },
      bundle,
      identity: 'workflow stage',
      taskQueue: id,
    });
    const working = worker.run();
    try {
      const began = instances.map((one) => (options.installed === false ? one : { ...one, state: 'started' }));
      const deployment = await client.workflow.start('deployment', {
        workflowId: deploymentWorkflowId(id),
        taskQueue: id,
        args: [
          {
            id,
            blueprint: { id, main_file: mainFile },
            plan,
            instances: began,
            created_at: new Date().toISOString(),
            search_attributes: false,
          },
        ],
      });
      return await played(client, deployment, id, parameters, options, calls);
    } finally {
      worker.shutdown();
      await working;
    }
  }

  async function played(
    from: Client,
    deployment: WorkflowHandle,
    deploymentId: string,
    parameters: JsonObject,
    { workflow, options = {}, ...asked }: WorkflowRunOptions,
    calls: readonly Omit<FakeCall, 'ctx'>[],
  ): Promise<WorkflowRun> {
    const id = 'tested';
    await deployment.executeUpdate(executeUpdate, {
      args: [
        {
          id,
          workflow_id: workflow,
          parameters,
          allow_custom_parameters: true,
          force: true,
          options: { ...DEFAULT_OPTIONS, retry_interval: 0.001, ...options },
        },
      ],
    });
    const execution = from.workflow.getHandle(executionWorkflowId(deploymentId, id));
    const record = await answeredToEnd(deployment, execution, id, asked);
    const history = JSON.parse(historyToJSON(await execution.fetchHistory()));
    const [replay] = await replayed(bundle, { [workflow]: history }, store);
    const { events } = await execution.query(eventsQuery, { from: 0 });
    const { instances } = await deployment.query(stateQuery);
    const result = await execution.result().then(
      (ended: { readonly result?: Json }) => ended.result,
      () => undefined,
    );
    return {
      status: record.status,
      error: record.error,
      ...(result === undefined ? {} : { result }),
      calls,
      instances,
      events,
      ...(replay?.error ? { replayError: replay.error } : {}),
      history,
    };
  }

  return {
    run,
    async close() {
      await native.close();
      await connection.close();
      await server?.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Says nothing of workers that come and go, unless the test has said how much is to be told. */
function quiet(): void {
  try {
    Runtime.install({ logger: new DefaultLogger('ERROR') });
  } catch {
    // The runtime is there already, with a logger of somebody's choice.
  }
}

/** Compiled as any blueprint, but for its operations: nothing needs to provide them. */
async function planOf(
  { blueprint, inputs = {} }: WorkflowRunOptions,
  plugins: Catalog,
): Promise<{ readonly plan: DeploymentPlan; readonly folder: string; readonly mainFile: string }> {
  const main = await mainFileOf(blueprint);
  const compiled = await compile(main, await hostOf(main, plugins));
  if (!compiled.plan) throw refusal(compiled.diagnostics, compiled.sources);
  const { plan, diagnostics } = prepareDeployment(compiled.plan, inputs, { random: Math.random });
  if (!plan) throw refusal(diagnostics, compiled.sources);
  return { plan, folder: path.dirname(main), mainFile: path.basename(main) };
}

function boundParameters(plan: DeploymentPlan, { workflow, parameters = {} }: WorkflowRunOptions): JsonObject {
  const definition = workflowOf(plan, workflow);
  if (!definition)
    throw new Error(`the blueprint has no workflow ${workflow}: ${Object.keys(plan.workflows).join(', ')}`);
  const { values, problems } = bindParameters(workflow, definition, parameters, { allowCustom: true });
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return values;
}

/** Answers what the execution waits for, until it has ended. */
async function answeredToEnd(
  deployment: WorkflowHandle,
  execution: WorkflowHandle,
  id: string,
  { approve, signals = {} }: Pick<WorkflowRunOptions, 'approve' | 'signals'>,
): Promise<ExecutionRecord> {
  const by = 'test';
  const sent = new Set<string>();
  for (;;) {
    const { executions } = await deployment.query(deploymentQuery);
    const record = executions.find((one) => one.id === id);
    if (record && !['queued', 'started'].includes(record.status)) return record;
    const progress = await execution.query(progressQuery).catch(() => undefined);
    for (const { task_id, waiting } of progress?.running ?? []) {
      if (!waiting || sent.has(task_id)) continue;
      const { signal } = waiting;
      if (waiting.kind === 'approval' && approve !== undefined) {
        sent.add(task_id);
        await execution.executeUpdate(decideUpdate, { args: [{ task_id, approved: approve, by }] });
      } else if (signal !== undefined && signal !== null && Object.hasOwn(signals, signal)) {
        sent.add(task_id);
        await execution.executeUpdate(deliverUpdate, {
          args: [{ name: signal, payload: signals[signal] ?? null, by }],
        });
      }
    }
    await pause(20);
  }
}
