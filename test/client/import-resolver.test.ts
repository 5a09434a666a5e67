import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { importResolver, parseImportRules } from '../../client/import-resolver.js';
import { scratchFolder } from '../store/scratch.js';

/** A server of the test's own, gone when the test has finished. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('an address is read once', async () => {
  let requests = 0;
  const url = await serve((_, response) => {
    requests += 1;
    response.end('inputs: {}');
  });
  const read = importResolver();
  expect(await Promise.all([read(`${url}/a.yaml`), read(`${url}/a.yaml`)])).toEqual(['inputs: {}', 'inputs: {}']);
  expect(requests).toBe(1);
});

test('rules say where addresses are read from instead: a mirror, or a folder', async () => {
  const url = await serve((request, response) => void response.end(request.url));
  const folder = await scratchFolder({ 'x/types.yaml': 'local' });
  const rules = parseImportRules(`http://old.example/=${url}/mirror/, http://older.example/=${folder}/`);
  const read = importResolver({ rules, fallback: false });
  expect(await read('http://old.example/a.yaml')).toBe('/mirror/a.yaml');
  expect(await read('http://older.example/x/types.yaml')).toBe('local');
  await expect(read('http://other.example/a.yaml')).rejects.toThrow('no rule says where it is read from');
});

test('a server that fails is asked again, one that refuses is not', async () => {
  let requests = 0;
  const url = await serve((request, response) => {
    requests += 1;
    response.statusCode = request.url === '/missing' ? 404 : requests < 3 ? 503 : 200;
    response.end('text');
  });
  const read = importResolver({ pause: 1 });
  expect(await read(`${url}/a.yaml`)).toBe('text');
  expect(requests).toBe(3);
  await expect(read(`${url}/missing`)).rejects.toThrow('the server answers 404');
  expect(requests).toBe(4);
});

test('what is too large, redirects for ever, goes elsewhere or never answers is refused', async () => {
  const url = await serve((request, response) => {
    if (request.url === '/large') response.end('x'.repeat(2_000));
    else if (request.url === '/round') response.writeHead(302, { location: '/round' }).end();
    else if (request.url === '/file') response.writeHead(302, { location: 'file:///etc/hostname' }).end();
    else if (request.url === '/moved') response.writeHead(301, { location: '/here' }).end();
    else if (request.url === '/here') response.end('found');
  });
  const read = importResolver({ largest: 1_000, timeout: 300, attempts: 1 });
  expect(await read(`${url}/moved`)).toBe('found');
  await expect(read(`${url}/large`)).rejects.toThrow('larger than 1000 bytes');
  await expect(read(`${url}/round`)).rejects.toThrow('more than 5 redirects');
  await expect(read(`${url}/file`)).rejects.toThrow('redirects from http: to file:');
  await expect(read(`${url}/silent`)).rejects.toThrow('no answer within 0.3 s');
});

test('rules are pairs of prefix and replacement', () => {
  expect(parseImportRules(' a=b , http://x/=file:///y/?q=1')).toEqual([
    { prefix: 'a', replacement: 'b' },
    { prefix: 'http://x/', replacement: 'file:///y/?q=1' },
  ]);
  expect(() => parseImportRules('nothing')).toThrow('no PREFIX=REPLACEMENT');
});

test('addresses other than http, https and file are not read', async () => {
  const rules = [{ prefix: 'http://x/', replacement: 'ftp://y/' }];
  await expect(importResolver({ rules, fallback: false })('http://x/a')).rejects.toThrow('only http, https and file');
  await expect(
    importResolver({ rules: [{ prefix: 'http://x/', replacement: path.sep }], fallback: false })('http://x/nowhere'),
  ).rejects.toThrow('cannot be read (ENOENT)');
});
