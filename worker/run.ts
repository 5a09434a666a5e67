/** A worker: serves workflows and operations of one task queue until it is told to stop. */
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { type NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { DefinitionSources } from '../activities/definitions.js';
import type { OperationEnvironment } from '../activities/environment.js';
import { payloadReader } from '../activities/history.js';
import { createActivities } from '../activities/index.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { createDataConverter } from '../store/data-converter.js';
import type { EncryptionKeys } from '../store/encryption.js';
import { TASK_QUEUE } from '../workflows/messages.js';

export interface WorkerSettings extends DefinitionSources {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly store: ArtifactStore;
  readonly environment: OperationEnvironment;
  readonly bundle: WorkflowBundleOption;
  /** Shown in the UI as the worker's name. */
  readonly identity: string;
  /** @default 'caisson' */
  readonly taskQueue?: string;
  /**
   * Operations at once. They mostly wait for someone else, so many of them fit into one process.
   * @default 200
   */
  readonly operations?: number;
  /** The bundle must hide failures then. */
  readonly encryption?: EncryptionKeys | undefined;
}

/** A worker that serves workflows and operations alike. */
export async function createWorker(settings: WorkerSettings): Promise<Worker> {
  return await Worker.create({ ...ofBoth(settings), ...ofWorkflows(settings.bundle), ...ofOperations(settings) });
}

/** Within one process, a worker for workflows can be replaced while that for operations goes on. */
export async function createWorkflowsWorker(settings: WorkerSettings, bundle: WorkflowBundleOption): Promise<Worker> {
  return await Worker.create({ ...ofBoth(settings), ...ofWorkflows(bundle) });
}

export async function createOperationsWorker(settings: WorkerSettings): Promise<Worker> {
  return await Worker.create({ ...ofBoth(settings), ...ofOperations(settings) });
}

function ofBoth({ connection, namespace, identity, taskQueue, store, encryption }: WorkerSettings) {
  return {
    connection,
    namespace,
    identity,
    taskQueue: taskQueue ?? TASK_QUEUE,
    dataConverter: createDataConverter(store, encryption),
    shutdownGraceTime: '10s',
    shutdownForceTime: '30s',
  } as const;
}

function ofWorkflows(bundle: WorkflowBundleOption) {
  return {
    workflowBundle: bundle,
    // What a dead worker had in its cache is given to another after this long.
    stickyQueueScheduleToStartTimeout: '3s',
  } as const;
}

function ofOperations(settings: WorkerSettings) {
  const { plugins, openPackage, servedElsewhere, store, environment, encryption } = settings;
  const payloads = payloadReader(loadDataConverter(createDataConverter(store, encryption)));
  return {
    activities: createActivities({ plugins, openPackage, servedElsewhere, store, payloads, environment }),
    maxConcurrentActivityTaskExecutions: settings.operations ?? 200,
    // A cancel request comes as the answer to a heartbeat: held back for long, it would arrive late.
    maxHeartbeatThrottleInterval: '2s',
    defaultHeartbeatThrottleInterval: '2s',
  } as const;
}
