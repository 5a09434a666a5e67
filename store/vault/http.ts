/** Requests to Vault: with its own authority, a limit on time and size, and tries again while it is away. */
import http from 'node:http';
import https from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { SecretsUnavailable } from '../secrets.js';

export interface VaultTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
}

export interface VaultRequest {
  readonly method: 'GET' | 'POST' | 'DELETE' | 'LIST';
  /** Below `/v1/`, its segments encoded. */
  readonly path: string;
  readonly body?: JsonObject;
  readonly headers: Readonly<Record<string, string>>;
}

export interface VaultAnswer {
  readonly status: number;
  /** Null for an answer without a document. */
  readonly body: JsonObject | null;
}

export type VaultHttp = (request: VaultRequest) => Promise<VaultAnswer>;

const REQUEST_MS = 10_000;
const LARGEST_BYTES = 4 * 1024 * 1024;
const MOST_TRIES = 4;
const FIRST_PAUSE_MS = 150;
/** Asked again: it is busy, sealed for a moment, or has lost its leader. 412: a replica that has not seen our last write. */
const PASSING = new Set([412, 429, 500, 502, 503, 504]);

/** @throws Error for an address that is none */
export function vaultHttp(address: string, tls: VaultTls): VaultHttp {
  const base = new URL(address.endsWith('/') ? address : `${address}/`);
  if (base.protocol !== 'https:' && base.protocol !== 'http:')
    throw new Error(`the address of Vault must be an http or https URL, not ${base.protocol}`);
  // A worker asks seldom: connections that are kept would only be found broken.
  const agent = base.protocol === 'https:' ? new https.Agent(tls) : new http.Agent();

  return async (request) => {
    for (let tries = 1; ; tries += 1) {
      try {
        const answer = await followed(new URL(`v1/${request.path}`, base), request, agent);
        if (!PASSING.has(answer.status) || tries === MOST_TRIES) return answer;
      } catch (error) {
        if (tries === MOST_TRIES || !isPassing(error))
          throw new SecretsUnavailable(`Vault at ${base.origin} cannot be reached: ${(error as Error).message}`, {
            cause: error,
          });
      }
      await pause(FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.75 + Math.random() / 2));
    }
  };
}

/** A standby sends to the node that leads. Once, and never from TLS to a plain connection: the token goes along. */
async function followed(url: URL, request: VaultRequest, agent: http.Agent): Promise<VaultAnswer> {
  const first = await asked(url, request, agent);
  if (first.status !== 307 || first.location === undefined) return first;
  const target = new URL(first.location, url);
  if (target.protocol !== url.protocol)
    throw new SecretsUnavailable(`Vault at ${url.origin} sends to ${target.protocol}//, which is not followed`);
  return await asked(target, request, agent);
}

function asked(
  url: URL,
  { method, body, headers }: VaultRequest,
  agent: http.Agent,
): Promise<VaultAnswer & { readonly location?: string | undefined }> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const sent = request(
      url,
      {
        method,
        agent,
        timeout: REQUEST_MS,
        signal: AbortSignal.timeout(REQUEST_MS),
        headers: {
          'x-vault-request': 'true',
          ...headers,
          ...(text === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > LARGEST_BYTES) response.destroy(new SecretsUnavailable('the answer is too long'));
          else chunks.push(chunk);
        });
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode = 0 } = response;
          try {
            const { location } = response.headers;
            resolve({
              status: statusCode,
              body: documentIn(Buffer.concat(chunks).toString('utf8'), statusCode),
              location,
            });
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    sent.on('error', reject);
    sent.end(text);
  });
}

/** What is no document is not shown: who knows what it is. */
function documentIn(text: string, status: number): JsonObject | null {
  if (text.trim() === '') return null;
  let document: Json;
  try {
    document = JSON.parse(text) as Json;
  } catch {
    // A proxy's page beside an error: the status says enough.
    if (status >= 400) return null;
    throw new SecretsUnavailable('it answers with something that is no JSON; is that address a Vault?');
  }
  return typeof document === 'object' && document !== null && !Array.isArray(document)
    ? (document as JsonObject)
    : null;
}

/** Certificates do not mend themselves, and neither does an answer of another kind. */
function isPassing(error: unknown): boolean {
  if (error instanceof SecretsUnavailable) return false;
  const { code = '', name } = error as NodeJS.ErrnoException;
  return (
    name === 'TimeoutError' ||
    ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'EAI_AGAIN', 'ECONNABORTED'].includes(code)
  );
}
