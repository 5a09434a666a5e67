/** The embedded worker: a process of its own that outlives the command that started it. */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import type { WorkerHealth } from '../../worker/health.js';
import { CaissonError } from '../errors.js';
import type { Settings } from '../settings.js';
import { buildId, WORKER_PROGRAM } from './build.js';
import { becomesReady, launchOwn } from './launch.js';
import { pluginFilesNow } from './plugin-folders.js';
import { isRunning } from './process.js';
import { readState, type ServerState, type StackFiles, type WorkerState } from './state.js';

const PATIENCE_MS = 60_000;

/**
 * Starts a worker for the embedded server and waits until it polls, or its server has died meanwhile.
 *
 * @param note keeps who it is, before it does anything
 * @throws CaissonError with the end of its log when it ends instead
 */
export async function startWorker(
  settings: Settings,
  files: StackFiles,
  server: ServerState,
  note: (worker: WorkerState) => Promise<void>,
): Promise<WorkerState> {
  await rm(files.workerHealth, { force: true });
  const { memory } = settings.worker;
  const launched = await launchOwn(WORKER_PROGRAM, JSON.stringify(embeddedSettings(settings, server)), {
    log: files.workerLog,
    cwd: settings.home,
    nodeFlags: ['--enable-source-maps', ...(memory === undefined ? [] : [`--max-old-space-size=${memory}`])],
  });
  const build = await workerBuild(settings);
  const worker = { ...launched.identity, build, started_at: new Date().toISOString() };
  await note(worker);
  launched.go();
  await becomesReady(launched, {
    ready: async () => {
      // Without its server it would never be ready; whoever brings the stack up looks after that first.
      if (!(await isRunning(server))) return true;
      const health = await readHealth(files);
      return health?.pid === worker.pid && health.state === 'polling';
    },
    patienceMs: PATIENCE_MS,
    failure: async (what) => await ended(files, what),
  });
  return worker;
}

/** The build, and the settings that a running worker cannot take on: it is replaced when they change. */
export async function workerBuild(settings: Settings): Promise<string> {
  const { agent, artifacts, s3, secrets, pluginFolders, encryption, taskQueue, retention, worker, connection } =
    settings;
  const relevant = [
    agent,
    artifacts,
    s3,
    secrets,
    pluginFolders,
    await pluginFilesNow(pluginFolders),
    encryption,
    taskQueue,
    retention,
    worker,
    connection.namespace,
  ];
  const hash = createHash('sha256').update(JSON.stringify(relevant)).digest('hex').slice(0, 12);
  return `${await buildId()}-${hash}`;
}

/** What the worker last told about itself; undefined when it has told nothing yet. */
export async function readHealth({ workerHealth }: StackFiles): Promise<WorkerHealth | undefined> {
  const told = (await readState(workerHealth)) as Partial<WorkerHealth>;
  return told.pid === undefined ? undefined : (told as WorkerHealth);
}

function embeddedSettings(settings: Settings, { address }: ServerState): Settings {
  return { ...settings, connection: { address, namespace: settings.connection.namespace } };
}

async function ended({ workerLog }: StackFiles, what: string): Promise<CaissonError> {
  const text = await readFile(workerLog, 'utf8').catch(() => '');
  const last = text
    .trimEnd()
    .split('\n')
    .slice(-5)
    .map((line) => `\n  | ${line.slice(0, 600)}`);
  return new CaissonError('unreachable', 'C5007', `the embedded worker ${what}; its log ends:${last.join('')}`, {
    hint: `see ${workerLog}`,
  });
}
