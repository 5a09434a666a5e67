/** Tests the example plugin the way its author would: with the test kit, without a Temporal server. */
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkPlugin } from '../../plugins/check.js';
import { loadPlugin } from '../../plugins/load.js';
import { runOperation } from '../../plugins/sdk/testing.js';

const { plugin, ...installed } = await loadPlugin(
  fileURLToPath(new URL('../../examples/plugins/port-lease', import.meta.url)),
);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'leases-'));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const create = async (instanceId: string, from = 28_100, to = 28_103) =>
  await runOperation(plugin, 'lease.create', { instanceId, properties: { folder, from, to } });

test('its description and its code fit together', async () => {
  expect(await checkPlugin({ plugin, ...installed })).toEqual([]);
});

test('instances get ports of their own, none that is in use, and give them back', async () => {
  const busy = createServer();
  await new Promise<void>((resolve) => busy.listen(28_101, '127.0.0.1', resolve));
  try {
    const runs = await Promise.all(['a', 'b', 'c'].map((id) => create(id)));
    expect(runs.map((run) => run.runtimeProperties.port).sort()).toEqual([28_100, 28_102, 28_103]);
    expect(await create('d')).toMatchObject({ status: 'non-recoverable' });
    await runOperation(plugin, 'lease.delete', { instanceId: 'b', properties: { folder } });
    expect((await create('d')).status).toBe('succeeded');
  } finally {
    busy.close();
  }
});

test('an attempt after a crash finds the lease of the one before', async () => {
  await writeFile(path.join(folder, '28102'), 'a');
  expect((await create('a')).runtimeProperties.port).toBe(28_102);
  expect(await readdir(folder)).toEqual(['28102']);
});

test('what is not leased is deleted without complaint', async () => {
  const run = await runOperation(plugin, 'lease.delete', { properties: { folder } });
  expect(run.status).toBe('succeeded');
});

test('listeners learn their port and forget it', async () => {
  const target = { runtimeProperties: { port: 28_100 } };
  const run = await runOperation(plugin, 'listener.assign', { source: {}, target });
  expect(run.stored('source_1')).toEqual({ port: 28_100 });
});
