/** What operators do from the command line, while processes are killed with -9. */
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixture, type Home, openHome, until } from './home.js';

interface Instance {
  readonly node_id: string;
  readonly state: string;
  readonly runtime_properties: Readonly<Record<string, unknown>>;
}

let home: Home;
beforeAll(async () => {
  home = await openHome();
  expect((await home.run('up')).code).toBe(0);
});
afterAll(async () => await home.close());

const approvals = async () => JSON.parse((await home.run('approvals', 'list', '--json')).stdout || '{}').items ?? [];
const told = async (deployment: string) => (await home.run('events', 'list', deployment)).stdout;

async function appOf(deployment: string, ...when: readonly string[]): Promise<Instance | undefined> {
  const { items } = await home.json<{ items: Instance[] }>('node-instances', 'list', '-d', deployment, ...when);
  return items.find(({ node_id }) => node_id === 'app');
}

test('an approval is waited for while server and worker are killed; paused and continued, the install completes', async () => {
  const blueprint = fixture('operator/blueprint.yaml');
  expect((await home.run('install', blueprint, '-d', 'shop', '--detach')).code).toBe(0);
  await until(async () => (await approvals()).length === 1, 'an approval is asked for');
  expect((await home.run('approvals', 'list')).code).toBe(11);
  await home.kill('worker', 'server');
  await until(async () => (await approvals()).length === 1, 'it is still asked for');
  expect((await home.run('executions', 'pause', 'shop')).code).toBe(0);
  expect((await home.run('approve', 'shop', '--as', 'ada', '-m', 'looks fine')).code).toBe(0);
  expect((await appOf('shop'))?.runtime_properties).toEqual({});
  expect((await home.run('executions', 'continue', 'shop')).code).toBe(0);
  expect((await home.run('executions', 'watch', 'shop')).code).toBe(0);
  expect(await appOf('shop')).toMatchObject({ state: 'started', runtime_properties: { made: 'yes', starts: 1 } });
  expect(await told('shop')).toContain('Approved by ada: looks fine');
  expect((await appOf('shop', '--at-event', '1'))?.state).toBe('uninitialized');
});

test('a workflow script whose worker is killed goes on elsewhere, and does nothing twice', async () => {
  const running = home.start('execute', 'twice', 'shop');
  await until(async () => (await told('shop')).includes('once'), 'the script has done its first half');
  await home.kill('worker');
  expect((await running.finished).code).toBe(0);
  expect((await appOf('shop'))?.runtime_properties.starts).toBe(3);
  expect(await told('shop')).toContain('twice');
});

test('scripts of imported blueprints run, those that they import themselves too', async () => {
  const blueprints = path.join(home.folder, 'blueprints');
  await cp(fixture('imported'), blueprints, { recursive: true });
  expect(await home.json('install', path.join(blueprints, 'shop'), '-d', 'imports')).toMatchObject({
    outputs: { made: 'by the database', logged: 'by the log', own: 'by the shop' },
  });
});

test('a protected deployment is not uninstalled', async () => {
  expect((await home.run('deployments', 'protect', 'shop')).code).toBe(0);
  expect((await home.run('uninstall', 'shop', '--yes')).code).toBe(5);
  expect((await home.run('deployments', 'protect', 'shop', '--off')).code).toBe(0);
});
