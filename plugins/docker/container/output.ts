/** What a container, or a command in one, writes. */

import { engineFailure } from '../engine/failure.js';
import type { Engine } from '../engine/open.js';

export interface OutputPart {
  readonly stream: 'stdout' | 'stderr';
  readonly data: Buffer;
}

const HEADER = 8;

/** Takes apart the two streams of an output without a terminal; one with a terminal is all standard output. */
export async function* outputParts(
  source: AsyncIterable<Buffer | string>,
  terminal: boolean,
): AsyncGenerator<OutputPart> {
  let buffer: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const data = Buffer.from(chunk as Buffer);
    if (terminal) {
      yield { stream: 'stdout', data };
      continue;
    }
    buffer = Buffer.concat([buffer, data]);
    while (buffer.length >= HEADER) {
      const end = HEADER + buffer.readUInt32BE(4);
      if (buffer.length < end) break;
      yield { stream: buffer[0] === 2 ? 'stderr' : 'stdout', data: buffer.subarray(HEADER, end) };
      buffer = buffer.subarray(end);
    }
  }
}

/** What is kept of an output, from its end. */
const MOST_KEPT = 256 * 1024;

/** More than that an engine has never been seen to withhold; less than what is kept, so that both have a part in common. */
const MOST_MISSED = 64 * 1024;

/** Reads an output to its end, giving each line away as it comes, and returns the last of it. */
export async function readOutput(
  { signal, where }: Engine,
  what: string,
  stream: NodeJS.ReadableStream,
  terminal: boolean,
  onLine: (line: string) => void,
): Promise<string> {
  let kept = '';
  const pending = { stdout: '', stderr: '' };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  try {
    for await (const { stream: name, data } of outputParts(stream as AsyncIterable<Buffer>, terminal)) {
      const text = decoders[name].decode(data, { stream: true });
      kept = (kept + text).slice(-MOST_KEPT);
      const lines = (pending[name] + text).split('\n');
      pending[name] = lines.pop() ?? '';
      for (const line of lines) onLine(line.replace(/\r$/, ''));
    }
  } catch (error) {
    signal.throwIfAborted();
    throw engineFailure(what, where, error);
  }
  signal.throwIfAborted();
  for (const line of Object.values(pending)) if (line !== '') onLine(line);
  return kept;
}

/** The last lines that a container has written. Never fails: it only makes another message better. */
export async function lastLines(engine: Engine, id: string, terminal: boolean): Promise<string> {
  return (await tail(engine, id, terminal).catch(() => '')).trimEnd();
}

/** The end of what a container has written, as the engine keeps it. */
export async function tail({ docker }: Engine, id: string, terminal: boolean): Promise<string> {
  const logs: unknown = await docker.getContainer(id).logs({ stdout: true, stderr: true, tail: 50 });
  const bytes = Buffer.isBuffer(logs) ? logs : Buffer.from(JSON.stringify(logs));
  const parts: string[] = [];
  for await (const { data } of outputParts(asSource(bytes), terminal)) parts.push(data.toString('utf8'));
  return parts.join('').slice(-MOST_MISSED);
}

/** What of the end of an output was not among what was read of it: all that follows on the last part that was. */
export function missed(read: string, end: string): string {
  for (let known = end.length; known > 0; known -= 1) if (read.endsWith(end.slice(0, known))) return end.slice(known);
  return end;
}

async function* asSource(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
