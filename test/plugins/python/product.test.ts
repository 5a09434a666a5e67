/**
 * Python plugins through the whole product: one that the blueprint has with it, with its worker killed under it, and a
 * published one that was chosen over ours, against an EC2 endpoint.
 */
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Home, openHome, until } from '../../acceptance/home.js';
import { openCloud } from '../aws/cloud.js';
import { moto } from '../aws/moto.js';
import { runs } from '../script/stage.js';
import { BLUEPRINT, CACHE } from './stage.js';

const AWS = fileURLToPath(new URL('./aws', import.meta.url));
const PASSWORD = 'correct-horse-battery-staple';

interface Instance {
  readonly node_id: string;
  readonly state: string;
  readonly runtime_properties: Readonly<Record<string, unknown>>;
}

let home: Home;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
  // Environments are kept in the folder of all these tests.
  home = (await openHome()).with({ CAISSON_CACHE: path.dirname(CACHE) });
}, 120_000);
afterAll(async () => {
  await home?.close();
  await rm(folder, { recursive: true, force: true });
});

test('a worker that dies under a plugin loses nothing; a secret shows up nowhere', { timeout: 240_000 }, async () => {
  await home.run('secrets', 'create', 'password', '-s', PASSWORD);
  const install = home.start(
    'install',
    path.join(BLUEPRINT, 'blueprint.yaml'),
    '-d',
    'probe',
    '-i',
    `folder=${folder}`,
  );
  const waits = path.join(folder, 'waits');
  await until(async () => await there(waits), 'the plugin waits');
  const plugin = Number(await readFile(waits, 'utf8'));
  await home.kill('worker');
  const installed = await install.finished;
  expect(installed.code, installed.stderr + installed.stdout).toBe(0);

  const { items } = await home.json<{ items: Instance[] }>('node-instances', 'list', '-d', 'probe');
  const propertiesOf = (node: string) => items.find(({ node_id }) => node_id === node)?.runtime_properties;
  expect(items.map(({ state }) => state)).toEqual(['started', 'started', 'started']);
  // What it noted before the end of its first worker, it found in the second.
  expect(propertiesOf('survivor')).toEqual({ id: `made-by-${plugin}`, resumed: [true, 0] });
  expect(runs(plugin)).toBe(false);
  // A try that the worker took with it is made again.
  expect([{ tries: 3 }, { tries: 4 }]).toContainEqual(propertiesOf('patient'));
  expect(propertiesOf('confidant')).toEqual({ length: PASSWORD.length });

  const { stdout } = await home.run('logs', 'probe');
  expect(stdout).toContain('written ');
  await home.run('down');
  expect(await holding(home.folder, PASSWORD)).toEqual([]);
});

test('a cancel reaches the plugin', { timeout: 120_000 }, async () => {
  const marker = path.join(folder, 'marker');
  const install = home.start(
    'install',
    path.join(BLUEPRINT, 'waiting.yaml'),
    '-d',
    'waiting',
    '-i',
    `marker=${marker}`,
  );
  await until(async () => await there(marker), 'the plugin waits');
  const pids = (await readFile(marker, 'utf8')).split(' ').map(Number);
  const { code, stderr } = await home.run('cancel', 'waiting');
  expect(code, stderr).toBe(0);
  expect((await install.finished).code).not.toBe(0);
  expect(pids.map(runs)).toEqual([false, false]);
  const { items } = await home.json<{ items: Instance[] }>('node-instances', 'list', '-d', 'waiting');
  expect(items[0]?.runtime_properties).toEqual({ id: 'i-1' });
});

test("the published AWS plugin runs in ours' place where it was chosen", { timeout: 600_000 }, async () => {
  const endpoint = await moto();
  const cloud = await openCloud('us-east-1', endpoint.url);
  try {
    const before = await cloud.inventory();
    const chosen = home.with({ CAISSON_PYTHON_PLUGINS: 'cloudify-aws-plugin==3.1.7', AWS_ENDPOINT_URL: endpoint.url });
    // Workers are told when they start.
    await home.run('down');
    await home.run('secrets', 'create', 'aws_secret', '-s', PASSWORD);
    const installed = await chosen.run('install', path.join(AWS, 'blueprint.yaml'), '-d', 'aws');
    expect(installed.code, installed.stderr + installed.stdout).toBe(0);
    expect(await cloud.inventory()).not.toEqual(before);

    const { items } = await home.json<{ items: Instance[] }>('node-instances', 'list', '-d', 'aws');
    const group = items.find(({ node_id }) => node_id === 'group')?.runtime_properties.aws_resource_id as string;
    const { SecurityGroups } = await cloud.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [group] }));
    expect(SecurityGroups?.[0]?.IpPermissions).toMatchObject([{ FromPort: 22, IpRanges: [{ CidrIp: '10.0.0.0/8' }] }]);

    const removed = await chosen.run('uninstall', 'aws');
    expect(removed.code, removed.stderr + removed.stdout).toBe(0);
    expect(await cloud.inventory()).toEqual(before);
    await home.run('down');
    expect(await holding(home.folder, PASSWORD)).toEqual([]);
  } finally {
    await cloud.close();
    await endpoint.stop();
  }
});

async function there(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

/** Files below a folder that hold the text. */
async function holding(root: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(file)).includes(text)) found.push(file);
  }
  return found;
}
