/** A worker: serves workflows and operations of one task queue until it is told to stop. */
import { loadDataConverter } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { type NativeConnection, Worker, type WorkflowBundleOption } from '@temporalio/worker';
import type { DefinitionSources } from '../activities/definitions.js';
import type { OperationEnvironment } from '../activities/environment.js';
import { payloadReader } from '../activities/history.js';
import { createActivities } from '../activities/index.js';
import type { Observer } from '../activities/observe.js';
import type { PythonPackages } from '../activities/python-program.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { createDataConverter } from '../store/data-converter.js';
import type { EncryptionKeys } from '../store/encryption.js';
import { TASK_QUEUE } from '../workflows/messages.js';

export interface WorkerSettings extends DefinitionSources {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly store: ArtifactStore;
  readonly environment: OperationEnvironment;
  /** Absent: it serves operations only. */
  readonly bundle?: WorkflowBundleOption;
  /** Shown in the UI as the worker's name. */
  readonly identity: string;
  /** @default 'caisson' */
  readonly taskQueue?: string;
  /**
   * Operations at once. They mostly wait for someone else, so many of them fit into one process.
   * @default 200
   */
  readonly operations?: number;
  /**
   * Operations that are handed over with the answer to a workflow task, where the server does that. They stay on the
   * worker that runs the workflow: few where there are several workers.
   * @default 3
   */
  readonly eagerOperations?: number;
  /** Address of the Prometheus that policies ask. */
  readonly prometheus?: string | undefined;
  /**
   * How long what runs may go on after the worker was told to stop, as `7 days`.
   * @default ten seconds, and twenty more to come to an end
   */
  readonly grace?: '7 days';
  /** What is installed for workflows of plugins in Python. */
  readonly pythonPackages?: PythonPackages | undefined;
  /** Who measures. */
  readonly observers?: readonly Observer[] | undefined;
  /** The bundle must hide failures then. */
  readonly encryption?: EncryptionKeys | undefined;
}

export async function createWorker(settings: WorkerSettings): Promise<Worker> {
  const { connection, namespace, store, plugins, openPackage, servedElsewhere, environment, bundle, identity } =
    settings;
  const dataConverter = createDataConverter(store, settings.encryption);
  return await Worker.create({
    connection,
    namespace,
    identity,
    taskQueue: settings.taskQueue ?? TASK_QUEUE,
    dataConverter,
    ...(bundle ? { workflowBundle: bundle } : {}),
    activities: createActivities({
      plugins,
      openPackage,
      servedElsewhere,
      store,
      payloads: payloadReader(loadDataConverter(dataConverter)),
      environment,
      prometheus: settings.prometheus,
      pythonPackages: settings.pythonPackages,
      observers: settings.observers,
    }),
    maxConcurrentActivityTaskExecutions: settings.operations ?? 200,
    maxEagerActivityReservationsPerWorkflowTask: settings.eagerOperations ?? 3,
    // What a dead worker had in its cache is given to another after this long.
    stickyQueueScheduleToStartTimeout: '3s',
    // A cancel request comes as the answer to a heartbeat: held back for long, it would arrive late.
    maxHeartbeatThrottleInterval: '2s',
    defaultHeartbeatThrottleInterval: '2s',
    shutdownGraceTime: settings.grace ?? '10s',
    ...(settings.grace === undefined ? { shutdownForceTime: '30s' } : {}),
  });
}
