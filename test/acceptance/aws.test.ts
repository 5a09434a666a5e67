/**
 * A network with a machine, in both families of node types, through the whole product: installed while the worker is
 * killed between the cloud's answer and its being noted, uninstalled while it is killed again. One of each, and in the
 * end nothing.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { auditLeaks } from '../leaks.js';
import { networkWithMachine, oldNetworkWithMachine } from '../plugins/aws/blueprint.js';
import { type Cloud, openCloud } from '../plugins/aws/cloud.js';
import { moto } from '../plugins/aws/moto.js';
import { type Home, openHome } from './home.js';

const REGION = 'us-east-1';

let home: Home;
let endpoint: Awaited<ReturnType<typeof moto>>;
let cloud: Cloud;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-aws-'));
  endpoint = await moto();
  cloud = await openCloud(REGION, endpoint.url);
  home = (await openHome()).with({ CAISSON_AWS_POLL_MS: '100' });
  const { code, stderr } = await home.run('up');
  expect(code, stderr).toBe(0);
}, 600_000);
beforeEach(() => cloud.proxy.reset());
afterAll(async () => {
  await home?.close();
  await cloud?.close();
  await endpoint?.stop();
  await rm(folder, { recursive: true, force: true });
});

auditLeaks(() => ({ ec2: cloud.inventory }));

const CASES = [
  {
    family: 'current',
    dies: ['RunInstances', 'TerminateInstances'],
    blueprint: () => networkWithMachine(cloud.config, REGION),
  },
  {
    family: 'old',
    dies: ['CreateSubnet', 'DeleteSubnet'],
    blueprint: () => oldNetworkWithMachine(cloud.config, REGION, path.join(folder, 'a-key.pem')),
  },
];

test.each(CASES)('the $family family', { timeout: 240_000 }, async ({ family, dies, blueprint }) => {
  const file = path.join(folder, `${family}.yaml`);
  await writeFile(file, blueprint());
  const died: string[] = [];
  const killAt = (action: string) => ({
    action,
    fault: { kind: 'stop' as const, onAnswer: () => void home.kill('worker').then(() => died.push(action)) },
  });

  const [atInstall, atUninstall] = dies as [string, string];
  cloud.proxy.add(killAt(atInstall));
  const installed = await home.run('install', file, '-d', family);
  expect(installed.code, installed.stderr).toBe(0);
  expect(died).toEqual([atInstall]);
  for (const action of ['CreateVpc', 'CreateSubnet', 'RunInstances', 'AllocateAddress'])
    expect(
      cloud.proxy.changes().filter((one) => one === action),
      action,
    ).toHaveLength(1);
  const { items } = await home.json<{ items: { node_id: string; state: string; runtime_properties: Properties }[] }>(
    'node-instances',
    'list',
    '-d',
    family,
  );
  expect(items.every(({ state }) => state === 'started')).toBe(true);
  const machine = items.find(({ node_id }) => node_id === (family === 'old' ? 'machine' : 'vm'));
  expect(await cloud.inventory()).toContain(machine?.runtime_properties.aws_resource_id);

  cloud.proxy.reset();
  cloud.proxy.add(killAt(atUninstall));
  const uninstalled = await home.run('uninstall', family);
  expect(uninstalled.code, uninstalled.stderr).toBe(0);
  expect(died).toEqual(dies);
});

interface Properties {
  readonly aws_resource_id?: string;
}
