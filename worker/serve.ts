/** A worker's life: connects, serves, outlasts its server's absence, and drains when it is told to stop. */
import { hostname } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DefaultLogger, makeTelemetryFilterString, NativeConnection, Runtime } from '@temporalio/worker';
import type { ConnectionSettings, Settings } from '../client/settings.js';
import { writeState } from '../client/stack/state.js';
import { presentPlugins } from '../plugins/installed.js';
import { encryptionKeys } from '../store/encryption.js';
import { openArtifactStore } from '../store/open.js';
import { secretStore } from '../store/secrets.js';
import { announcedWorkers } from '../store/worker-announcements.js';
import { type Announcer, announcing } from './announce.js';
import { operationEnvironment } from './environment.js';
import { serveHealth, type WorkerHealth } from './health.js';
import type { WorkerLog } from './log.js';
import { packageOpener } from './plugin-packages.js';
import { setRetention } from './retention.js';
import { createOperationsWorker, createWorkflowsWorker, type WorkerSettings } from './run.js';
import { registerSearchAttributes } from './search-attributes.js';
import { type CodeSource, runWorkflows, type WorkflowCode, workflowCode } from './workflow-code.js';

export interface ServeOptions {
  readonly settings: Settings;
  readonly log: WorkerLog;
  /** With keys and secrets: see private-environment.ts. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The server is the embedded one, which is set up as the settings say. */
  readonly embedded?: boolean;
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
  const identity = `caisson@${hostname()}:${process.pid}`;
  const catalog = await presentPlugins(settings.pluginFolders);
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
    const store = openArtifactStore(settings.artifacts);
    const encryption = await encryptionKeys(settings.encryption);
    const plugins = catalog.map(({ plugin }) => plugin);
    const { cacheFolder } = settings;
    const source = { store, plugins, cacheFolder, hideFailures: encryption !== undefined, log };
    const environment = operationEnvironment({
      store,
      secrets: secretStore({ folder: settings.secretsFolder, environment: options.environment }),
      cacheFolder,
      workFolder: settings.workFolder,
      worker: `${hostname()}-${process.pid}`.replaceAll(/[^\w.-]/g, '_'),
    });
    const announcer = announcing(store, options, identity, plugins);
    while (!signal.aborted) {
      const connection = await connected(options, () => void health.tell('disconnected'));
      if (!connection) break;
      try {
        const { namespace } = settings.connection;
        if (!(await registerSearchAttributes(connection, namespace))) void registered(connection, options);
        if (options.embedded)
          await setRetention(connection, namespace, settings.retention).catch((error) =>
            log.warn('the retention cannot be set', { error }),
          );
        const code = await workflowCode(source);
        const worker: WorkerSettings = {
          connection,
          namespace,
          store,
          plugins,
          environment,
          openPackage: packageOpener(store, cacheFolder),
          servedElsewhere: async (type) => {
            const { taskQueue } = settings;
            const others = await announcedWorkers(store, { namespace, taskQueue });
            return others.some((other) => other.identity !== identity && other.operations.includes(type));
          },
          bundle: code.bundle,
          identity,
          taskQueue: settings.taskQueue,
          operations: settings.worker.operations,
          encryption,
        };
        await runToEnd({ worker, source, code, announcer }, connection, options, health);
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
    log.info('the worker has stopped');
  }
}

function installRuntime(settings: Settings, log: WorkerLog): void {
  const { metrics, logLevel } = settings.worker;
  const level = logLevel.toUpperCase() as 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  Runtime.install({
    logger: new DefaultLogger(level, log.sink),
    // Signals are ours: the runtime's own handlers would not know that we begin again after a lost server.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { forward: {}, filter: logFilter(level === 'DEBUG' ? 'INFO' : 'WARN') },
      ...(metrics === undefined ? {} : { metrics: { prometheus: { bindAddress: metrics } } }),
    },
  });
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
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      return await connect(settings.connection);
    } catch (error) {
      if (attempt % 30 === 0) log.warn(`no connection to ${settings.connection.address}; trying on`, { error });
      onAbsence();
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

async function connect({ address, apiKey, tls, metadata }: ConnectionSettings): Promise<NativeConnection> {
  return await NativeConnection.connect({
    address: address ?? '127.0.0.1:7233',
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls: tls as never }),
    ...(metadata === undefined ? {} : { metadata }),
  });
}

interface Serving {
  readonly worker: WorkerSettings;
  readonly source: CodeSource;
  readonly code: WorkflowCode;
  readonly announcer: Announcer;
}

async function runToEnd(
  { worker, source, code, announcer }: Serving,
  connection: NativeConnection,
  { settings, signal, log }: ServeOptions,
  health: Reporter,
): Promise<void> {
  const operations = await createOperationsWorker(worker);
  // Either of the two may end by itself: the other one is not to run on alone.
  const ending = new AbortController();
  const stop = (): void => {
    if (operations.getState() === 'RUNNING') operations.shutdown();
    ending.abort();
  };
  const told = (): void => {
    void health.tell('draining');
    log.info('told to stop: what runs may end, nothing new is taken');
    stop();
  };
  signal.addEventListener('abort', told, { once: true });
  const running = [
    operations.run(),
    runWorkflows({
      source,
      first: code,
      create: async (bundle) => {
        const own = await connect(settings.connection);
        const close = async (): Promise<void> => await own.close();
        try {
          return { worker: await createWorkflowsWorker({ ...worker, connection: own }, bundle), close };
        } catch (error) {
          await close();
          throw error;
        }
      },
      onTaken({ stored }) {
        if (health.now().state === 'starting' || health.now().state === 'disconnected') void health.tell('polling');
        void announcer.tell(stored);
      },
      signal: ending.signal,
    }),
  ].map((one) => one.finally(stop));
  if (signal.aborted) told();
  log.info('the worker polls', { task_queue: operations.options.taskQueue });
  const watch = setInterval(() => void look(connection, signal, health, log), BEAT_MS);
  const announce = setInterval(() => void announcer.tell(), ANNOUNCE_MS);
  try {
    const ends = await Promise.allSettled(running);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    clearInterval(watch);
    clearInterval(announce);
    signal.removeEventListener('abort', told);
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
