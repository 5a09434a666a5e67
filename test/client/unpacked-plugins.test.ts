import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeUnpacked, unpackedPlugins } from '../../client/unpacked-plugins.js';
import { noteUse } from '../../plugins/files/last-use.js';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
});
afterEach(async () => await rm(cache, { recursive: true, force: true }));

const PACKAGE = 'ab'.repeat(32);
const LONG_AGO = new Date('2024-01-01T00:00:00Z');

async function folder(...below: readonly string[]): Promise<string> {
  const made = path.join(cache, 'plugins', ...below);
  await mkdir(made, { recursive: true });
  await writeFile(path.join(made, 'file'), '12345');
  return made;
}

async function usedLongAgo(one: string): Promise<string> {
  await noteUse(one);
  await utimes(`${one}.used`, LONG_AGO, LONG_AGO);
  return one;
}

test('what a machine keeps of plugins, how much it is, and when it was used last', async () => {
  await usedLongAgo(await folder(PACKAGE));
  await folder(`.${PACKAGE}.0011`);
  await writeFile(path.join(await folder('python/environments/whole-1'), 'complete.json'), '{}');
  await folder('python/environments/half-2');
  await folder('python/sources/abc');
  const found = await unpackedPlugins(cache);
  expect(Object.fromEntries(found.map(({ name, kind, bytes }) => [name, [kind, bytes]]))).toEqual({
    [PACKAGE]: ['package', 5],
    [`.${PACKAGE}.0011`]: ['leftover', 5],
    'whole-1': ['environment', 7],
    'half-2': ['leftover', 5],
    abc: ['download', 5],
  });
  expect(found.find(({ kind }) => kind === 'package')?.usedAt).toEqual(LONG_AGO);
  expect(await unpackedPlugins(path.join(cache, 'none'))).toEqual([]);
});

test('one that somebody has used since it was looked at stays', async () => {
  const own = await usedLongAgo(await folder(PACKAGE));
  const [looked] = await unpackedPlugins(cache);
  await noteUse(own);
  expect(await removeUnpacked(looked!)).toBe(false);
  expect(existsSync(path.join(own, 'file'))).toBe(true);
  const [again] = await unpackedPlugins(cache);
  expect(await removeUnpacked(again!)).toBe(true);
  expect(await readdir(path.join(cache, 'plugins'))).toEqual([]);
});
