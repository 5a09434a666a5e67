import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkPlugin } from '../../../plugins/check.js';
import { installedPlugins } from '../../../plugins/installed.js';
import { loadPlugin, loadPlugins } from '../../../plugins/load.js';
import { runOperation } from '../../../plugins/sdk/testing.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-plugins-'));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const ENTRY = `export default { name: 'foo', operations: {
  'tasks.create': { resumable: true, run: () => 'made' },
  'tasks.delete': { resumable: true, run: () => undefined },
} };`;

const YAML = `plugins:
  foo: { executor: central_deployment_agent, package_name: foo-plugin }
node_types:
  foo.Thing:
    derived_from: cloudify.nodes.Root
    interfaces:
      cloudify.interfaces.lifecycle:
        create: foo.tasks.create
        delete: { implementation: foo.tasks.delete }
`;

interface Package {
  readonly manifest?: object;
  readonly entry?: string;
  readonly yaml?: string;
}

async function plugin(name: string, { manifest = {}, entry = ENTRY, yaml = YAML }: Package = {}): Promise<string> {
  const own = path.join(folder, name);
  await mkdir(own);
  const json = {
    name: `${name}-plugin`,
    version: '1.2.3',
    type: 'module',
    exports: { '.': { types: './index.d.ts', import: './index.js' } },
    caissonPlugin: { yaml: 'plugin.yaml', apiVersion: 1 },
    ...manifest,
  };
  await writeFile(path.join(own, 'package.json'), JSON.stringify(json));
  await writeFile(path.join(own, 'index.js'), entry);
  await writeFile(path.join(own, 'plugin.yaml'), yaml);
  return own;
}

test('a plugin is loaded from its folder, with its description', async () => {
  const own = await plugin('foo');
  const loaded = await loadPlugin(own);
  expect(loaded).toMatchObject({ packageName: 'foo-plugin', packageVersion: '1.2.3', plugin: { name: 'foo' } });
  expect(loaded.plugin.packageNames).toEqual(['foo-plugin']);
  expect(await loaded.describe([1, 5] as never)).toEqual({ location: path.join(own, 'plugin.yaml'), text: YAML });
  expect((await runOperation(loaded.plugin, 'tasks.create')).result).toBe('made');
  expect(await checkPlugin(loaded)).toEqual([]);
});

test('a folder of plugins: each is found, other folders are passed over, the built-in ones come along', async () => {
  await plugin('foo');
  await plugin('bar', { entry: ENTRY.replace("'foo'", "'bar'") });
  await mkdir(path.join(folder, 'other'));
  const catalog = await installedPlugins([folder, path.join(folder, 'none')]);
  expect(catalog.map((one) => one.plugin.name)).toEqual(expect.arrayContaining(['bar', 'foo', 'script']));
});

test.each([
  [{ manifest: { caissonPlugin: { apiVersion: 7 } } }, /its apiVersion is 7, and this Caisson speaks 1/],
  [{ manifest: { caissonPlugin: { apiVersion: 1, yaml: '../up.yaml' } } }, /must name a file in the folder/],
  [{ manifest: { exports: '../../out.js' } }, /lies outside of the folder/],
  [{ manifest: { exports: './none.js' } }, /none\.js cannot be loaded/],
  [{ entry: "throw new Error('not today');" }, /index\.js cannot be loaded: not today/],
  [{ entry: 'export default { name: 1 };' }, /is not what definePlugin\(\) gives/],
  [{ entry: "export default { name: 'script', operations: {} };" }, /its name script is that of a plugin of Caisson/],
])('a plugin that cannot be used is refused with its folder and the reason: %#', async (broken, message) => {
  await plugin('foo', broken);
  const loading = installedPlugins([folder]);
  await expect(loading).rejects.toThrow(message);
  await expect(loading).rejects.toMatchObject({ name: 'PluginRefused', folder: path.join(folder, 'foo') });
});

test('two plugins of one name are refused', async () => {
  await plugin('one');
  await plugin('two');
  await expect(loadPlugins([folder])).rejects.toThrow(
    `its name foo is that of a plugin of ${path.join(folder, 'one')}`,
  );
});

const check = async (broken: Package) => await checkPlugin(await loadPlugin(await plugin('foo', broken)));

test('an operation that a type is mapped to and the plugin lacks is told with its place', async () => {
  const problems = await check({ yaml: YAML.replace('create: foo.tasks.create', 'create: foo.tasks.crate') });
  expect(problems).toEqual([
    {
      severity: 'error',
      message:
        'foo.Thing.cloudify.interfaces.lifecycle.create is mapped to foo.tasks.crate, and the plugin has no operation tasks.crate',
      source: { file: path.join(folder, 'foo/plugin.yaml'), line: 8, column: 17 },
      hint: expect.stringMatching('tasks.create'),
    },
    expect.objectContaining({ severity: 'warning', message: expect.stringMatching('tasks.create') }),
  ]);
});

test('types are checked against the language, in every form of the description', async () => {
  const [problem] = await check({ yaml: YAML.replace('cloudify.nodes.Root', 'cloudify.nodes.Rot') });
  expect(problem).toMatchObject({ severity: 'error', source: { line: 5 } });
  const [unreadable] = await checkPlugin(await loadPlugin(await plugin('bar', { yaml: 'a: [' })));
  expect(unreadable).toMatchObject({ severity: 'error', message: expect.stringMatching(/^C2001/) });
});

test('a description of another plugin, or none', async () => {
  const [other] = await check({ yaml: YAML.replaceAll('foo', 'fou') });
  expect(other?.message).toMatch('declares the plugins fou, and the plugin is called foo');
  const own = await plugin('bar', { manifest: { caissonPlugin: { apiVersion: 1, yaml: 'none.yaml' } } });
  const [none] = await checkPlugin(await loadPlugin(own));
  expect(none?.message).toMatch('there is no none.yaml');
});
