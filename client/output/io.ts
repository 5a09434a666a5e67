/** The streams of a command, and what is known about the person or program at their other end. */
import type { Writable } from 'node:stream';
import { createColors } from 'picocolors';

export type Colors = ReturnType<typeof createColors>;

export interface Io {
  /** Data: what a script reads. */
  readonly out: (text: string) => void;
  /** Talk: progress, warnings, errors. */
  readonly err: (text: string) => void;
  readonly stdin: NodeJS.ReadableStream;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** A person reads stdout, and can be asked on stdin. */
  readonly isTerminal: boolean;
  readonly canAsk: boolean;
  /** Width of the terminal, or 80. */
  readonly columns: () => number;
  readonly colors: Colors;
}

export type ColorMode = 'always' | 'never' | 'auto';

/** @param environment NO_COLOR, FORCE_COLOR and CI are looked at */
export function processIo(mode: ColorMode, environment: NodeJS.ProcessEnv = process.env): Io {
  const isTerminal = process.stdout.isTTY === true;
  const automated = (environment.CI ?? '') !== '';
  const forced = (environment.FORCE_COLOR ?? '') !== '' && environment.FORCE_COLOR !== '0';
  const wanted = (environment.NO_COLOR ?? '') === '' && (forced || (isTerminal && environment.TERM !== 'dumb'));
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    isTerminal,
    canAsk: isTerminal && process.stdin.isTTY === true && !automated,
    columns: () => process.stdout.columns ?? 80,
    colors: createColors(mode === 'always' || (mode === 'auto' && wanted)),
  };
}
