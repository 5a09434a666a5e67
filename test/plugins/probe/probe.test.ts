import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import plugin from '../../../plugins/probe/index.js';
import { runOperation } from '../../../plugins/sdk/testing.js';

let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer((request, response) => {
    if (request.url === '/slow') return;
    if (request.url === '/ill') return response.writeHead(503).end('overloaded');
    response.end(JSON.stringify({ sessions: 12, version: 'v1', status: 7 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const probe = async (operation: string, inputs: JsonObject, runtimeProperties: JsonObject = { ip: '127.0.0.1' }) =>
  await runOperation(plugin, operation, { name: 'app', inputs, runtimeProperties });

test('an HTTP probe tells the status, how long it took, and the numbers of the answer', async () => {
  const done = await probe('http', { port, path: 'stats' });
  expect(done.error).toBeUndefined();
  expect(done.result).toMatchObject({ status: 200, sessions: 12, seconds: expect.any(Number) });
  expect(Object.keys(done.result as JsonObject)).not.toContain('version');
});

test.each([
  ['an error', { path: '/ill' }, /answers with 503/],
  ['another status than is asked for', { status: [204] }, /answers with 200/],
  ['an answer without the text', { contains: 'v2' }, /does not contain "v2"/],
  ['no answer in time', { path: '/slow', timeout: 0.1 }, /has not answered within 0.1 s/],
])('it fails, and is worth another try, with %s', async (_, inputs, message) => {
  expect(await probe('http', { port, ...inputs })).toMatchObject({ status: 'recoverable', error: { message } });
});

test('statuses and a text can be asked for', async () => {
  expect((await probe('http', { url: `http://127.0.0.1:${port}/ill`, status: 503 })).status).toBe('succeeded');
  expect((await probe('http', { port, contains: 'v1' })).status).toBe('succeeded');
});

test('a TCP probe succeeds where something listens, and fails where nothing does', async () => {
  expect((await probe('tcp', { port })).status).toBe('succeeded');
  const closed = await probe('tcp', { host: '127.0.0.1', port: 1 }, {});
  expect(closed).toMatchObject({
    status: 'recoverable',
    error: { message: /does not accept connections: connect ECONN/ },
  });
});

test.each([
  ['http', {}, /needs url, or port/],
  ['http', { url: 'file:///etc/passwd' }, /not an address that can be probed/],
  ['tcp', { port: 70_000 }, /needs a port/],
])('%s with %j is a mistake of the author', async (operation, inputs, message) => {
  expect(await probe(operation, inputs)).toMatchObject({ status: 'non-recoverable', error: { message } });
});
