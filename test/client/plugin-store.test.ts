import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { Header } from 'tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pluginImport } from '../../client/plugin-imports.js';
import { listPackages, onePackage, takeIn } from '../../client/plugin-store.js';
import { providerOf } from '../../plugins/catalog.js';
import { installedPlugins } from '../../plugins/installed.js';
import { wrapPlugin } from '../../plugins/python/wrap.js';
import type { ArtifactStore } from '../../store/artifact-store.js';
import { openArtifactStore } from '../../store/open.js';
import { storedPlugins } from '../../store/plugin-packages.js';
import { packageOpener } from '../../worker/plugin-packages.js';

let folder: string;
let store: ArtifactStore;
let disks: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-take-'));
  store = openArtifactStore(path.join(folder, 'store'));
  disks = path.join(folder, 'disks');
  await writePlugin();
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

async function writePlugin(): Promise<void> {
  await mkdir(disks);
  const files = {
    'package.json': JSON.stringify(
      {
        name: 'caisson-disks',
        version: '0.1.0',
        type: 'module',
        exports: './index.js',
        caissonPlugin: { yaml: 'plugin.yaml', apiVersion: 1 },
      },
      null,
      2,
    ),
    'plugin.yaml': `plugins:
  disks: { executor: central_deployment_agent, package_name: caisson-disks, package_version: "0.1.0" }
node_types:
  disks.nodes.Thing:
    derived_from: cloudify.nodes.Root
    interfaces:
      cloudify.interfaces.lifecycle:
        create: disks.thing.create
        delete: disks.thing.delete
`,
    'index.js': `import { definePlugin, operation } from 'caisson/plugin-sdk';
const run = () => 'done';
export default definePlugin({
  name: 'disks',
  operations: { 'thing.create': operation({}, run), 'thing.delete': operation({}, run) },
});
`,
  };
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(disks, file), text);
}

const versionsIn = async () =>
  (await listPackages(store)).map(({ package_name, package_version }) => `${package_name}@${package_version}`);

async function release(version: string): Promise<void> {
  for (const file of ['package.json', 'plugin.yaml']) {
    const text = await readFile(path.join(disks, file), 'utf8');
    await writeFile(path.join(disks, file), text.replace(/(version": "|version: ")[^"]*/, `$1${version}`));
  }
}

test('a plugin is taken in from its folder or its archive: the same files are the same package', async () => {
  const { taken, known } = await takeIn(store, disks);
  expect(known).toBe(false);
  expect(taken).toMatchObject({
    kind: 'npm',
    package_name: 'caisson-disks',
    package_version: '0.1.0',
    yaml: 'plugin.yaml',
  });
  expect(taken.plugins).toEqual([
    { name: 'disks', package_names: ['caisson-disks'], operations: ['thing.create', 'thing.delete'] },
  ]);
  execFileSync('npm', ['pack', '--silent', '--ignore-scripts'], { cwd: disks });
  const again = await takeIn(store, path.join(disks, 'caisson-disks-0.1.0.tgz'));
  expect(again).toMatchObject({ known: true, taken: { archive: taken.archive } });
  expect(await versionsIn()).toEqual(['caisson-disks@0.1.0']);
});

test('versions lie side by side; other files of one version are refused, or replace it for what comes', async () => {
  const first = await takeIn(store, disks);
  await appendFile(path.join(disks, 'index.js'), '\n// changed\n');
  await expect(takeIn(store, disks)).rejects.toMatchObject({ kind: 'conflict' });
  const replaced = await takeIn(store, disks, { replace: true });
  expect(replaced.taken.archive).not.toBe(first.taken.archive);
  await release('0.10.0');
  await takeIn(store, disks);
  expect(await versionsIn()).toEqual(['caisson-disks@0.10.0', 'caisson-disks@0.1.0']);
  expect((await onePackage(store, 'disks@0.1.0')).archive).toBe(replaced.taken.archive);
  expect((await onePackage(store, first.taken.archive.slice(0, 4)).catch((error) => error)).kind).toBe('not-found');
  await expect(onePackage(store, 'caisson-disks')).rejects.toThrow('several versions of caisson-disks: 0.10.0, 0.1.0');
});

test('an import picks the version it asks for, the newest without a word', async () => {
  await takeIn(store, disks);
  await release('1.2.0');
  await takeIn(store, disks);
  const catalog = await storedPlugins(store);
  const imported = async (entry: string) => (await pluginImport(entry, [1, 5] as never, catalog))?.location;
  expect(await imported('plugin:caisson-disks')).toBe('plugin:caisson-disks@1.2.0/plugin.yaml');
  expect(await imported('plugin:caisson-disks?version= >=0.1,<1')).toBe('plugin:caisson-disks@0.1.0/plugin.yaml');
  await expect(imported('plugin:caisson-disks?version=>=2')).rejects.toThrow(
    'version >=2 of plugin caisson-disks is asked for, and 1.2.0, 0.1.0 is installed',
  );
});

test('what it depends on goes with it, without any script being run', async () => {
  const dependency = path.join(folder, 'greeting');
  await mkdir(dependency);
  const scripts = { install: `touch ${path.join(folder, 'ran')}` };
  await writeFile(
    path.join(dependency, 'package.json'),
    JSON.stringify({ name: 'greeting', version: '1.0.0', type: 'module', exports: './index.js', scripts }),
  );
  await writeFile(path.join(dependency, 'index.js'), "export const greeting = 'hello';\n");
  const manifest = JSON.parse(await readFile(path.join(disks, 'package.json'), 'utf8'));
  await writeFile(
    path.join(disks, 'package.json'),
    JSON.stringify({ ...manifest, dependencies: { greeting: `file:${dependency}` } }),
  );
  await appendFile(path.join(disks, 'index.js'), "\nimport 'greeting';\n");
  const { taken } = await takeIn(store, disks);
  await rm(dependency, { recursive: true });
  const opened = await packageOpener(store, path.join(folder, 'cache'))(taken.archive);
  expect(opened.operation('disks.thing.create')).toBeDefined();
  expect(opened.operation('disks.thing.none')).toBeUndefined();
  expect(await readdir(folder)).not.toContain('ran');
});

test('a plugin in Python is a package like any other, and may come in the place of one that is built in', async () => {
  const description = path.join(folder, 'docker.yaml');
  await writeFile(
    description,
    `plugins:
  docker: { executor: central_deployment_agent, package_name: cloudify-docker-plugin, package_version: '9.0.0' }
node_types:
  acme.Container:
    derived_from: cloudify.nodes.Root
    interfaces:
      cloudify.interfaces.lifecycle:
        create: docker.cloudify_docker.tasks.create_container
`,
  );
  const wrapped = path.join(folder, 'wrapped');
  await wrapPlugin('cloudify-docker-plugin==9.0.0', [description], wrapped);
  const { taken } = await takeIn(store, wrapped);
  const opened = await packageOpener(store, path.join(folder, 'cache'))(taken.archive);
  expect(opened.operation('docker.cloudify_docker.tasks.create_container')).toBeDefined();
  const catalog = await installedPlugins([], { packages: await storedPlugins(store) });
  const named = { name: 'docker', package_name: 'cloudify-docker-plugin', package_version: '9.0.0' };
  const provider = providerOf(catalog, named, 'cloudify_docker.tasks.create_container');
  expect(provider?.installed.archive).toBe(taken.archive);
});

test('one that does not fit together is refused, and leaves nothing behind', async () => {
  await appendFile(path.join(disks, 'plugin.yaml'), '        stop: disks.thing.halt\n');
  await expect(takeIn(store, disks)).rejects.toThrow('the plugin has no operation thing.halt');
  await writeFile(path.join(folder, 'no.tgz'), 'no archive');
  await expect(takeIn(store, path.join(folder, 'no.tgz'))).rejects.toMatchObject({ kind: 'validation' });
  await expect(takeIn(store, path.join(folder, 'none'))).rejects.toMatchObject({ kind: 'usage' });
  await expect(takeIn(store, folder)).rejects.toMatchObject({ kind: 'validation' });
  expect(await store.list('')).toEqual([]);
});

test('its description must state the version of its package', async () => {
  const manifest = await readFile(path.join(disks, 'package.json'), 'utf8');
  await writeFile(path.join(disks, 'package.json'), manifest.replace('0.1.0', '0.2.0'));
  await expect(takeIn(store, disks)).rejects.toThrow('package_version is 0.1.0, and that of package.json is 0.2.0');
});

test.each<[string, (archive: string) => Promise<void>, RegExp]>([
  ['a path out of the folder', async (file) => await hostile(file, ['../../outside', 'x']), /leads out of its folder/],
  ['an absolute path', async (file) => await hostile(file, ['/tmp/caisson-outside', 'x']), /leads out of its folder/],
  [
    'a link',
    async (file) => await hostile(file, ['package/passwd', '', 'SymbolicLink', '/etc/passwd']),
    /but a SymbolicLink/,
  ],
  ['a hard link', async (file) => await hostile(file, ['package/passwd', '', 'Link', '/etc/passwd']), /but a Link/],
  ['a device', async (file) => await hostile(file, ['package/disk', '', 'BlockDevice']), /but a BlockDevice/],
])('an archive with %s is refused before anything is written', async (_, make, message) => {
  const file = path.join(folder, 'hostile.tgz');
  await make(file);
  await expect(takeIn(store, file)).rejects.toThrow(message);
  expect(await store.list('')).toEqual([]);
});

test('an archive that unpacks to more than a package may have is refused while it is read', async () => {
  const file = path.join(folder, 'bomb.tgz');
  const size = 600 * 1024 * 1024;
  await writeFile(file, gzipSync(header('package/bomb', 'File', size), { level: 1 }));
  await expect(takeIn(store, file)).rejects.toThrow('unpacks to more than 512 MiB');
});

test('a package that was tampered with in the store is not loaded', async () => {
  const { taken } = await takeIn(store, disks);
  await store.put(`plugin-archives/${taken.archive}.tar.gz`, Buffer.from('other bytes'));
  const opening = packageOpener(store, path.join(folder, 'cache'))(taken.archive);
  await expect(opening).rejects.toThrow(/caisson-disks 0\.1\.0: the plugin package .* is damaged/);
});

/** A gzipped tar file with one entry. */
async function hostile(file: string, [name, body, type = 'File', linkpath]: readonly string[]): Promise<void> {
  const content = Buffer.from(body ?? '');
  const padded = Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
  const whole = [header(name as string, type, content.length, linkpath), padded, Buffer.alloc(1024)];
  await writeFile(file, gzipSync(Buffer.concat(whole)));
}

function header(name: string, type: string, size: number, linkpath?: string): Buffer {
  const block = new Header({ path: name, type: type as never, size, mode: 0o644, ...(linkpath ? { linkpath } : {}) });
  block.encode();
  return block.block as Buffer;
}
