import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkFolder, takeIn, takeOut } from '../../client/installed-plugins.js';
import { writeScaffold } from '../../client/plugin-scaffold.js';
import { runOperation } from '../../plugins/sdk/testing.js';

let folder: string;
let plugins: string;
let disks: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-take-'));
  plugins = path.join(folder, 'plugins');
  disks = path.join(folder, 'disks');
  await writeScaffold('disks', disks);
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

test('a new plugin fits together and works', async () => {
  const { loaded, problems } = await checkFolder(disks);
  expect(problems).toEqual([]);
  const file = path.join(folder, 'thing');
  const run = await runOperation(loaded.plugin, 'thing.create', { properties: { path: file }, inputs: { text: 'hi' } });
  expect(run).toMatchObject({ status: 'succeeded', runtimeProperties: { path: file } });
  expect(await readFile(file, 'utf8')).toBe('hi');
});

test('nothing is written over', async () => {
  await expect(writeScaffold('disks', disks)).rejects.toMatchObject({ kind: 'conflict' });
  await expect(writeScaffold('No Name', path.join(folder, 'x'))).rejects.toMatchObject({ kind: 'usage' });
});

test('a plugin is taken in from its folder or its archive, and out again', async () => {
  const first = await takeIn(disks, plugins);
  expect(first.loaded.folder).toBe(path.join(plugins, 'caisson-disks'));
  await expect(takeIn(disks, plugins)).rejects.toMatchObject({ kind: 'conflict' });
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts'], { cwd: disks });
  const archive = path.join(disks, 'caisson-disks-0.1.0.tgz');
  await takeIn(archive, plugins, { replace: true });
  expect(await readdir(plugins)).toEqual(['caisson-disks']);
  expect(await readdir(path.join(plugins, 'caisson-disks'))).toContain('plugin.yaml');
  expect(await takeOut('disks', [plugins])).toBe(path.join(plugins, 'caisson-disks'));
  expect(await readdir(plugins)).toEqual([]);
  await expect(takeOut('disks', [plugins])).rejects.toMatchObject({ kind: 'not-found' });
});

test('one that does not fit together is refused, and leaves nothing behind', async () => {
  await appendFile(path.join(disks, 'plugin.yaml'), '        stop: disks.thing.halt\n');
  await expect(takeIn(disks, plugins)).rejects.toThrow('the plugin has no operation thing.halt');
  await writeFile(path.join(folder, 'no.tgz'), 'no archive');
  await expect(takeIn(path.join(folder, 'no.tgz'), plugins)).rejects.toMatchObject({ kind: 'validation' });
  await expect(takeIn(path.join(folder, 'none'), plugins)).rejects.toMatchObject({ kind: 'usage' });
  await expect(takeIn(plugins, plugins)).rejects.toMatchObject({ kind: 'validation' });
  expect(await readdir(plugins)).toEqual([]);
});
