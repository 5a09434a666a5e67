/**
 * The example of machines on EC2 with containers on them, through the whole product: installed while worker and server
 * are killed, asked, scaled, taken down. In the end EC2 and the engine have what they had before.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { auditLeaks } from '../../leaks.js';
import { docker, engine } from '../../plugins/docker/node.js';
import { type Home, openHome, type Victim } from '../home.js';
import { type Machines, openMachines } from './machines.js';

const blueprint = fileURLToPath(new URL('../../../examples/ec2-docker/blueprint.yaml', import.meta.url));
const DEPLOYMENT = 'ships';

let home: Home;
let machines: Machines;
beforeAll(async () => {
  machines = await openMachines();
  home = (await openHome()).with(machines.environment);
  const { code, stderr } = await home.run('up');
  expect(code, stderr).toBe(0);
}, 600_000);
beforeEach(() => machines.reset());
afterAll(async () => {
  await home?.close();
  await machines?.close();
});
auditLeaks(() => ({ ...machines.inventories(), secrets }));

async function secrets(): Promise<string[]> {
  const { items } = await home.json<{ items: { key: string }[] }>('secrets', 'list');
  return items.map(({ key }) => key);
}

interface Instance {
  readonly id: string;
  readonly node_id: string;
  readonly state: string;
  readonly runtime_properties: Readonly<Record<string, unknown>>;
}

interface Site {
  readonly endpoints: { readonly '80/tcp': string };
}

async function instances(): Promise<Instance[]> {
  return (await home.json<{ items: Instance[] }>('node-instances', 'list', '-d', DEPLOYMENT)).items;
}

/** What each container says, by its instance. */
async function pages(): Promise<Record<string, string>> {
  const { outputs } = await home.json<{ outputs: { sites: Record<string, Site> } }>('outputs', DEPLOYMENT);
  const asked = Object.entries(outputs.sites).map(async ([id, { endpoints }]) => {
    const answer = await fetch(`http://${endpoints['80/tcp']}/`);
    return [id, await answer.text()] as const;
  });
  return Object.fromEntries(await Promise.all(asked));
}

async function containers(): Promise<number> {
  const filters = { label: [`cfy.deployment=${DEPLOYMENT}`] } as never;
  return (await docker.listContainers({ all: true, filters })).length;
}

const page = (id: string): string => `<h1>Below deck</h1>\n<p>container ${id} of ${DEPLOYMENT}</p>\n`;

test('machines with containers outlive crashes, are scaled and leave nothing', { timeout: 600_000 }, async () => {
  const { cloud, proxy } = machines;
  const died: string[] = [];
  const dies = async (...victims: Victim[]): Promise<void> => {
    await home.kill(...victims);
    died.push(victims.join(' and '));
  };
  cloud.proxy.add({
    action: 'RunInstances',
    fault: { kind: 'stop', onAnswer: () => void dies('worker') },
  });
  const { onAnswer: boot } = cloud.proxy;
  cloud.proxy.onAnswer = async (call) => {
    if (call.action === 'CreateSubnet') await dies('server');
    await boot?.(call);
  };
  proxy.onAnswer = async (call) => {
    if (call === 'POST /containers/create' && died.length === 2) await dies('server', 'worker');
  };
  const inputs = Object.entries({ ...machines.inputs, image: `${engine.registry}/busybox:2`, http_port: 0 });
  const installed = await home.run(
    ...['install', blueprint, '-d', DEPLOYMENT],
    ...inputs.flatMap(([name, value]) => ['-i', `${name}=${value}`]),
  );
  expect(installed.code, installed.stderr).toBe(0);
  expect(died).toEqual(['server', 'worker', 'server and worker']);

  for (const action of ['CreateKeyPair', 'CreateSecurityGroup', 'RunInstances', 'AllocateAddress'])
    expect(
      cloud.proxy.changes().filter((one) => one === action),
      action,
    ).toHaveLength(1);
  expect(await containers()).toBe(1);
  const made = await instances();
  expect(made.every(({ state }) => state === 'started')).toBe(true);
  const of = (node: string) => made.filter(({ node_id }) => node_id === node);
  const [site] = of('site');
  expect(await pages()).toEqual({ [site!.id]: page(site!.id) });
  expect(of('machine')[0]?.runtime_properties.ip).toBe(of('address')[0]?.runtime_properties.aws_resource_id);
  expect(JSON.stringify(made)).not.toContain('PRIVATE KEY');

  machines.reset();
  const scale = async (...more: string[]) =>
    await home.run('execute', 'scale', DEPLOYMENT, '-p', 'scalable_entity_name=server', ...more);
  const out = await scale('-p', 'delta=1');
  expect(out.code, out.stderr).toBe(0);
  expect(await containers()).toBe(2);
  const answers = await pages();
  expect(answers[site!.id]).toBe(page(site!.id));
  const [added] = Object.keys(answers).filter((id) => id !== site!.id);
  expect(answers).toEqual({ [site!.id]: page(site!.id), [added!]: page(added!) });

  const newMachine = (await instances()).find(
    ({ node_id, id }) => node_id === 'machine' && of('machine').every((old) => old.id !== id),
  );
  const back = await scale('-p', 'delta=-1', '-p', `include_instances=${newMachine!.id}`);
  expect(back.code, back.stderr).toBe(0);
  expect(await pages()).toEqual({ [site!.id]: page(site!.id) });

  const uninstalled = await home.run('uninstall', DEPLOYMENT);
  expect(uninstalled.code, uninstalled.stderr).toBe(0);
});
