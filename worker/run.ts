/** A worker: serves workflows and operations of one task queue until it is told to stop. */
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { type NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { OpenPackage } from '../activities/definitions.js';
import type { OperationEnvironment } from '../activities/environment.js';
import { payloadReader } from '../activities/history.js';
import { createActivities } from '../activities/index.js';
import type { Plugin } from '../plugins/sdk/define.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { createDataConverter } from '../store/data-converter.js';
import type { EncryptionKeys } from '../store/encryption.js';
import { TASK_QUEUE } from '../workflows/messages.js';

export interface WorkerSettings {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly store: ArtifactStore;
  readonly plugins: readonly Plugin[];
  readonly environment: OperationEnvironment;
  /** Opens plugin packages of the artifact store. @default there are none */
  readonly openPackage?: OpenPackage | undefined;
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

export async function createWorker(settings: WorkerSettings): Promise<Worker> {
  const { connection, namespace, store, plugins, environment, bundle, identity } = settings;
  const dataConverter = createDataConverter(store, settings.encryption);
  return await Worker.create({
    connection,
    namespace,
    identity,
    taskQueue: settings.taskQueue ?? TASK_QUEUE,
    dataConverter,
    workflowBundle: bundle,
    activities: createActivities({
      plugins,
      store,
      payloads: payloadReader(loadDataConverter(dataConverter)),
      environment,
      openPackage: settings.openPackage,
    }),
    maxConcurrentActivityTaskExecutions: settings.operations ?? 200,
    // What a dead worker had in its cache is given to another after this long.
    stickyQueueScheduleToStartTimeout: '3s',
    // A cancel request comes as the answer to a heartbeat: held back for long, it would arrive late.
    maxHeartbeatThrottleInterval: '2s',
    defaultHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: '10s',
    shutdownForceTime: '30s',
  });
}
