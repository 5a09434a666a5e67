/** The embedded stack as a whole: brings it up, takes it down, tells how it is. */
import { mkdir } from 'node:fs/promises';
import type { WorkerHealth } from '../../worker/health.js';
import type { Settings } from '../settings.js';
import { isServing } from './grpc.js';
import { startKeeper } from './keeper.js';
import { withLock } from './lock.js';
import { isRunning, killProcess, stopProcess } from './process.js';
import { makeNamespace, startServer } from './server.js';
import {
  type KeeperState,
  readState,
  type ServerState,
  type StackFiles,
  type StackState,
  stackFiles,
  type WorkerState,
  writeState,
} from './state.js';
import { type BinaryOptions, findTemporal } from './temporal/binary.js';
import { readHealth, startWorker, workerBuild } from './worker-process.js';

export interface Stack {
  readonly server: ServerState;
  readonly worker: WorkerState;
}

export type StackStep =
  /** Another command is doing the same; we wait for it. */
  | { readonly step: 'waiting' }
  | { readonly step: 'downloading'; readonly from: string; readonly receivedBytes: number; readonly totalBytes: number }
  | { readonly step: 'starting-server'; readonly program: string; readonly version: string; readonly restart: boolean }
  | { readonly step: 'starting-worker'; readonly why: 'first' | 'died' | 'older build' }
  | { readonly step: 'up'; readonly stack: Stack; readonly started: boolean };

export interface UpOptions {
  readonly onStep?: (step: StackStep) => void;
}

/**
 * Brings the embedded stack up: starts what does not run, replaces what died or is of another build, leaves the rest
 * alone. Safe to be called by any number of processes at once.
 *
 * @throws CaissonError of kind `unreachable` with what to do
 */
export async function up(settings: Settings, { onStep }: UpOptions = {}): Promise<Stack> {
  const files = stackFiles(settings);
  const running = await servingStack(settings, files);
  if (running) {
    onStep?.({ step: 'up', stack: running, started: false });
    return running;
  }
  await mkdir(settings.home, { recursive: true, mode: 0o700 });
  return await withLock(
    files.lock,
    async () => {
      // Whoever held the lock before may have done it all: then nothing is missing any more.
      let started = false;
      const tell = (step: StackStep): void => {
        started = true;
        onStep?.(step);
      };
      let stack = await startMissing(settings, files, tell);
      // One of them may have died while the other came up.
      for (let tries = 0; tries < MOST_TRIES && !(await allRun(stack)); tries += 1)
        stack = await startMissing(settings, files, tell);
      onStep?.({ step: 'up', stack, started });
      return stack;
    },
    { onWait: () => onStep?.({ step: 'waiting' }) },
  );
}

const MOST_TRIES = 3;

async function allRun({ server, worker }: Stack): Promise<boolean> {
  return (await isRunning(server)) && (await isRunning(worker));
}

/** The stack if all of its processes run, without starting anything or asking them. */
export async function runningStack(
  settings: Settings,
  files: StackFiles = stackFiles(settings),
): Promise<Stack | undefined> {
  const { server, worker, keeper } = await readState(files.state);
  if (!server || !worker || !keeper) return undefined;
  const [serverRuns, workerRuns, keeperRuns, build] = await Promise.all([
    isRunning(server),
    isRunning(worker),
    isRunning(keeper),
    workerBuild(settings),
  ]);
  const current = worker.build === build && keeper.build === build;
  return serverRuns && workerRuns && keeperRuns && current ? { server, worker } : undefined;
}

async function servingStack(settings: Settings, files: StackFiles): Promise<Stack | undefined> {
  const stack = await runningStack(settings, files);
  const { namespace } = settings.connection;
  return stack && (await isServing({ address: stack.server.address, namespace })) ? stack : undefined;
}

async function startMissing(
  settings: Settings,
  files: StackFiles,
  onStep: NonNullable<UpOptions['onStep']>,
): Promise<Stack> {
  let state = await readState(files.state);
  // Noted at every step, so that whoever comes after us knows all that runs, wherever we die.
  const note = async (more: StackState): Promise<void> => {
    state = { ...state, ...more };
    await writeState(files.state, state);
  };
  // First: a keeper of another build would take the worker that is being replaced for dead.
  const keeper = await keptKeeper(settings, state);
  const before = state;
  const server = (await keptServer(settings, state)) ?? (await newServer(settings, files, state, note, onStep));
  await makeNamespace(server, settings.connection.namespace);
  const worker =
    (await keptWorker(settings, before, server)) ?? (await newWorker(settings, files, state, server, note, onStep));
  if (!keeper) await startKeeper(settings, files, worker.build, async (started) => await note({ keeper: started }));
  return { server, worker };
}

async function keptKeeper(settings: Settings, { keeper }: StackState): Promise<KeeperState | undefined> {
  if (!keeper || !(await isRunning(keeper))) return undefined;
  // A keeper that brings the stack up after an upgrade of Caisson does not end itself half-way.
  if (keeper.pid === process.pid || keeper.build === (await workerBuild(settings))) return keeper;
  await stopProcess(keeper, KEEPER_PATIENCE_MS);
  return undefined;
}

async function keptServer(settings: Settings, { server }: StackState): Promise<ServerState | undefined> {
  if (!server || !(await isRunning(server))) return undefined;
  const { namespace } = settings.connection;
  if (await isServing({ address: server.address, namespace }, 3_000)) return server;
  // It runs but answers nobody: stuck, so that it would not hear a request to end either.
  await killProcess(server);
  return undefined;
}

async function newServer(
  settings: Settings,
  files: StackFiles,
  state: StackState,
  note: (more: StackState) => Promise<void>,
  onStep: NonNullable<UpOptions['onStep']>,
): Promise<ServerState> {
  const binary = await findTemporal({
    ...binaryOptions(settings),
    onProgress: (one) => onStep({ step: 'downloading', ...one }),
  });
  onStep({
    step: 'starting-server',
    program: binary.path,
    version: binary.version,
    restart: state.server !== undefined,
  });
  const options = {
    binary,
    files,
    namespace: settings.connection.namespace,
    port: settings.port,
    uiPort: settings.uiPort,
    remembered: state.ports,
  };
  return await startServer(options, async (server) => {
    const ports = { grpc: Number(server.address.split(':').at(-1)), ui: Number(new URL(server.ui_url).port) };
    await note({ server, ports });
  });
}

export function binaryOptions({ temporalCli, downloadsFolder, download }: Settings): BinaryOptions {
  return { temporalCli, downloadsFolder, download };
}

/** A worker follows its server to another life on the same port, not to another port. */
async function keptWorker(
  settings: Settings,
  { worker, server: before }: StackState,
  server: ServerState,
): Promise<WorkerState | undefined> {
  if (!worker || !(await isRunning(worker))) return undefined;
  if (before?.address === server.address && worker.build === (await workerBuild(settings))) return worker;
  await stopProcess(worker, WORKER_PATIENCE_MS);
  return undefined;
}

async function newWorker(
  settings: Settings,
  files: StackFiles,
  { worker: before }: StackState,
  server: ServerState,
  note: (more: StackState) => Promise<void>,
  onStep: NonNullable<UpOptions['onStep']>,
): Promise<WorkerState> {
  const other = before !== undefined && before.build !== (await workerBuild(settings));
  onStep({ step: 'starting-worker', why: before === undefined ? 'first' : other ? 'older build' : 'died' });
  return await startWorker(settings, files, server, async (worker) => await note({ worker }));
}

/** The worker gives running operations ten seconds to end, and itself thirty. */
const WORKER_PATIENCE_MS = 35_000;
const SERVER_PATIENCE_MS = 15_000;
const KEEPER_PATIENCE_MS = 5_000;

export interface DownOutcome {
  readonly worker: 'stopped' | 'killed' | 'gone';
  readonly server: 'stopped' | 'killed' | 'gone';
}

/** Stops worker and server, in this order; the data stays. Not an error when they do not run. */
export async function down(settings: Settings): Promise<DownOutcome> {
  const files = stackFiles(settings);
  const before = await readState(files.state);
  if (!before.server && !before.worker && !before.keeper) return { worker: 'gone', server: 'gone' };
  return await withLock(files.lock, async () => {
    const { server, worker, keeper, ports } = await readState(files.state);
    // First of all, or it would start again what is stopped.
    if (keeper) await stopProcess(keeper, KEEPER_PATIENCE_MS);
    const outcome = {
      worker: worker ? await stopProcess(worker, WORKER_PATIENCE_MS) : 'gone',
      server: server ? await stopProcess(server, SERVER_PATIENCE_MS) : 'gone',
    } as const;
    await writeState(files.state, { ports });
    return outcome;
  });
}

/** How the embedded stack is. */
export interface StackStatus {
  readonly server: (ServerState & { readonly running: boolean; readonly serving: boolean }) | null;
  readonly worker:
    | (WorkerState & { readonly running: boolean; readonly health: WorkerHealth | null; readonly current: boolean })
    | null;
  readonly files: StackFiles;
}

/** How the embedded stack is, without changing anything. */
export async function stackStatus(settings: Settings): Promise<StackStatus> {
  const files = stackFiles(settings);
  const { server, worker } = await readState(files.state);
  const [serverRuns, workerRuns, health] = await Promise.all([isRunning(server), isRunning(worker), readHealth(files)]);
  const serving =
    serverRuns &&
    server !== undefined &&
    (await isServing({ address: server.address, namespace: settings.connection.namespace }));
  return {
    server: server ? { ...server, running: serverRuns, serving } : null,
    worker: worker
      ? {
          ...worker,
          running: workerRuns,
          health: health?.pid === worker.pid ? health : null,
          current: worker.build === (await workerBuild(settings)),
        }
      : null,
    files,
  };
}
