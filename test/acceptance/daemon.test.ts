/** Daemons that scripts start: the worker is killed before their ids were noted, and yet none is left over. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runs } from '../plugins/script/stage.js';
import { fixture, type Home, openHome, until } from './home.js';

let home: Home;
let notes: string;
beforeAll(async () => {
  notes = await mkdtemp(path.join(tmpdir(), 'caisson-daemons-'));
  home = await openHome();
  expect((await home.run('up')).code).toBe(0);
});
afterAll(async () => {
  for (const pid of (await daemons()).flat()) if (runs(pid)) process.kill(pid, 'SIGKILL');
  await home.close();
  await rm(notes, { recursive: true, force: true });
});

/** The daemons of each attempt. */
async function daemons(): Promise<number[][]> {
  const text = await readFile(path.join(notes, 'daemons'), 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => line.split(' ').map(Number));
}

test('the worker is killed while a script runs: the next attempt ends what it had started', async () => {
  const install = home.start('install', fixture('daemon'), '-d', 'daemon', '-i', `notes=${notes}`);
  await until(async () => (await daemons()).length === 1, 'the script has started its daemons');
  await home.kill('worker');
  expect((await install.finished).code).toBe(0);
  const [lost = [], last = [], ...more] = await daemons();
  expect(more).toEqual([]);
  expect(lost.map(runs)).toEqual([false, false]);
  expect(last.map(runs)).toEqual([true, true]);
  const { items } = await home.json<{ items: { runtime_properties: object }[] }>(
    'node-instances',
    'list',
    '-d',
    'daemon',
  );
  expect(items.map((item) => item.runtime_properties)).toEqual([{ pids: last }]);

  expect((await home.run('uninstall', 'daemon')).code).toBe(0);
  expect(last.map(runs)).toEqual([false, false]);
});
