import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runs } from '../script/stage.js';
import { probe } from './stage.js';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

test.for(['wait', 'wait_deaf'])('a cancel ends the plugin with all that it has started: %s', async (name) => {
  const controller = new AbortController();
  const marker = path.join(folder, name);
  const running = probe(`probe_plugin.tasks.${name}`, { inputs: { marker }, signal: controller.signal });
  const pids = await written(marker);
  expect(pids.map(runs)).toEqual([true, true]);
  controller.abort(new Error('cancelled'));
  const run = await running;
  expect(run.error?.message).toBe('cancelled');
  expect(pids.map(runs)).toEqual([false, false]);
  // What it had found out by then is known.
  expect(run.runtimeProperties).toEqual({ id: 'i-1' });
});

test('what an attempt has left running is ended by the next one', async () => {
  const workdir = path.join(folder, 'work');
  const marker = path.join(folder, 'first');
  const controller = new AbortController();
  const first = probe('probe_plugin.tasks.wait', { inputs: { marker }, workdir, signal: controller.signal });
  const pids = await written(marker);
  const second = await probe('probe_plugin.tasks.thread', { workdir });
  expect(second.result).toBe('done');
  expect(second.logs[0]?.message).toMatch(/^ended what an earlier attempt had left running: process group \d+$/);
  expect(pids.map(runs)).toEqual([false, false]);
  expect((await first).status).toBe('recoverable');
});

async function written(marker: string): Promise<number[]> {
  for (;;) {
    const pids = (await readFile(marker, 'utf8').catch(() => '')).split(' ').map(Number);
    if (pids.length === 2 && pids.every((pid) => pid > 0)) return pids;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
