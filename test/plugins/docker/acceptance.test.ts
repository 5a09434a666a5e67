/** Blueprints on a real engine through the command line: installed, crashed, resumed, uninstalled; nothing is left. */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Home, openHome } from '../../acceptance/home.js';
import { auditLeaks } from '../../leaks.js';
import { type FaultProxy, faultProxy } from './fault-proxy.js';
import { engineInventory } from './inventory.js';
import { docker, engine } from './node.js';

const blueprint = fileURLToPath(new URL('./blueprints/site/blueprint.yaml', import.meta.url));
let home: Home;
let proxy: FaultProxy;

beforeAll(async () => {
  proxy = await faultProxy(engine.socket);
  home = await openHome();
  expect((await home.run('up')).code).toBe(0);
});
afterAll(async () => {
  await home.close();
  await proxy.close();
});

auditLeaks(() => ({ engine: async () => await engineInventory(docker) }));

const inputs = (): string[] => [
  ...['-i', `docker_host=127.0.0.1:${proxy.port}`],
  ...['-i', `image=${engine.registry}/busybox:2`],
];

async function containersOf(deployment: string): Promise<number> {
  const filters = { label: [`cfy.deployment=${deployment}`] } as never;
  return (await docker.listContainers({ all: true, filters })).length;
}

test('a site is installed and uninstalled, and the engine is as before', async () => {
  const installed = await home.run('install', blueprint, '-d', 'site', ...inputs(), '--json');
  expect(installed.code, installed.stderr).toBe(0);
  expect(JSON.parse(installed.stdout).outputs).toEqual({ page: '<h1>Below deck</h1>\n<p>server of site</p>\n' });
  expect(await containersOf('site')).toBe(2);
  const uninstalled = await home.run('uninstall', 'site');
  expect(uninstalled.code, uninstalled.stderr).toBe(0);
}, 60_000);

test('a worker that is killed after the engine has made a container, and before it knows, leaves one container', async () => {
  let kills = 0;
  proxy.onAnswer = async (call) => {
    if (kills > 0 || call !== 'POST /containers/create') return;
    kills += 1;
    await home.kill('worker');
  };
  const installed = await home.run('install', blueprint, '-d', 'crashed', ...inputs(), '--json');
  proxy.onAnswer = undefined;
  expect(installed.code, installed.stderr).toBe(0);
  expect(kills).toBe(1);
  expect(await containersOf('crashed')).toBe(2);
  expect((await home.run('uninstall', 'crashed')).code).toBe(0);
}, 90_000);

test('an install that failed half-way is uninstalled, and the engine is as before', async () => {
  proxy.onAnswer = async (call) => {
    // The engine goes away for good once the server runs.
    if (/^POST \/containers\/\w+\/start$/.test(call)) proxy.failAt(0);
  };
  const retries = ['--max-retries', '0'];
  const failed = await home.run('install', blueprint, '-d', 'half', ...inputs(), ...retries);
  proxy.onAnswer = undefined;
  proxy.failAt(undefined);
  expect(failed.code).not.toBe(0);
  expect(failed.stderr).toMatch(/the engine at tcp:\/\/127.0.0.1:\d+ cannot be reached/);
  const uninstalled = await home.run('uninstall', 'half');
  expect(uninstalled.code, uninstalled.stderr).toBe(0);
}, 60_000);
