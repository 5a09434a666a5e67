/** The streams of pulls and builds: one JSON object a line. Their failures come as lines too, after a good status. */

import { NonRecoverableError, RecoverableError } from '../../sdk/errors.js';
import { engineFailure } from '../engine/failure.js';
import type { Engine } from '../engine/open.js';

export interface ProgressLine {
  readonly status?: string;
  readonly id?: string;
  /** Of layers that are on their way; such lines are many. */
  readonly progress?: string;
  readonly stream?: string;
  readonly aux?: { readonly ID?: string };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

/** Another attempt may find the registry, or the network to it, well again. */
const PASSING =
  /connection refused|connection reset|timeout|timed out|no such host|temporary failure|unexpected eof|: eof|too many requests|toomanyrequests|bad gateway|service unavailable|network is unreachable/i;

/**
 * Reads a stream to its end.
 *
 * @param what what could not be done if it fails
 * @throws RecoverableError or NonRecoverableError when a line tells of a failure
 */
export async function follow(
  { signal, where }: Engine,
  what: string,
  stream: NodeJS.ReadableStream,
  onLine: (line: ProgressLine) => void,
): Promise<void> {
  let rest = '';
  let failure: string | undefined;
  const read = (text: string): void => {
    if (text.trim() === '') return;
    const line = JSON.parse(text) as ProgressLine;
    failure ??= line.errorDetail?.message ?? line.error;
    onLine(line);
  };
  try {
    for await (const chunk of stream) {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) read(line);
    }
    read(rest);
  } catch (error) {
    signal.throwIfAborted();
    throw engineFailure(what, where, error);
  }
  signal.throwIfAborted();
  if (failure === undefined) return;
  const message = `${what} (engine at ${where}): ${failure}`;
  throw PASSING.test(failure) ? new RecoverableError(message) : new NonRecoverableError(message);
}

/** A failure that the engine reported by its status: a registry that is away reads as an error of the engine. */
export function isPassingPull(message: string): boolean {
  return PASSING.test(message);
}
