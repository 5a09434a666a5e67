/** Sends spans to a collector in batches. Best effort: what cannot be sent is dropped, and never holds up anything else. */
import { setTimeout as pause } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { jsonOf } from './json.js';
import { protobufOf } from './protobuf.js';
import type { OtlpSettings } from './settings.js';
import type { Span, SpanBatch } from './span.js';

export interface Exporter {
  add(span: Span): void;
  /** Sends what is left. */
  close(): Promise<void>;
}

const TRIES = 4;
const FIRST_PAUSE_MS = 500;
/** What a collector says when it may take the same later. */
const LATER = [429, 502, 503, 504];

/** @param onFailure told of the first failure after a success */
export function exporterTo(
  settings: OtlpSettings,
  scope: SpanBatch['scope'],
  onFailure: (reason: string) => void,
): Exporter {
  let waiting: Span[] = [];
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();
  let failing = false;
  let closed = false;

  async function send(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    while (waiting.length > 0) {
      const spans = waiting.slice(0, settings.mostAtOnce);
      waiting = waiting.slice(spans.length);
      try {
        await post(settings, { resource: settings.resource, scope, spans }, closed ? 1 : TRIES);
        failing = false;
      } catch (error) {
        if (!failing) onFailure((error as Error).message);
        failing = true;
      }
    }
  }

  function flush(): Promise<void> {
    sending = sending.then(send);
    return sending;
  }

  return {
    add(span) {
      if (waiting.length >= settings.mostWaiting) return;
      waiting.push(span);
      if (waiting.length >= settings.mostAtOnce) void flush();
      else timer ??= setTimeout(() => void flush(), settings.delay).unref();
    },
    async close() {
      closed = true;
      await flush();
    },
  };
}

async function post(settings: OtlpSettings, batch: SpanBatch, tries: number): Promise<void> {
  const isJson = settings.protocol === 'http/json';
  const body = isJson ? Buffer.from(jsonOf(batch)) : protobufOf(batch);
  const headers = {
    ...settings.headers,
    'content-type': isJson ? 'application/json' : 'application/x-protobuf',
    ...(settings.compressed ? { 'content-encoding': 'gzip' } : {}),
  };
  const request = { method: 'POST', headers, body: settings.compressed ? gzipSync(body) : body };
  for (let tried = 1; ; tried += 1) {
    const problem = await attempt(settings, request);
    if (problem === undefined) return;
    if (!problem.later || tried >= tries) throw new Error(problem.reason);
    await pause(FIRST_PAUSE_MS * 2 ** (tried - 1), undefined, { ref: false });
  }
}

async function attempt(
  { url, timeout }: OtlpSettings,
  request: RequestInit,
): Promise<{ readonly reason: string; readonly later: boolean } | undefined> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(timeout) });
    const told = await response.text();
    if (response.ok) return undefined;
    const reason = `${new URL(url).host} answers with ${response.status}: ${told.slice(0, 200)}`;
    return { reason, later: LATER.includes(response.status) };
  } catch (error) {
    const { message, cause } = error as Error;
    const reason = cause instanceof Error && cause.message !== '' ? cause.message : message;
    return { reason: `${url} does not answer: ${reason}`, later: true };
  }
}
