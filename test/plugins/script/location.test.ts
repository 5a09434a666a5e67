import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import script from '../../../plugins/script/index.js';
import type { JsonObject } from '../../../plugins/sdk/index.js';
import { runOperation } from '../../../plugins/sdk/testing.js';
import { output, runFile } from './stage.js';

let folder: string;
let server: Server;
let origin: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-location-'));
  await writeFile(path.join(folder, 'local.sh'), 'echo local\n');
  server = createServer((request, response) => {
    if (request.url === '/moved.sh') response.writeHead(302, { location: '/remote.sh?x=1' }).end();
    else if (request.url === '/loop.sh') response.writeHead(302, { location: '/loop.sh' }).end();
    else if (request.url === '/out.sh') response.writeHead(302, { location: 'file:///etc/passwd' }).end();
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is sh's
    else if (request.url?.startsWith('/remote.sh')) response.end('echo "remote ${0##*/}"\n');
    else if (request.url === '/run.py') response.end("print('python')\n");
    else response.writeHead(503).end('echo no\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true, force: true });
});

const at = async (script_path: string, more: JsonObject = {}) =>
  await runOperation(script, 'run', { inputs: { script_path, ...more } });

test('a script of the worker’s own disk: an absolute path, or a file URL', async () => {
  const file = path.join(folder, 'local.sh');
  expect(output(await at(file))).toEqual(['local']);
  expect(output(await at(pathToFileURL(file).href))).toEqual(['local']);
});

test('a script from the network, redirects followed; by its name it may be Python', async () => {
  expect(output(await at(`${origin}/remote.sh?token=1`))).toEqual(['remote remote.sh']);
  expect(output(await at(`${origin}/moved.sh`))).toEqual(['remote moved.sh']);
  expect(output(await at(`${origin}/run.py`))).toEqual(['python']);
});

test('anything but 200 is a failure for good, no answer is not', async () => {
  const refused = await at(`${origin}/none.sh`);
  expect(refused).toMatchObject({ status: 'non-recoverable', error: { name: 'HttpException', code: 503 } });
  expect((await at(`${origin}/loop.sh`)).error?.message).toMatch('redirects');
  expect(await at(`${origin}/out.sh`)).toMatchObject({ status: 'non-recoverable' });
  expect(await at('http://127.0.0.1:9/x.sh')).toMatchObject({ status: 'recoverable' });
});

test.each([
  [{}, /one of script_path and script_source, not none/],
  [{ script_path: 'a', script_source: 'b' }, /not both/],
  [{ script_path: 'missing.sh' }, /missing\.sh was not found/],
  [{ script_path: '../../etc/passwd' }, /outside the blueprint/],
  [{ script_path: '/nowhere/x.sh' }, /no file on this worker/],
  [{ script_path: 'ftp://host/x.sh' }, /ftp is not among/],
  [{ script_source: 'true', process: { ctx_proxy_type: 'carrier' } }, /Unsupported proxy type: carrier/],
  [{ script_source: 'true', process: { cwd: '/nowhere' } }, /cwd \/nowhere is no folder/],
  [{ script_source: 'true', process: { args: 'x' } }, /process\.args must be a list/],
  [{ script_source: 'true', big: 'x'.repeat(200_000) }, /input big is \d+ bytes long/],
  [{ script_source: 'true', 'a=b': 1 }, /cannot be the name/],
])('a call that no attempt could make good fails for good: %#', async (inputs, message) => {
  const run = await runOperation(script, 'run', { inputs });
  expect(run.status).toBe('non-recoverable');
  expect(run.error?.message).toMatch(message);
});

test('without a proxy there is no ctx', async () => {
  const run = await runFile('x.sh', 'command -v ctx || echo "none $CTX_SOCKET_URL"\n', {
    process: { ctx_proxy_type: 'none' },
  });
  expect(output(run)).toEqual(['none ']);
});

test('a Python script on a worker without Python says so', async () => {
  process.env.CAISSON_PYTHON = '/nowhere/python3';
  try {
    const run = await runFile('x.py', 'pass\n');
    expect(run.status).toBe('non-recoverable');
    expect(run.error?.message).toMatch(/x\.py is a Python script, and this worker has no python3/);
  } finally {
    delete process.env.CAISSON_PYTHON;
  }
});

test('a .ps1 is PowerShell’s', async () => {
  const pwsh = path.join(folder, 'pwsh');
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is sh's
  await writeFile(pwsh, '#!/bin/sh\necho "powershell ${1##*/}"\n', { mode: 0o755 });
  const run = await runFile('x.ps1', 'Write-Host\n', { process: { env: { PATH: `${folder}:/usr/bin:/bin` } } });
  expect(output(run)).toEqual(['powershell x.ps1']);
});
