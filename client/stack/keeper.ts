/**
 * The keeper: a small process that starts the embedded server or worker again when one dies, so that a run goes on
 * though nobody types a command. It ends when the stack is taken down, or another keeper takes its place.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Settings } from '../settings.js';
import { KEEPER_PROGRAM } from './build.js';
import { launchOwn } from './launch.js';
import { isRunning } from './process.js';
import { type KeeperState, readState, type StackFiles } from './state.js';

const LOOK_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Starts a keeper, which outlives the command that started it.
 *
 * @param note keeps who it is, before it does anything
 */
export async function startKeeper(
  settings: Settings,
  files: StackFiles,
  build: string,
  note: (keeper: KeeperState) => Promise<void>,
): Promise<void> {
  const launched = await launchOwn(KEEPER_PROGRAM, JSON.stringify(settings), {
    log: files.keeperLog,
    cwd: settings.home,
  });
  await note({ ...launched.identity, build });
  launched.go();
}

export interface KeeperWork {
  readonly files: StackFiles;
  /** Starts what does not run. */
  readonly up: () => Promise<unknown>;
  readonly log: (message: string) => void;
}

/** Looks after the stack until this process is no longer its keeper. */
export async function keep({ files, up, log }: KeeperWork): Promise<void> {
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
