/** The embedded worker: a process of its own that outlives the command that started it. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkerHealth } from '../../worker/health.js';
import { CaissonError } from '../errors.js';
import type { Settings } from '../settings.js';
import { buildId, WORKER_PROGRAM } from './build.js';
import { identify, isRunning, stopProcess } from './process.js';
import { readState, type ServerState, type StackFiles, type WorkerState } from './state.js';

const PATIENCE_MS = 60_000;

/**
 * Starts a worker for the embedded server and waits until it polls.
 *
 * @throws CaissonError with the end of its log when it ends instead
 */
export async function startWorker(settings: Settings, files: StackFiles, server: ServerState): Promise<WorkerState> {
  await mkdir(path.dirname(files.workerLog), { recursive: true, mode: 0o700 });
  await rm(files.workerHealth, { force: true });
  const log = openSync(files.workerLog, 'a', 0o600);
  const memory = settings.worker.memory === undefined ? [] : [`--max-old-space-size=${settings.worker.memory}`];
  const child = spawn(process.execPath, [...memory, '--enable-source-maps', WORKER_PROGRAM, '--embedded'], {
    detached: true,
    stdio: ['pipe', log, log],
    cwd: settings.home,
  });
  closeSync(log);
  // By a pipe: whoever lists this machine's processes sees neither arguments nor variables of it with keys in them.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(JSON.stringify(embeddedSettings(settings, server)));
  child.unref();
  const identity = child.pid === undefined ? undefined : await identify(child.pid);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const health = await readHealth(files);
    if (health?.pid === child.pid && health?.state === 'polling') break;
    if (!identity || child.exitCode !== null || child.signalCode !== null || !(await isRunning(identity)))
      throw await ended(files, `ended with code ${child.exitCode}`);
    if (Date.now() > deadline) {
      await stopProcess(identity, 1_000);
      throw await ended(files, 'does not become ready');
    }
    await pause(50);
  }
  return { ...identity!, build: await workerBuild(settings), started_at: new Date().toISOString() };
}

/** The build, and the settings that a running worker cannot take on: it is replaced when they change. */
export async function workerBuild(settings: Settings): Promise<string> {
  const { artifacts, secretsFolder, pluginFolders, encryption, taskQueue, worker, connection } = settings;
  const relevant = [artifacts, secretsFolder, pluginFolders, encryption, taskQueue, worker, connection.namespace];
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
