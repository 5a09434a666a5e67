/** A worker's life: connects, serves, outlasts its server's absence, and drains when it is told to stop. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  DefaultLogger,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  type Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker';
import { artifactStoreOf } from '../client/artifacts.js';
import { secretsOf } from '../client/secrets.js';
import type { Settings } from '../client/settings.js';
import { writeState } from '../client/stack/state.js';
import { agentPlugin } from '../plugins/agent/plugin.js';
import type { Catalog } from '../plugins/catalog.js';
import { installedPlugins } from '../plugins/installed.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { createDataConverter } from '../store/data-converter.js';
import { encryptionKeys } from '../store/encryption.js';
import { type AgentIdentity, WorkerAgents } from './agents.js';
import { workflowBundle } from './bundle.js';
import { operationEnvironment } from './environment.js';
import { serveHealth, type WorkerHealth } from './health.js';
import type { WorkerLog } from './log.js';
import { metricsEndpoint } from './metrics-endpoint.js';
import { setRetention } from './retention.js';
import { createWorker } from './run.js';
import { registerSearchAttributes } from './search-attributes.js';
import { watch } from './watch.js';
import { blueprintWorkflows, pluginWorkflows } from './workflow-modules.js';

export interface ServeOptions {
  readonly settings: Settings;
  readonly log: WorkerLog;
  /** With keys and secrets: see private-environment.ts. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The server is the embedded one, which is set up as the settings say. */
  readonly embedded?: boolean;
  /** It is the agent of a host: it serves that host's operations, and no workflows. */
  readonly agent?: AgentIdentity;
  /** File in which the worker tells how it is. */
  readonly healthFile?: string;
  /** Stop: what runs may end, nothing new is taken. */
  readonly signal: AbortSignal;
}

const BEAT_MS = 5_000;
/** Between attempts to begin again after the worker ended by itself. */
const PAUSE_MS = 2_000;

/** Serves until `signal` says stop. Installs the SDK's runtime, so it may be called once in a process. */
export async function serve(options: ServeOptions): Promise<void> {
  const { settings, log, signal } = options;
  installRuntime(settings, log);
  const watching = await watch(options);
  const name = ownName();
  const identity = options.agent?.identity ?? `caisson@${hostname()}:${name}`;
  const catalog = await installedPlugins(settings.pluginFolders, settings.pythonPlugins);
  const health = reporter(
    options,
    identity,
    catalog.map(({ plugin }) => plugin.name),
  );
  const endpoint =
    settings.worker.health === undefined ? undefined : await serveHealth(settings.worker.health, health.now);
  const beat = setInterval(() => void health.tell(), BEAT_MS);
  await health.tell('starting');
  try {
    const store = artifactStoreOf(settings);
    const encryption = await encryptionKeys(settings.encryption);
    const bundle = options.agent ? undefined : await bundleFor(options, catalog, store, encryption !== undefined);
    const agents = await WorkerAgents.open(settings, options.agent);
    const environment = operationEnvironment({
      store,
      secrets: await secretsOf(settings, options.environment),
      cacheFolder: settings.cacheFolder,
      workFolder: workFolderOf(settings),
      agents: agents.kit,
      worker: `${hostname()}-${name}`.replaceAll(/[^\w.-]/g, '_'),
    });
    while (!signal.aborted) {
      const connection = await connected(options, () => void health.tell('disconnected'));
      if (!connection) break;
      try {
        const { namespace } = settings.connection;
        agents.connection = connection;
        if (!options.agent && !(await registerSearchAttributes(connection, namespace)))
          void registered(connection, options);
        if (options.embedded)
          await setRetention(connection, namespace, settings.retention).catch((error) =>
            log.warn('the retention cannot be set', { error }),
          );
        const worker = await createWorker({
          connection,
          namespace,
          store,
          plugins: catalog.map(({ plugin }) => (plugin.name === 'agent' ? agentPlugin(agents.kit) : plugin)),
          environment,
          ...(bundle ? { bundle } : {}),
          identity,
          taskQueue: settings.taskQueue,
          operations: settings.worker.operations,
          // It has no other worker to share with.
          ...(options.embedded ? { eagerOperations: 50 } : {}),
          prometheus: settings.worker.prometheus,
          observers: watching.observers,
          encryption,
        });
        const stop = watching.count(connection, namespace, createDataConverter(store, encryption));
        try {
          await runToEnd(worker, connection, options, health);
        } finally {
          stop();
        }
      } catch (error) {
        if (signal.aborted) throw error;
        log.error('the worker ended and begins again', { error });
        await health.tell('disconnected');
        await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
      } finally {
        await connection.close().catch(() => undefined);
      }
    }
  } finally {
    clearInterval(beat);
    endpoint?.close();
    await watching.close();
    log.info('the worker has stopped');
  }
}

/** Tells this worker from others on its machine. In a container every process is the first. */
function ownName(): string {
  return process.pid === 1 ? randomBytes(3).toString('hex') : String(process.pid);
}

async function bundleFor(
  { settings, log }: ServeOptions,
  catalog: Catalog,
  store: ArtifactStore,
  hideFailures: boolean,
): Promise<WorkflowBundleOption> {
  return await workflowBundle({
    modules: [
      ...pluginWorkflows(catalog.map(({ plugin }) => plugin)),
      ...(await blueprintWorkflows(store, settings.cacheFolder)),
    ],
    cacheFolder: settings.cacheFolder,
    hideFailures,
    onBroken: ({ file }, reason) => log.error(`the custom workflows of ${file} cannot be used`, { reason }),
  });
}

/** Deployments of two namespaces may have one id. */
function workFolderOf({ workFolder, connection: { namespace } }: Settings): string {
  return namespace === 'default' ? workFolder : path.join(workFolder, '.namespaces', encodeURIComponent(namespace));
}

function installRuntime(settings: Settings, log: WorkerLog): void {
  const { metrics, logLevel } = settings.worker;
  const level = logLevel.toUpperCase() as 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  try {
    Runtime.install({
      logger: new DefaultLogger(level, log.sink),
      // Signals are ours: the runtime's own handlers would not know that we begin again after a lost server.
      shutdownSignals: [],
      telemetryOptions: {
        logging: { forward: {}, filter: logFilter(level === 'DEBUG' ? 'INFO' : 'WARN') },
        ...(metrics === undefined ? {} : { metrics: metricsEndpoint(metrics) }),
      },
    });
  } catch (error) {
    if (metrics === undefined) throw error;
    const { message } = error as Error;
    throw new Error(`metrics cannot be served at ${metrics} (setting worker.metrics): ${message}`, { cause: error });
  }
}

/** Every poll tells of each of its retries: while a server is away, that is ten lines a second. We tell once. */
function logFilter(core: 'INFO' | 'WARN'): string {
  return `${makeTelemetryFilterString({ core })},temporalio_client::retry=off`;
}

const MOST_REGISTRATIONS = 12;

/** A namespace that was just made refuses them for some seconds; one where we may not stays without them. */
async function registered(connection: NativeConnection, { settings, signal, log }: ServeOptions): Promise<void> {
  for (let tries = 0; tries < MOST_REGISTRATIONS && !signal.aborted; tries += 1) {
    await pause(BEAT_MS, undefined, { signal }).catch(() => undefined);
    if (await registerSearchAttributes(connection, settings.connection.namespace)) return;
  }
  if (!signal.aborted) log.warn('the search attributes are not registered: the UI cannot search by deployment');
}

/** A connection, however long it takes; undefined when told to stop meanwhile. */
async function connected(
  { settings, log, signal }: ServeOptions,
  onAbsence: () => void,
): Promise<NativeConnection | undefined> {
  const { address, apiKey, tls, metadata } = settings.connection;
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      return await NativeConnection.connect({
        address: address ?? '127.0.0.1:7233',
        ...(apiKey === undefined ? {} : { apiKey }),
        ...(tls === undefined ? {} : { tls: tls as never }),
        ...(metadata === undefined ? {} : { metadata }),
      });
    } catch (error) {
      if (attempt % 30 === 0) log.warn(`no connection to ${address}; trying on`, { error });
      onAbsence();
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

async function runToEnd(
  worker: Worker,
  connection: NativeConnection,
  { signal, log }: ServeOptions,
  health: Reporter,
): Promise<void> {
  const stop = (): void => {
    void health.tell('draining');
    log.info('told to stop: what runs may end, nothing new is taken');
    worker.shutdown();
  };
  const running = worker.run();
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  await health.tell('polling');
  log.info('the worker polls', { task_queue: worker.options.taskQueue });
  const watch = setInterval(() => void look(connection, signal, health, log), BEAT_MS);
  try {
    await running;
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', stop);
  }
}

/** Whether the server still answers. The polls themselves go on for ever and need no help. */
async function look(
  connection: NativeConnection,
  signal: AbortSignal,
  health: Reporter,
  log: WorkerLog,
): Promise<void> {
  const answers = await connection
    .withDeadline(Date.now() + BEAT_MS, () => connection.workflowService.getSystemInfo({}))
    .then(
      () => true,
      () => false,
    );
  if (signal.aborted) return;
  const { state } = health.now();
  if (!answers && state === 'polling') log.warn('the server does not answer; the worker waits for it');
  if (answers && state === 'disconnected') log.info('the server answers again');
  await health.tell(answers ? 'polling' : 'disconnected');
}

interface Reporter {
  now(): WorkerHealth;
  /** Notes a state, the same one as before when none is given. */
  tell(state?: WorkerHealth['state']): Promise<void>;
}

function reporter({ settings, healthFile, log }: ServeOptions, identity: string, plugins: readonly string[]): Reporter {
  let state: WorkerHealth['state'] = 'starting';
  let since = new Date().toISOString();
  let told: Promise<void> = Promise.resolve();
  const now = (): WorkerHealth => ({
    pid: process.pid,
    identity,
    state,
    since,
    beat_at: new Date().toISOString(),
    address: settings.connection.address ?? '',
    namespace: settings.connection.namespace,
    task_queue: settings.taskQueue,
    plugins,
    memory_bytes: process.memoryUsage.rss(),
  });
  return {
    now,
    tell(next = state) {
      if (next !== state) {
        state = next;
        since = new Date().toISOString();
      }
      // One after the other: an older state must not overwrite a newer one.
      told = told.then(async () => {
        if (healthFile !== undefined)
          await writeState(path.resolve(healthFile), now()).catch((error) =>
            log.warn('the health file cannot be written', { error }),
          );
      });
      return told;
    },
  };
}
