import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeScaffold } from '../../client/plugin-scaffold.js';
import { writeTypes } from '../../client/plugin-types-file.js';

async function scratch(): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-scaffold-'));
  onTestFinished(async () => await rm(folder, { recursive: true }));
  return folder;
}

test('a new plugin is called as its author wants, everywhere', async () => {
  const folder = await scratch();
  const files = await writeScaffold('my-disks', folder, { caisson: '^1.0.0' });
  expect(files).toContain('test/histories/audit.json');
  const texts = await Promise.all(files.map(async (file) => await readFile(path.join(folder, file), 'utf8')));
  for (const [at, text] of texts.entries()) expect(text, files[at]).not.toMatch(/%[A-Z_]+%|qq.plugin/);
  const manifest = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: 'caisson-my-disks', devDependencies: { caisson: '^1.0.0' } });
  const history = await readFile(path.join(folder, 'test/histories/audit.json'), 'utf8');
  const payloads = [...history.matchAll(/"data": "([^"]+)"/g)].map(([, data = '']) =>
    Buffer.from(data, 'base64').toString(),
  );
  expect(payloads.join()).toContain('my-disks.thing.check');
  expect(payloads.join()).toContain('my_disks.nodes.Thing');
});

test('its types are those that plugins types writes', async () => {
  const folder = await scratch();
  await writeScaffold('disks', folder, { caisson: '*' });
  const options = { file: 'src/plugin-types.ts', check: true };
  expect(await writeTypes(folder, options)).toMatchObject({ plugin: 'disks', current: true });
});

test('nothing is written over, and no name taken that blueprints could not map', async () => {
  const folder = await scratch();
  await writeScaffold('disks', folder, { caisson: '*' });
  await expect(writeScaffold('disks', folder)).rejects.toMatchObject({ kind: 'conflict' });
  await expect(writeScaffold('No Name', path.join(folder, 'x'))).rejects.toMatchObject({ kind: 'usage' });
  expect(await readdir(folder)).not.toContain('x');
});
