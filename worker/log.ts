/** The worker's log: one JSON object a line, from us and from Temporal's SDK alike. */
import { appendFileSync, renameSync, statSync } from 'node:fs';
import type { LogEntry, LogLevel } from '@temporalio/worker';

export type LogSink = (entry: LogEntry) => void;
export type LogFields = Readonly<Record<string, unknown>>;

export interface WorkerLog {
  readonly sink: LogSink;
  readonly info: (message: string, fields?: LogFields) => void;
  readonly warn: (message: string, fields?: LogFields) => void;
  readonly error: (message: string, fields?: LogFields) => void;
}

/** A log file longer than this begins anew; one before it is kept. */
const LARGEST_BYTES = 20 * 1024 * 1024;

/** @param file where the lines go; stderr when undefined */
export function workerLog(file: string | undefined): WorkerLog {
  const write = file === undefined ? (line: string): void => void process.stderr.write(line) : fileWriter(file);
  const say = (level: LogLevel, message: string, fields: LogFields = {}): void =>
    write(lineOf(new Date(), level, message, fields));
  return {
    sink: ({ level, message, timestampNanos, meta }) =>
      write(lineOf(new Date(Number(timestampNanos / 1_000_000n)), level, message, meta ?? {})),
    info: (message, fields) => say('INFO', message, fields),
    warn: (message, fields) => say('WARN', message, fields),
    error: (message, fields) => say('ERROR', message, fields),
  };
}

function lineOf(time: Date, level: LogLevel, message: string, fields: LogFields): string {
  const shown = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, plain(value)]));
  return `${JSON.stringify({ time: time.toISOString(), level: level.toLowerCase(), message, ...shown })}\n`;
}

function plain(value: unknown): unknown {
  if (value instanceof Error)
    return {
      name: value.name,
      message: value.message,
      ...(value.cause === undefined ? {} : { cause: plain(value.cause) }),
    };
  return typeof value === 'bigint' ? String(value) : value;
}

function fileWriter(file: string): (line: string) => void {
  let bytes = sizeOf(file);
  return (line) => {
    if (bytes > LARGEST_BYTES) {
      renameSync(file, `${file}.1`);
      bytes = 0;
    }
    appendFileSync(file, line, { mode: 0o600 });
    bytes += line.length;
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
