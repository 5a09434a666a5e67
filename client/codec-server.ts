/**
 * A codec server: lets Temporal's UI and command show what Caisson has encrypted or moved to the artifact store. It runs
 * where the keys are, and hands what it decrypts to whoever may ask it.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Payload } from '@temporalio/common';
import { ExternalStorageRunner } from '@temporalio/common/lib/internal-non-workflow/external-storage-runner.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { createDataConverter } from '../store/data-converter.js';
import type { EncryptionKeys } from '../store/encryption.js';

export interface CodecServerOptions {
  readonly store: ArtifactStore;
  readonly encryption?: EncryptionKeys | undefined;
  readonly host: string;
  readonly port: number;
  /** Origins of the pages that may ask it from a browser, e.g. `http://127.0.0.1:8233`. */
  readonly origins: readonly string[];
}

/** A payload as the protocol has it: bytes in base64. */
interface WirePayload {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly data?: string;
}

const LARGEST_BODY = 64 * 1024 * 1024;

export async function startCodecServer(options: CodecServerOptions): Promise<Server> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: Error) => {
      response.writeHead(400, { 'content-type': 'text/plain' }).end(error.message);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return server;
}

async function answer(options: CodecServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { origin } = request.headers;
  // Other pages in the same browser are not to read anything.
  if (origin !== undefined && !options.origins.includes(origin)) return void response.writeHead(403).end();
  if (origin !== undefined) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-headers', 'content-type, x-namespace, authorization');
    response.setHeader('access-control-allow-credentials', 'true');
  }
  if (request.method === 'OPTIONS') return void response.writeHead(204).end();
  const verb = request.url?.split('?')[0]?.split('/').at(-1);
  if (request.method !== 'POST' || (verb !== 'decode' && verb !== 'encode')) return void response.writeHead(404).end();
  const { payloads = [] } = JSON.parse(await bodyOf(request)) as { payloads?: readonly WirePayload[] };
  const turned = await (verb === 'decode' ? decoded : encoded)(options, payloads.map(fromWire));
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ payloads: turned.map(toWire) }));
}

async function decoded({ store, encryption }: CodecServerOptions, payloads: Payload[]): Promise<Payload[]> {
  const { externalStorage, payloadCodecs = [] } = createDataConverter(store, encryption);
  let turned = externalStorage ? await new ExternalStorageRunner(externalStorage).retrieve(payloads) : payloads;
  for (const codec of [...payloadCodecs].reverse()) turned = await codec.decode(turned);
  return turned;
}

async function encoded({ store, encryption }: CodecServerOptions, payloads: Payload[]): Promise<Payload[]> {
  let turned = payloads;
  for (const codec of createDataConverter(store, encryption).payloadCodecs ?? []) turned = await codec.encode(turned);
  return turned;
}

function fromWire({ metadata = {}, data = '' }: WirePayload): Payload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
    data: Buffer.from(data, 'base64'),
  };
}

function toWire({ metadata, data }: Payload): WirePayload {
  const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, text(value)])),
    data: text(data),
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > LARGEST_BODY) throw new Error('the request is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
