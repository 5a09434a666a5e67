import { expect, test } from 'vitest';
import { pluginImport } from '../../client/plugin-imports.js';
import type { Catalog } from '../../plugins/catalog.js';

const catalog: Catalog = [
  {
    plugin: { name: 'cloud', packageNames: ['cloudify-cloud-plugin'], operations: {} },
    describe: async () => ({
      location: 'caisson:cloud/plugin.yaml',
      text: 'plugins: { cloud: { executor: central_deployment_agent, package_name: cloudify-cloud-plugin, package_version: "3.2.4" } }',
    }),
  },
  { plugin: { name: 'bare', operations: {} }, describe: async () => undefined },
];

const imported = async (entry: string): Promise<string | undefined> =>
  (await pluginImport(entry, [1, 5], catalog))?.location;

test.each([
  'plugin:cloudify-cloud-plugin',
  'plugin:cloud',
  'plugin:cloudify-cloud-plugin?version= >=3.0,<4',
  'plugin:cloudify-cloud-plugin?version=%3E%3D3.0&distribution=centos',
  'plugin:cloudify-cloud-plugin?version=3.2.4',
  'http://www.getcloudify.org/spec/cloud-plugin/1.3/plugin.yaml',
  'https://raw.githubusercontent.com/cloudify-cosmo/cloudify-cloud-plugin/master/plugin_1_4.yaml',
])('%s is the installed plugin', async (entry) => {
  expect(await imported(entry)).toBe('caisson:cloud/plugin.yaml');
});

test.each([
  [
    'plugin:cloudify-cluod-plugin',
    'no plugin cloudify-cluod-plugin is installed',
    'did you mean cloudify-cloud-plugin?',
  ],
  ['plugin:cloud?version= >=4', 'version >=4 of plugin cloud is asked for, and 3.2.4 is installed', undefined],
  ['plugin:cloud?version= >=x.y', '>=x.y asks for no version that can be understood', 'version= >=1.2,<2'],
  ['plugin:bare', 'plugin bare describes no types', 'leave the import out'],
])('%s is refused: %s', async (entry, message, hint) => {
  const error = await imported(entry).catch((thrown: Error & { hint?: string }) => thrown);
  expect(error).toMatchObject({ name: 'SourceRefused', message: expect.stringContaining(message) as unknown });
  if (hint !== undefined) expect((error as { hint?: string }).hint).toContain(hint);
});

test('other addresses are no plugins', async () => {
  expect(await imported('https://example.com/types.yaml')).toBeUndefined();
  expect(await imported('http://www.getcloudify.org/spec/unknown-plugin/1.3/plugin.yaml')).toBeUndefined();
});
