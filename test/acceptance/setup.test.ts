/** The commands about Caisson itself, as a person or a script types them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Home, openHome } from './home.js';

let home: Home;
beforeAll(async () => {
  home = await openHome();
});
afterAll(async () => await home.close());

const environment = (): string => path.join(home.folder, 'config.toml');

test('status of a stack that does not run says so, starts nothing, and exits with 6', async () => {
  const { code, stdout } = await home.run('status');
  expect(code).toBe(6);
  expect(stdout).toContain('server  stopped');
  expect(stdout).toContain('caisson up');
});

test('a server that cannot be reached is an error of kind unreachable on stderr, and nothing on stdout', async () => {
  const { code, stdout, stderr } = await home.run('workers', 'list', '--address', '127.0.0.1:1', '--json');
  expect(code).toBe(6);
  expect(stdout).toBe('');
  expect(JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '')).toMatchObject({
    error: { code: 'C5001', kind: 'unreachable', exit_code: 6, hint: expect.stringContaining('caisson up') },
  });
});

test('--no-embedded starts nothing', async () => {
  const { code, stderr } = await home.run('deployments', 'list', '--no-embedded');
  expect(code).toBe(6);
  expect(stderr).toContain('TEMPORAL_ADDRESS');
});

test('up, status, doctor and workers agree about what runs', async () => {
  const { server, worker } = await home.json<Stack>('up');
  const status = await home.json<Stack & { embedded: boolean; ui_url: string }>('status');
  expect(status).toMatchObject({
    embedded: true,
    server: { pid: server.pid, serving: true },
    worker: { running: true },
  });
  expect((await fetch(status.ui_url)).status).toBe(200);
  const { items: workers } = await home.json<{ items: { identity: string }[] }>('workers', 'list');
  expect(workers.map(({ identity }) => identity)).toEqual([expect.stringMatching(new RegExp(`:${worker.pid}$`))]);
  const { items: checks } = await home.json<{ items: { name: string; status: string }[] }>('doctor');
  const statusOf = (name: string) => checks.find((check) => check.name === name)?.status;
  for (const name of [
    'Node.js',
    'Home',
    'Artifact store',
    'Temporal server',
    'Namespace',
    'Search attributes',
    'Workers',
  ])
    expect({ name, status: statusOf(name) }).toEqual({ name, status: 'ok' });
});

test('with a server of my own, a command tells at once that no worker serves it', async () => {
  const { server } = await home.json<{ server: { address: string } }>('up');
  const own = home.with({ CAISSON_TASK_QUEUE: 'deserted' });
  const { code, stderr } = await own.run('workers', 'list', '--address', server.address);
  expect(code).toBe(0);
  expect(stderr).toContain('No worker serves the task queue deserted');
  expect(stderr).toContain('caisson worker run');
});

test('config set, get and list agree, and unset takes it back', async () => {
  const named = { CAISSON_CONFIG: environment() };
  await home.with(named).run('config', 'set', 'worker.operations', '7');
  expect(await readFile(environment(), 'utf8')).toBe('[worker]\noperations = 7\n');
  expect((await home.with(named).run('config', 'get', 'worker.operations')).stdout).toBe('7\n');
  const { items } = await home.with(named).json<{ items: Setting[] }>('config', 'list');
  expect(items.find(({ key }) => key === 'worker.operations')).toMatchObject({ value: 7, origin: environment() });
  await home.with(named).run('config', 'set', '--unset', 'worker.operations');
  expect((await home.with(named).run('config', 'get', 'worker.operations')).stdout).toBe('200\n');
});

test('config shows no secret', async () => {
  const { stdout } = await home.with({ TEMPORAL_API_KEY: 'key-of-mine' }).run('config', 'list', '--json');
  expect(JSON.parse(stdout).items).toContainEqual(expect.objectContaining({ key: 'api_key', value: '***' }));
  expect(stdout).not.toContain('key-of-mine');
});

test.each([
  [['config', 'set', 'worker.operations', 'many'], 2, 'a whole number'],
  [['config', 'set', 'address'], 2, '--unset'],
  [['config', 'get', 'hom'], 4, 'did you mean home?'],
  [['profiles', 'show', 'nowhere'], 4, 'caisson profiles list'],
])('caisson %j is refused with %i', async (words, expected, message) => {
  const { code, stderr } = await home.run(...words);
  expect(code).toBe(expected);
  expect(stderr).toContain(message);
});

interface Stack {
  readonly server: { readonly pid: number };
  readonly worker: { readonly pid: number };
}

interface Setting {
  readonly key: string;
  readonly value: unknown;
  readonly origin: string;
}
