/**
 * Starts a process that outlives us, in two steps: it exists first, and does something only when told to. In between
 * it is noted who it is. So nobody who dies at any moment leaves a process behind that does something unknown: one
 * that is never told to go ends by itself.
 */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CaissonError } from '../errors.js';
import { identify, isRunning, killProcess, type ProcessIdentity } from './process.js';

export interface LaunchOptions {
  /** Takes what it writes. */
  readonly log: string;
  readonly cwd: string;
  readonly environment?: NodeJS.ProcessEnv;
}

export interface Launched {
  readonly identity: ProcessIdentity;
  /** Lets it begin. */
  go(): void;
  /** What became of it; undefined while it runs. */
  ended(): Promise<string | undefined>;
}

/**
 * One of our own programs. It reads `input` to its end before it does anything, and ends when that is empty. Input goes
 * by a pipe: whoever lists this machine's processes sees neither arguments nor variables with keys in them.
 */
export async function launchOwn(
  program: string,
  input: string,
  options: LaunchOptions & { readonly nodeFlags?: readonly string[] },
): Promise<Launched> {
  return await launch(process.execPath, [...(options.nodeFlags ?? []), program], input, options);
}

/** Any other program: a shell waits in its place, and becomes it. */
export async function launchOther(
  program: string,
  words: readonly string[],
  options: LaunchOptions,
): Promise<Launched> {
  if (process.platform === 'win32') return await launch(program, words, '', options);
  return await launch('/bin/sh', ['-c', GATE, program, ...words], 'go\n', options);
}

/** Waits for a line, then becomes the program; ends when the line will never come. */
export const GATE = 'read -r go && exec "$0" "$@" </dev/null';

async function launch(
  program: string,
  words: readonly string[],
  input: string,
  { log, cwd, environment = process.env }: LaunchOptions,
): Promise<Launched> {
  await mkdir(path.dirname(log), { recursive: true, mode: 0o700 });
  const file = openSync(log, 'a', 0o600);
  // What it makes is for its owner alone.
  const mask = process.umask(0o077);
  const child = spawn(program, words, { detached: true, stdio: ['pipe', file, file], cwd, env: environment });
  process.umask(mask);
  closeSync(file);
  let failure: string | undefined;
  child.once('error', (error) => {
    failure = error.message;
  });
  child.stdin?.on('error', () => undefined);
  child.unref();
  const identity = child.pid === undefined ? undefined : await identify(child.pid);
  if (!identity) {
    await pause(10);
    throw new CaissonError('unreachable', 'C5004', `${program} does not start: ${failure ?? 'it ended at once'}`, {
      hint: `see ${log}`,
    });
  }
  return {
    identity,
    go: () => void child.stdin?.end(input),
    async ended() {
      const runs = await isRunning(identity);
      // That its process is gone is seen a moment before how it went.
      if (!runs) await pause(20);
      if (child.exitCode !== null) return `ended with code ${child.exitCode}`;
      if (child.signalCode !== null) return `was ended by ${child.signalCode}`;
      return runs ? undefined : 'ended';
    },
  };
}

export interface ReadyOptions {
  readonly ready: () => Promise<boolean>;
  readonly patienceMs: number;
  /** The error for a process that `ended …` or `does not …`. */
  readonly failure: (what: string) => Promise<Error>;
}

/** Waits until a launched process is ready; one that takes too long is ended. */
export async function becomesReady(launched: Launched, { ready, patienceMs, failure }: ReadyOptions): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await ready())) {
    const end = await launched.ended();
    if (end !== undefined) throw await failure(end);
    if (Date.now() > deadline) {
      await killProcess(launched.identity);
      throw await failure(`is not ready after ${patienceMs / 1000} s`);
    }
    await pause(50);
  }
}
