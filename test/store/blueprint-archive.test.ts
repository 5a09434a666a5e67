import { chmod, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { archivedFile, extractBlueprint, storeBlueprint } from '../../store/blueprint-archive.js';
import { openArtifactStore } from '../../store/open.js';
import { scratchFolder } from './scratch.js';

const blueprint = {
  'blueprint.yaml': 'tosca_definitions_version: cloudify_dsl_1_3\n',
  'scripts/start.sh': '#!/bin/sh\n',
};

test('what was stored comes out the same, modes included', async () => {
  const store = openArtifactStore(await scratchFolder());
  const folder = await scratchFolder(blueprint);
  await chmod(path.join(folder, 'scripts/start.sh'), 0o755);
  const extracted = await extractBlueprint(store, await storeBlueprint(store, folder), await scratchFolder());
  expect(await readFile(path.join(extracted, 'blueprint.yaml'), 'utf8')).toBe(blueprint['blueprint.yaml']);
  expect((await stat(path.join(extracted, 'scripts/start.sh'))).mode & 0o777).toBe(0o755);
});

test('the same files give the same archive, whenever they were written', async () => {
  const store = openArtifactStore(await scratchFolder());
  const [first, second] = [await scratchFolder(blueprint), await scratchFolder(blueprint)];
  await utimes(path.join(second, 'blueprint.yaml'), 1, 1);
  expect(await storeBlueprint(store, first)).toBe(await storeBlueprint(store, second));
  expect(await store.list('blueprints/')).toHaveLength(1);
});

test('version control and what .caissonignore lists stay out', async () => {
  const store = openArtifactStore(await scratchFolder());
  const folder = await scratchFolder({
    ...blueprint,
    '.git/config': 'x',
    '.caissonignore': '# big\n*.iso\ncache/\n',
    'image.iso': 'x',
    'cache/deep/file': 'x',
  });
  const extracted = await extractBlueprint(store, await storeBlueprint(store, folder), await scratchFolder());
  expect((await readdir(extracted)).sort()).toEqual(['.caissonignore', 'blueprint.yaml', 'scripts']);
});

test('files of imported blueprints stand under their namespaces, their links followed, and of some only those that are asked for', async () => {
  const store = openArtifactStore(await scratchFolder());
  const folder = await scratchFolder({ ...blueprint, 'db--scripts/start.sh': 'of an earlier version' });
  const database = await scratchFolder({ 'scripts/start.sh': 'database', 'blueprint.yaml': 'x', '.git/config': 'x' });
  await symlink('start.sh', path.join(database, 'scripts/again.sh'));
  const others = await scratchFolder({ 'log.yaml': 'x', 'scripts/log.sh': 'log', 'scripts/other.sh': 'x' });
  const hash = await storeBlueprint(store, folder, [
    { namespace: 'db', folder: database },
    { namespace: 'db--log', folder: others, files: ['scripts/log.sh', 'scripts/none.sh', '../scripts/other.sh'] },
  ]);
  const extracted = await extractBlueprint(store, hash, await scratchFolder());
  expect((await readdir(extracted, { recursive: true })).filter((name) => name.includes('.')).sort()).toEqual([
    'blueprint.yaml',
    'db--blueprint.yaml',
    'db--log--scripts/log.sh',
    'db--scripts/again.sh',
    'db--scripts/start.sh',
    'scripts/start.sh',
  ]);
  expect(await readFile(path.join(extracted, 'db--scripts/again.sh'), 'utf8')).toBe('database');
  expect(await archivedFile(extracted, 'db--scripts/start.sh')).toBe(path.join(extracted, 'db--scripts/start.sh'));
  expect(await archivedFile(extracted, 'db--lib--scripts/start.sh')).toBe(path.join(extracted, 'db--scripts/start.sh'));
  expect(await archivedFile(extracted, 'lib--scripts/start.sh')).toBe(path.join(extracted, 'scripts/start.sh'));
  expect(await archivedFile(extracted, 'x--../scripts/start.sh')).toBeUndefined();
});

test('a link out of the folder is refused, one within is kept', async () => {
  const store = openArtifactStore(await scratchFolder());
  const folder = await scratchFolder(blueprint);
  await symlink('start.sh', path.join(folder, 'scripts/again.sh'));
  await storeBlueprint(store, folder);
  await symlink('/etc/passwd', path.join(folder, 'scripts/passwd'));
  await expect(storeBlueprint(store, folder)).rejects.toThrow('scripts/passwd is a link out of the blueprint');
});

test('two that unpack one archive at once get the same whole folder', async () => {
  const store = openArtifactStore(await scratchFolder());
  const hash = await storeBlueprint(store, await scratchFolder(blueprint));
  const cache = await scratchFolder();
  const folders = await Promise.all(Array.from({ length: 8 }, () => extractBlueprint(store, hash, cache)));
  expect(new Set(folders).size).toBe(1);
  expect(await readdir(cache)).toEqual([hash]);
});

test('an archive that was tampered with is refused', async () => {
  const home = await scratchFolder();
  const store = openArtifactStore(home);
  const hash = await storeBlueprint(store, await scratchFolder(blueprint));
  await writeFile(path.join(home, 'blueprints', `${hash}.tar.gz`), 'other');
  await expect(extractBlueprint(store, hash, await scratchFolder())).rejects.toThrow('damaged');
});
