/** A worker's life: connects, serves, outlasts its server's absence, and drains when it is told to stop. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DefaultLogger, makeTelemetryFilterString, type NativeConnection, Runtime } from '@temporalio/worker';
import { artifactStoreOf } from '../client/artifacts.js';
import { secretsOf } from '../client/secrets.js';
import type { Settings } from '../client/settings.js';
import { agentPlugin } from '../plugins/agent/plugin.js';
import { presentPlugins } from '../plugins/installed.js';
import { createDataConverter } from '../store/data-converter.js';
import { encryptionKeys } from '../store/encryption.js';
import { announcedWorkers } from '../store/worker-announcements.js';
import { type AgentIdentity, WorkerAgents } from './agents.js';
import { type Announcer, announcing } from './announce.js';
import { connect, connected, look } from './connect.js';
import { endedInTime } from './endings.js';
import { operationEnvironment } from './environment.js';
import { serveHealth } from './health.js';
import type { WorkerLog } from './log.js';
import { metricsEndpoint } from './metrics-endpoint.js';
import { packageOpener } from './plugin-packages.js';
import { pythonPackages } from './python-packages.js';
import { type CodeSource, runReplaceable, workflowCode } from './replaceable.js';
import { type Reporter, reporter } from './reporter.js';
import { setRetention } from './retention.js';
import { createWorker, type WorkerSettings } from './run.js';
import { registerSearchAttributes } from './search-attributes.js';
import { watch } from './watch.js';

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
/** How often a worker tells what it serves. */
const ANNOUNCE_MS = 30_000;
/** Between attempts to begin again after the worker ended by itself. */
const PAUSE_MS = 2_000;

/** Serves until `signal` says stop. Installs the SDK's runtime, so it may be called once in a process. */
export async function serve(options: ServeOptions): Promise<void> {
  const { settings, log, signal } = options;
  installRuntime(settings, log);
  const watching = await watch(options);
  const name = ownName();
  const identity = options.agent?.identity ?? `caisson@${hostname()}:${name}`;
  const catalog = await presentPlugins(settings.pluginFolders, settings.pythonPlugins);
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
    const agents = await WorkerAgents.open(settings, options.agent);
    const plugins = catalog.map(({ plugin }) => (plugin.name === 'agent' ? agentPlugin(agents.kit) : plugin));
    const { cacheFolder, taskQueue } = settings;
    const { namespace } = settings.connection;
    const source = { store, plugins, cacheFolder, hideFailures: encryption !== undefined, log };
    const openPackage = packageOpener(store, cacheFolder);
    const releasing = new AbortController();
    const environment = operationEnvironment({
      store,
      secrets: await secretsOf(settings, options.environment),
      cacheFolder,
      workFolder: workFolderOf(settings),
      agents: agents.kit,
      worker: `${hostname()}-${name}`.replaceAll(/[^\w.-]/g, '_'),
      releasing: releasing.signal,
    });
    const announcer = announcing(store, options, identity, plugins);
    const serving: Serving = {
      source,
      announcer,
      releasing,
      retiring: new Set(),
      worker: {
        namespace,
        store,
        plugins,
        environment,
        openPackage,
        pythonPackages: pythonPackages(catalog, openPackage),
        servedElsewhere: async (type) => {
          const others = await announcedWorkers(store, { namespace, taskQueue });
          return others.some((other) => other.identity !== identity && other.operations.includes(type));
        },
        identity,
        taskQueue,
        operations: settings.worker.operations,
        // It has no other worker to share with.
        ...(options.embedded ? { eagerOperations: 50 } : {}),
        prometheus: settings.worker.prometheus,
        observers: watching.observers,
        encryption,
        // When it is replaced, what runs may end; when it has to go, it is told by the environment.
        grace: '7 days',
      },
    };
    while (!signal.aborted) {
      const connection = await connected(options, () => void health.tell('disconnected'));
      if (!connection) break;
      try {
        agents.connection = connection;
        if (!options.agent && !(await registerSearchAttributes(connection, namespace)))
          void registered(connection, options);
        if (options.embedded)
          await setRetention(connection, namespace, settings.retention).catch((error) =>
            log.warn('the retention cannot be set', { error }),
          );
        const stop = watching.count(connection, namespace, createDataConverter(store, encryption));
        try {
          await runToEnd(serving, connection, options, health);
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
    await announcer.retract();
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

interface Serving {
  readonly worker: Omit<WorkerSettings, 'connection' | 'bundle'>;
  readonly source: CodeSource;
  readonly announcer: Announcer;
  /** Tells what runs that this process is about to end. */
  readonly releasing: AbortController;
  readonly retiring: Set<Promise<void>>;
}

async function runToEnd(
  serving: Serving,
  connection: NativeConnection,
  { settings, agent, signal, log }: ServeOptions,
  health: Reporter,
): Promise<void> {
  const { worker, source, announcer, retiring } = serving;
  const told = (): void => {
    void health.tell('draining');
    log.info('told to stop: what runs may end, nothing new is taken');
  };
  signal.addEventListener('abort', told, { once: true });
  const running = runReplaceable({
    source,
    first: agent ? undefined : await workflowCode(source),
    create: async (bundle) => {
      const own = await connect(settings.connection);
      const close = async (): Promise<void> => await own.close();
      try {
        return { worker: await createWorker({ ...worker, connection: own, ...(bundle ? { bundle } : {}) }), close };
      } catch (error) {
        await close();
        throw error;
      }
    },
    onTaken(code) {
      void announcer.tell(code?.stored);
      if (signal.aborted || health.now().state === 'polling') return;
      void health.tell('polling');
      log.info('the worker polls', { task_queue: settings.taskQueue });
    },
    retiring,
    signal,
  });
  const watch = setInterval(() => void look(connection, { signal, log }, health), BEAT_MS);
  const announce = setInterval(() => void announcer.tell(), ANNOUNCE_MS);
  try {
    await endedInTime(running, serving, signal);
  } finally {
    clearInterval(watch);
    clearInterval(announce);
    signal.removeEventListener('abort', told);
  }
}
