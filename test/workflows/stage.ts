/** A stage for workflow tests: a worker with a plugin whose operations do what the test says, and a client. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { inject } from 'vitest';
import type { OperationEnvironment } from '../../activities/environment.js';
import type { Observer } from '../../activities/observe.js';
import { operationLog } from '../../activities/operation-log.js';
import { secretLookup } from '../../activities/secrets.js';
import type { DeploymentPlan } from '../../blueprint/plan.js';
import { repeatBrokenOff } from '../../client/broken-off.js';
import type { NodeInstance } from '../../graph/state.js';
import type { OperationContext } from '../../plugins/sdk/context.js';
import { definePlugin, operation, type Plugin } from '../../plugins/sdk/index.js';
import type { ArtifactStore } from '../../store/artifact-store.js';
import { createDataConverter } from '../../store/data-converter.js';
import { folderStore } from '../../store/folder-store.js';
import { workflowBundle } from '../../worker/bundle.js';
import { createWorker } from '../../worker/run.js';
import type { WorkflowModule } from '../../worker/workflow-modules.js';
import {
  DEFAULT_OPTIONS,
  type DeploymentInput,
  type DeploymentView,
  deploymentQuery,
  deploymentWorkflowId,
  type ExecutionOptions,
  type ExecutionRecord,
  type ExecutionRequest,
  executeUpdate,
  executionWorkflowId,
  stateQuery,
} from '../../workflows/messages.js';
import { type PlanSketch, sketch } from '../graph/fixtures.js';

/** What an operation of an instance does: called with the attempt's context. */
export type Behaviour = (ctx: OperationContext, call: { readonly attempt: number }) => unknown;

/** What operations do by their short names. */
export type AnyBehaviour = (ctx: OperationContext, call: { readonly name: string }) => unknown;

const OPERATIONS = [
  'precreate',
  'create',
  'configure',
  'start',
  'poststart',
  'prestop',
  'stop',
  'delete',
  'postdelete',
  'check',
  'check_status',
  'check_drift',
  'preheal',
  'heal',
  'postheal',
  'update',
  'pull',
  'preconfigure',
  'postconfigure',
  'establish',
  'unlink',
  'restart',
]; // prettier-ignore

/** What a sketched plan has besides nodes. */
export interface PlanMore {
  /** Workflows by name, e.g. `{ backup: 'shop.backup' }`, or `{ backup: './wf.py' }` for a script. */
  readonly workflows?: Readonly<Record<string, string>>;
  readonly archive?: string;
}

export interface StageOptions {
  /** Custom workflows that the worker takes in. */
  readonly modules?: readonly WorkflowModule[];
  /** Files of every blueprint. */
  readonly blueprintFolder?: string;
  /** Besides the plugin whose operations are told what to do. */
  readonly plugins?: readonly Plugin[];
  /** Who measures what the worker does. */
  readonly observers?: readonly Observer[];
}

export interface Stage {
  readonly client: Client;
  readonly store: ArtifactStore;
  readonly taskQueue: string;
  /** `web_1.create` or `app_1>db_1.establish`, in the order of their begin; one line per attempt. */
  readonly calls: string[];
  /** Says what an operation does, by `web_1.create`; the others do nothing. */
  behave(name: string, behaviour: Behaviour): void;
  /** Says what every operation does that nothing else is said about. */
  behaveAll(behaviour: AnyBehaviour | undefined): void;
  install(nodes: PlanSketch, options?: Partial<ExecutionOptions>, more?: PlanMore): Promise<Deployment>;
  /** Makes a deployment of a whole plan, and begins its first execution if there is one. */
  deploy(model: Model, first?: ExecutionRequest): Promise<Deployment>;
  /** Stops the worker and starts another, as after a crash: nothing that workflows had in memory is left. */
  restartWorker(): Promise<void>;
  close(): Promise<void>;
}

export interface Model {
  readonly plan: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
  readonly archive?: string;
}

export class Deployment {
  constructor(
    readonly client: Client,
    readonly id: string,
    readonly first: string,
  ) {}

  get handle(): WorkflowHandle {
    return this.client.workflow.getHandle(deploymentWorkflowId(this.id));
  }

  execution(id: string): WorkflowHandle {
    return this.client.workflow.getHandle(executionWorkflowId(this.id, id));
  }

  async view(): Promise<DeploymentView> {
    return await this.handle.query(deploymentQuery);
  }

  async instances(): Promise<Record<string, NodeInstance>> {
    const { instances } = await this.handle.query(stateQuery);
    return Object.fromEntries(instances.map((instance) => [instance.id, instance]));
  }

  async states(): Promise<Record<string, string>> {
    return Object.fromEntries(Object.entries(await this.instances()).map(([id, { state }]) => [id, state]));
  }

  async execute(workflow: string, more: Partial<ExecutionRequest> = {}): Promise<string> {
    const { id } = await this.handle.executeUpdate(executeUpdate, { args: [request(workflow, more)] });
    return id;
  }

  /** Waits until an execution has ended and the deployment knows. */
  async ended(id: string = this.first): Promise<ExecutionRecord> {
    for (;;) {
      const record = (await this.view()).executions.find((one) => one.id === id);
      if (record && record.status !== 'queued' && record.status !== 'started') return record;
      await pause(50);
    }
  }
}

Runtime.install({ logger: new DefaultLogger('ERROR') });

export async function openStage(options: StageOptions = {}): Promise<Stage> {
  const { modules = [], plugins = [], blueprintFolder, observers } = options;
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
  const address = inject('temporalAddress');
  const store = folderStore(path.join(folder, 'artifacts'));
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const client = new Client({
    connection,
    dataConverter: createDataConverter(store),
    interceptors: { workflow: [repeatBrokenOff] },
  });
  const calls: string[] = [];
  const behaviours = new Map<string, Behaviour>();
  const others: { behaviour?: AnyBehaviour | undefined } = {};
  const attempts = new Map<string, number>();
  const taskQueue = `test-${randomBytes(4).toString('hex')}`;
  const environment: OperationEnvironment = {
    blueprintFolder: async () => blueprintFolder ?? folder,
    workdir: async () => folder,
    cacheFolder: async () => folder,
    logFor: (asked) => operationLog(store, 'test', asked),
    secrets: () => secretLookup({ get: async (key) => (key === 'password' ? 'hunter22' : undefined) }),
  };
  const bundle = await workflowBundle({ modules, cacheFolder: folder });
  const startWorker = async () => {
    const worker = await createWorker({
      connection: native,
      namespace: 'default',
      store,
      plugins: [testPlugin(calls, behaviours, attempts, others), ...plugins],
      environment,
      bundle,
      identity: 'test',
      observers,
      taskQueue,
    });
    return { worker, running: worker.run() };
  };
  let current = await startWorker();
  const stopWorker = async () => {
    current.worker.shutdown();
    await current.running;
  };
  async function deploy({ plan, instances, archive }: Model, first?: ExecutionRequest): Promise<Deployment> {
    const id = `d-${randomBytes(4).toString('hex')}`;
    const input: DeploymentInput = {
      id,
      blueprint: { id, main_file: 'blueprint.yaml', ...(archive === undefined ? {} : { archive }) },
      plan,
      instances,
      created_at: '2026-01-01T00:00:00.000Z',
      search_attributes: false,
      ...(first ? { first } : {}),
    };
    await client.workflow.start('deployment', { workflowId: deploymentWorkflowId(id), taskQueue, args: [input] });
    return new Deployment(client, id, first?.id ?? '');
  }
  return {
    client,
    store,
    taskQueue,
    calls,
    behave: (name, behaviour) => void behaviours.set(name, behaviour),
    behaveAll: (behaviour) => {
      others.behaviour = behaviour;
    },
    async install(nodes, options = {}, { workflows = {}, archive } = {}) {
      const { plan, instances } = sketch(nodes);
      const model = {
        plan: { ...plan, workflows: planWorkflows(workflows) },
        instances,
        ...(archive ? { archive } : {}),
      };
      return await deploy(model, request('install', { options: { ...OPTIONS, ...options } }));
    },
    deploy,
    async restartWorker() {
      await stopWorker();
      current = await startWorker();
    },
    async close() {
      await stopWorker();
      await native.close();
      await connection.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until `holds`, looking every few milliseconds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await pause(20);
}

export const OPTIONS: ExecutionOptions = { ...DEFAULT_OPTIONS, retry_interval: 0.05 };

export function request(workflow: string, more: Partial<ExecutionRequest> = {}): ExecutionRequest {
  return {
    id: randomBytes(4).toString('hex'),
    workflow_id: workflow,
    parameters: {},
    options: OPTIONS,
    ...more,
  };
}

function planWorkflows(workflows: Readonly<Record<string, string>>): DeploymentPlan['workflows'] {
  return Object.fromEntries(
    Object.entries(workflows).map(([name, mapping]) => {
      const script = mapping.startsWith('./') ? mapping.slice(2) : undefined;
      const [plugin = '', ...rest] = (script ? 'script.script_runner.tasks.execute_workflow' : mapping).split('.');
      const parameters = script ? { script_path: { default: script } } : {};
      const operation = rest.join('.');
      return [name, { plugin, operation, parameters, is_cascading: false, availability_rules: null }];
    }),
  );
}

function testPlugin(
  calls: string[],
  behaviours: Map<string, Behaviour>,
  attempts: Map<string, number>,
  others: { readonly behaviour?: AnyBehaviour | undefined },
): Plugin {
  return definePlugin({
    name: 'test',
    operations: Object.fromEntries(
      OPERATIONS.map((name) => [
        name,
        operation({}, async (ctx) => {
          const subject =
            ctx.type === 'relationship-instance'
              ? `${ctx.source.instance.id}>${ctx.target.instance.id}`
              : ctx.type === 'node-instance'
                ? ctx.instance.id
                : 'deployment';
          const key = `${subject}.${name}`;
          calls.push(key);
          const attempt = (attempts.get(key) ?? 0) + 1;
          attempts.set(key, attempt);
          const own = behaviours.get(key);
          return (await (own ? own(ctx, { attempt }) : others.behaviour?.(ctx, { name }))) as undefined;
        }),
      ]),
    ),
  });
}
