/**
 * The keeper: a small process that starts the embedded server or worker again when one dies, so that a run goes on
 * though nobody types a command. It ends when the stack is taken down, or another keeper takes its place.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CaissonError } from '../errors.js';
import type { Settings } from '../settings.js';
import { KEEPER_PROGRAM } from './build.js';
import { identify, isRunning } from './process.js';
import { type KeeperState, readState, type StackFiles } from './state.js';

const LOOK_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/** Starts a keeper, which outlives the command that started it. */
export async function startKeeper(settings: Settings, files: StackFiles, build: string): Promise<KeeperState> {
  await mkdir(path.dirname(files.keeperLog), { recursive: true, mode: 0o700 });
  const log = openSync(files.keeperLog, 'a', 0o600);
  const child = spawn(process.execPath, [KEEPER_PROGRAM], {
    detached: true,
    stdio: ['pipe', log, log],
    cwd: settings.home,
  });
  closeSync(log);
  // By a pipe, as for the worker: the settings may hold keys.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(JSON.stringify(settings));
  child.unref();
  const identity = child.pid === undefined ? undefined : await identify(child.pid);
  if (!identity)
    throw new CaissonError('unreachable', 'C5009', 'the process that keeps the stack up does not start', {
      hint: `see ${files.keeperLog}`,
    });
  return { ...identity, build };
}

export interface KeeperWork {
  readonly files: StackFiles;
  /** Starts what does not run. */
  readonly up: () => Promise<unknown>;
  readonly log: (message: string) => void;
}

/** Looks after the stack until this process is no longer its keeper. */
export async function keep({ files, up, log }: KeeperWork): Promise<void> {
  // Until `up` has noted us we are not named in the state yet.
  await named(files);
  for (let failures = 0; ; ) {
    const { keeper, server, worker } = await readState(files.state);
    if (keeper?.pid !== process.pid) return;
    const [serverRuns, workerRuns] = await Promise.all([isRunning(server), isRunning(worker)]);
    if (serverRuns && workerRuns) failures = 0;
    else {
      log(`${serverRuns ? 'the worker' : workerRuns ? 'the server' : 'server and worker'} died; starting again`);
      try {
        await up();
        continue;
      } catch (error) {
        failures += 1;
        log(`that failed: ${(error as Error).message}`);
      }
    }
    await pause(Math.min(LONGEST_PAUSE_MS, LOOK_MS * 2 ** failures));
  }
}

async function named({ state }: StackFiles): Promise<void> {
  for (let looks = 0; looks < 120; looks += 1) {
    if ((await readState(state)).keeper?.pid === process.pid) return;
    await pause(LOOK_MS);
  }
}
