/** Runs a shell line in a process group of its own, from its start to its end, and logs what it writes. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { NonRecoverableError } from '../sdk/index.js';
import { Lines } from './lines.js';
import { endGroup } from './process-group.js';

export interface ProcessRun {
  /** Shell commands to run before the line. */
  readonly prologue?: string;
  readonly line: string;
  readonly cwd: string;
  readonly env: Record<string, string>;
  readonly signal: AbortSignal;
  readonly stderrToStdout: boolean;
  readonly onStdout: ((line: string) => void) | undefined;
  readonly onStderr: ((line: string) => void) | undefined;
}

export interface ProcessEnd {
  /** The shell's: 128 + signal for a command that a signal ended. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A daemon may have inherited the output: after the script's end, so many looks at silence are taken for its end. */
const QUIET_LOOKS = 5;
const LOOK_MS = 10;
const MOST_LOOKS = 200;

/** @throws the signal's reason when it was aborted: by then no process of the group is left */
export async function runProcess(run: ProcessRun): Promise<ProcessEnd> {
  run.signal.throwIfAborted();
  const stdout = new Lines(run.onStdout);
  const stderr = new Lines(run.onStderr);
  const body = run.stderrToStdout ? `{ ${run.line}\n} 2>&1` : run.line;
  const child = spawn('/bin/sh', ['-c', run.prologue === undefined ? body : `${run.prologue}\n${body}`], {
    cwd: run.cwd,
    env: run.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const streams = [follow(child.stdout, stdout), follow(child.stderr, stderr)];
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(notStarted(error)));
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signalNumber(signal) ?? 0)));
  });
  let ending: Promise<void> | undefined;
  const abort = (): void => {
    if (child.pid !== undefined) ending = endGroup(child.pid);
  };
  run.signal.addEventListener('abort', abort, { once: true });
  try {
    const exitCode = await exited;
    await drained(streams);
    if (ending) {
      await ending;
      run.signal.throwIfAborted();
    }
    stdout.end();
    stderr.end();
    return { exitCode, stdout: stdout.tail, stderr: stderr.tail };
  } finally {
    run.signal.removeEventListener('abort', abort);
    for (const stream of streams) stream.release();
  }
}

interface Followed {
  readonly ended: Promise<void>;
  /** Whether anything came since the last call. */
  heard(): boolean;
  release(): void;
}

function follow(stream: Readable, lines: Lines): Followed {
  let heard = false;
  let released = false;
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    heard = true;
    // A daemon goes on writing to a script's output; were nobody to read, it would die of that.
    if (!released) lines.add(text);
  });
  const ended = new Promise<void>((resolve) => {
    stream.once('close', resolve);
    stream.once('error', () => resolve());
  });
  return {
    ended,
    heard() {
      const was = heard;
      heard = false;
      return was;
    },
    release() {
      released = true;
      (stream as Readable & { unref?: () => void }).unref?.();
    },
  };
}

async function drained(streams: readonly Followed[]): Promise<void> {
  const all = Promise.all(streams.map(({ ended }) => ended));
  let timer: NodeJS.Timeout | undefined;
  // Looks are counted, not milliseconds: between two of them a busy process reads what has come, however late.
  const quiet = new Promise<void>((resolve) => {
    let looks = 0;
    let silent = 0;
    timer = setInterval(() => {
      looks += 1;
      silent = streams.map((stream) => stream.heard()).includes(true) ? 0 : silent + 1;
      if (silent >= QUIET_LOOKS || looks >= MOST_LOOKS) resolve();
    }, LOOK_MS);
  });
  await Promise.race([all, quiet]);
  clearInterval(timer);
}

function notStarted(error: NodeJS.ErrnoException): Error {
  if (error.code === 'E2BIG')
    return new NonRecoverableError('the operation inputs are too large for an environment; put them into a resource');
  return error;
}

const NUMBERS: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGTERM: 15,
};

function signalNumber(signal: NodeJS.Signals | null): number | undefined {
  return signal === null ? undefined : NUMBERS[signal];
}
