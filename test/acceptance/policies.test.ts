/** A process dies, a check sees it, a heal starts it anew: real processes, and kill -9 of all that could lose sight of it. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runs } from '../plugins/script/stage.js';
import { fixture, type Home, openHome, until } from './home.js';

let home: Home;
let notes: string;
beforeAll(async () => {
  notes = await mkdtemp(path.join(tmpdir(), 'caisson-watched-'));
  home = await openHome();
  expect((await home.run('up')).code).toBe(0);
});
afterAll(async () => {
  for (const pid of await servers()) if (runs(pid)) process.kill(pid, 'SIGKILL');
  await home.close();
  await rm(notes, { recursive: true, force: true });
});

/** Process ids of all servers that were ever started, the latest last. */
async function servers(): Promise<number[]> {
  const text = await readFile(path.join(notes, 'servers'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

async function latest(): Promise<number> {
  return (await servers()).at(-1) as number;
}

interface Policies {
  readonly items: readonly { readonly subject: string; readonly phase: string; readonly fired: number }[];
}

async function installed(id: string, ...inputs: readonly string[]): Promise<void> {
  const flags = [`notes=${notes}`, ...inputs].flatMap((input) => ['-i', input]);
  const { code, stderr } = await home.run('install', fixture('watched'), '-d', id, ...flags);
  expect(stderr).not.toMatch(/error/i);
  expect(code).toBe(0);
}

test('a server that dies is up again, although worker and Temporal server are killed before it is healed', async () => {
  await installed('watched');
  const before = await latest();
  expect(runs(before)).toBe(true);
  process.kill(before, 'SIGKILL');
  await home.kill('worker', 'server');
  await until(async () => (await latest()) !== before && runs(await latest()), 'another server runs');
  await until(async () => {
    const { items } = await home.json<Policies>('policies', 'list', '-d', 'watched');
    return items[0]?.phase === 'well' && items[0].fired === 1;
  }, 'the policy finds it well');
  const { stdout } = await home.run('policies', 'events', '-d', 'watched');
  expect(stdout).toMatch(/starts heal: check_status: .*the server does not run/);
  const { items } = await home.json<{ items: { id: string; workflow_id: string }[] }>(
    'executions',
    'list',
    '-d',
    'watched',
  );
  const [heal] = items.filter(({ workflow_id }) => workflow_id === 'heal');
  const events = await home.run('events', 'list', heal?.id ?? '');
  expect(events.stdout).toMatch(/Policy auto_heal of servers: server_\w+: check_status: .*the server does not run/);
  expect((await servers()).filter(runs).length).toBe(1);
  expect((await home.run('uninstall', 'watched')).code).toBe(0);
  expect((await servers()).filter(runs)).toEqual([]);
});

test('a policy that looks at nothing itself goes by the checks of a Temporal schedule', async () => {
  await installed('scheduled', 'interval=0');
  const before = await latest();
  expect((await home.run('schedules', 'create', 'scheduled', 'check_status', '-r', '2s')).code).toBe(0);
  process.kill(before, 'SIGKILL');
  await until(async () => (await latest()) !== before && runs(await latest()), 'another server runs');
  expect((await home.run('schedules', 'delete', 'check_status', '-d', 'scheduled')).code).toBe(0);
  await until(async () => (await home.run('uninstall', 'scheduled')).code === 0, 'it is taken down');
  expect((await servers()).filter(runs)).toEqual([]);
});
