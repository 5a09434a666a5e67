import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { activityOf, findPlugin, pythonWorkflows } from '../../../plugins/catalog.js';
import { checkPlugin } from '../../../plugins/check.js';
import { installedPlugins } from '../../../plugins/installed.js';
import { loadPlugin } from '../../../plugins/load.js';
import { wrapPlugin } from '../../../plugins/python/wrap.js';

let folder: string;
let plugins: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
  plugins = path.join(folder, 'plugins');
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const DESCRIPTION = `plugins:
  disks: { executor: central_deployment_agent, package_name: acme-disks-plugin, package_version: '1.2.0' }
  shelves: { executor: central_deployment_agent, package_name: acme-disks-plugin, package_version: '1.2.0' }
node_types:
  acme.Disk:
    derived_from: cloudify.nodes.Root
    interfaces:
      cloudify.interfaces.lifecycle:
        create: disks.disks_plugin.tasks.create
        delete: { implementation: disks.disks_plugin.tasks.delete, inputs: {} }
  acme.Shelf:
    derived_from: cloudify.nodes.Root
    interfaces:
      cloudify.interfaces.lifecycle:
        create: shelves.shelves_plugin.tasks.create
`;

test('a wagon and its description become a package, whose operations are the functions that types map', async () => {
  const description = path.join(folder, 'acme.yaml');
  await writeFile(description, DESCRIPTION);
  await writeFile(path.join(folder, 'acme_1_5.yaml'), DESCRIPTION);
  await writeFile(path.join(folder, 'acme.wgn'), 'a wagon');
  const target = path.join(folder, 'package');
  await wrapPlugin(path.join(folder, 'acme.wgn'), [description], target);
  expect(await readFile(path.join(target, 'acme.wgn'), 'utf8')).toBe('a wagon');

  const loaded = await loadPlugin(target);
  expect(loaded).toMatchObject({ packageName: 'acme-disks-plugin', packageVersion: '1.2.0' });
  expect(loaded.plugin).toMatchObject({ name: 'disks', packageNames: ['acme-disks-plugin'], version: '1.2.0' });
  expect(Object.keys(loaded.plugin.operations).sort()).toEqual([
    'disks_plugin.tasks.create',
    'disks_plugin.tasks.delete',
    'shelves_plugin.tasks.create',
  ]);
  expect((await loaded.describe([1, 5]))?.location).toBe(path.join(target, 'plugin_1_5.yaml'));
  expect(await checkPlugin(loaded)).toEqual([]);
});

test('a package may be no more than a name for pip', async () => {
  const description = path.join(folder, 'plugin.yaml');
  await writeFile(description, DESCRIPTION);
  const target = path.join(folder, 'named');
  await wrapPlugin('acme-disks-plugin==1.2.0', [description], target);
  const { caissonPlugin } = JSON.parse(await readFile(path.join(target, 'package.json'), 'utf8'));
  expect(caissonPlugin.python).toEqual({ requirement: 'acme-disks-plugin==1.2.0' });
  expect((await loadPlugin(target)).plugin.name).toBe('disks');
});

test('the Python plugin of a package that we have too comes before ours once it is installed', async () => {
  const folder = path.join(plugins, 'aws');
  await wrapPlugin('cloudify-aws-plugin==3.1.7', [fileURLToPath(new URL('./aws/aws.yaml', import.meta.url))], folder);
  const catalog = await installedPlugins([plugins]);
  const plugin = { name: 'aws', package_name: 'cloudify-aws-plugin' };
  const create = 'cloudify_aws.ec2.resources.vpc.create';
  expect(activityOf(catalog, plugin, create)).toBe(`aws.${create}`);
  expect(activityOf(await installedPlugins([]), plugin, create)).toBe('aws.ec2.vpc.create');
  const found = findPlugin(catalog, 'cloudify-aws-plugin');
  expect((await found?.describe([1, 4]))?.location).toBe(path.join(folder, 'plugin.yaml'));
});

test('which plugin does the work: ours, the one that was chosen, or the one that the blueprint brings', async () => {
  const ours = await installedPlugins([]);
  const chosen = await installedPlugins([], { pythonPackages: 'cloudify-aws-plugin==3.1.7' });
  const aws = { name: 'aws', package_name: 'cloudify-aws-plugin' };
  const address = 'https://example.org/plugin.zip';
  expect(activityOf(ours, aws, 'cloudify_aws.ec2.resources.vpc.create')).toBe('aws.ec2.vpc.create');
  expect(activityOf(chosen, aws, 'cloudify_aws.ec2.resources.vpc.create')).toBe('python.run');
  // A name that only ours has, from our description.
  expect(activityOf(chosen, aws, 'ec2.vpc.create')).toBe('aws.ec2.vpc.create');
  expect(activityOf(ours, { ...aws, source: address }, 'cloudify_aws.eks.create')).toBeUndefined();
  expect(activityOf(ours, { ...aws, source: 'aws' }, 'cloudify_aws.eks.create')).toBe('python.run');
  expect(activityOf(ours, { name: 'fabric', package_name: null, source: address }, 'no.such')).toBeUndefined();

  const disks = { name: 'disks', package_name: 'acme-disks-plugin' };
  expect(activityOf(ours, disks, 'tasks.create')).toBeUndefined();
  expect(activityOf(ours, { ...disks, source: address }, 'tasks.create')).toBe('python.run');
  expect(activityOf(ours, { ...disks, source: 'disks', install: false }, 'tasks.create')).toBeUndefined();
});

test('a workflow is a function in Python where its plugin is', async () => {
  const ours = await installedPlugins([]);
  const chosen = await installedPlugins([], { pythonPackages: 'cloudify-ansible-plugin' });
  const ansible = { name: 'ansible', package_name: 'cloudify-ansible-plugin' };
  const reload = 'cloudify_ansible.workflows.reload_playbook';
  expect(pythonWorkflows(ours, ansible, reload)).toBeUndefined();
  expect(pythonWorkflows(ours, { ...ansible, source: 'ansible' }, reload)?.plugin.name).toBe('python');
  expect(pythonWorkflows(chosen, ansible, reload)?.plugin.name).toBe('python');
  // Workflows of plugins of ours have names of one word.
  expect(pythonWorkflows(chosen, ansible, 'reload')).toBeUndefined();
  expect(pythonWorkflows(ours, { name: 'disks', package_name: null, source: 'disks' }, 'a.b')?.plugin.name).toBe(
    'python',
  );
});

test('what is no package says so', async () => {
  const nameless = path.join(folder, 'nameless.yaml');
  await writeFile(nameless, 'plugins: { disks: { executor: central_deployment_agent, source: disks } }\n');
  await expect(wrapPlugin('disks', [nameless], path.join(folder, 'no'))).rejects.toThrow(
    'nameless.yaml must say package_name and package_version of its plugin',
  );
  await expect(wrapPlugin('absent.wgn', [path.join(folder, 'plugin.yaml')], path.join(folder, 'no'))).rejects.toThrow(
    'there is no file absent.wgn',
  );
  const wrong = path.join(folder, 'wrong');
  await wrapPlugin('acme', [path.join(folder, 'plugin.yaml')], wrong);
  const manifest = JSON.parse(await readFile(path.join(wrong, 'package.json'), 'utf8'));
  manifest.caissonPlugin.python = { wagon: '../acme.wgn' };
  await writeFile(path.join(wrong, 'package.json'), JSON.stringify(manifest));
  await expect(loadPlugin(wrong)).rejects.toThrow('must name what lies in the folder, not ../acme.wgn');
});
