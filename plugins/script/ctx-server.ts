/**
 * Serves the context of one running script over HTTP on the loopback address.
 *
 * The address holds an unguessable token, so no other process of the machine can speak for the script; it is served one
 * request after the other, and no longer than the script runs.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json, JsonObject } from '../sdk/index.js';
import { type Members, runCommand, runWords } from './ctx-command.js';
import { Stopped } from './ctx-members.js';
import { pythonJson } from './python-json.js';

export interface CtxServer {
  /** What scripts are given as `CTX_SOCKET_URL`. */
  readonly url: string;
  /** Answers what is under way, then nobody. */
  close(): Promise<void>;
}

/** Structured requests, which the clients in other languages are built on: name and parameters in, JSON out. */
export type Calls = Readonly<Record<string, (parameters: JsonObject) => unknown>>;

const LARGEST_BODY = 32 * 1024 * 1024;
/** The `ctx` command sends its arguments as they are, each ended by a NUL. */
const ARGUMENTS = 'application/x-ctx-arguments';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly exit?: number;
  readonly body: string;
}

export async function serveContext(members: Members, calls: Calls): Promise<CtxServer> {
  const token = randomBytes(24).toString('base64url');
  let queue: Promise<unknown> = Promise.resolve();
  let closed = false;

  const server = createServer((request, response) => {
    if (!authorised(request, token)) {
      // Nothing of what a stranger sends is read.
      response.setHeader('connection', 'close');
      return send(response, { status: 404, type: 'text/plain', body: 'not found\n' });
    }
    void readBody(request).then(
      (body) => {
        if (body === undefined)
          return send(response, {
            status: 413,
            type: 'text/plain',
            exit: 1,
            body: `more than ${LARGEST_BODY} bytes\n`,
          });
        queue = queue.then(async () => {
          if (closed) return send(response, { status: 410, type: 'text/plain', body: 'the script has ended\n' });
          send(response, await answer(request, body));
        });
      },
      () => response.destroy(),
    );
  });
  // Idle connections of a client that forgot to close them hold nothing open.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });

  async function answer(request: IncomingMessage, body: Buffer): Promise<Answer> {
    if (request.method !== 'POST') return { status: 405, type: 'text/plain', body: 'POST only\n' };
    return request.headers['content-type'] === ARGUMENTS
      ? await answerCommand(members, body)
      : await answerJson(members, calls, body);
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}`,
    async close() {
      await queue;
      closed = true;
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answerCommand(members: Members, body: Buffer): Promise<Answer> {
  const args = body.toString('utf8').split('\0').slice(0, -1);
  try {
    const { value, json } = await runCommand(members, args);
    return { status: 200, type: 'text/plain; charset=utf-8', exit: 0, body: json ? pythonJson(value) : shown(value) };
  } catch (error) {
    const body = error instanceof Stopped ? `${error.message}\n` : `${described(error)}\n`;
    return { status: 200, type: 'text/plain; charset=utf-8', exit: 1, body };
  }
}

async function answerJson(members: Members, calls: Calls, body: Buffer): Promise<Answer> {
  let answer: Json;
  try {
    const request = JSON.parse(body.toString('utf8')) as { args?: unknown; call?: unknown; params?: unknown };
    const call =
      typeof request.call === 'string' && Object.hasOwn(calls, request.call) ? calls[request.call] : undefined;
    if (request.call !== undefined && !call) throw new Error(`there is no call ${String(request.call)}`);
    const payload = call
      ? await call((request.params ?? {}) as JsonObject)
      : await runWords(members, Array.isArray(request.args) ? request.args : []);
    answer = { type: 'result', payload: (payload ?? null) as Json };
  } catch (error) {
    answer =
      error instanceof Stopped
        ? { type: 'stop_operation', payload: { message: error.message } }
        : { type: 'error', payload: { type: nameOf(error), message: messageOf(error), traceback: '' } };
  }
  return { status: 200, type: 'application/json', body: JSON.stringify(answer) };
}

/** Text as it is; objects as JSON, since no shell can take Python's form apart. */
function shown(value: Json): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : pythonJson(value);
}

function described(error: unknown): string {
  return `${nameOf(error)}: ${messageOf(error)}`;
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function authorised({ url = '' }: IncomingMessage, token: string): boolean {
  const given = Buffer.from(url.slice(1).replace(/[/?].*$/, ''));
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

/** @returns undefined for a body that is too large */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= LARGEST_BODY) parts.push(part);
    else parts.length = 0;
  }
  return size > LARGEST_BODY ? undefined : Buffer.concat(parts);
}

function send(response: ServerResponse, { status, type, exit, body }: Answer): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    ...(exit === undefined ? {} : { 'x-ctx-exit': String(exit) }),
  });
  response.end(bytes);
}
