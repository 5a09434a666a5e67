/** Processes, locks and states that others may be at work on at the same time. */
import { spawn } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { becomesReady, GATE, launchOther } from '../../client/stack/launch.js';
import { withLock } from '../../client/stack/lock.js';
import { identify, isRunning, stopProcess } from '../../client/stack/process.js';
import { scratchFolder } from '../store/scratch.js';

describe('a process', () => {
  test('is told apart from another one that has its id', async () => {
    const self = await identify(process.pid);
    expect(await isRunning(self)).toBe(true);
    expect(await isRunning({ ...self!, began: 'another time' })).toBe(false);
  });

  test('that has ended but was not waited for does not run', async () => {
    const parent = spawn('sh', ['-c', 'sh -c "exit 0" & echo $!; exec sleep 5'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [line] = (await parent.stdout.take(1).toArray()) as Buffer[];
    await pause(50);
    expect(await identify(Number(String(line)))).toBeUndefined();
    parent.kill('SIGKILL');
  });

  test('that ignores the request to end is killed', async () => {
    const stubborn = spawn('sh', ['-c', 'trap "" TERM; echo ready; while :; do sleep 0.1; done'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await stubborn.stdout.take(1).toArray();
    const identity = (await identify(stubborn.pid!))!;
    expect(await stopProcess(identity, 200)).toBe('killed');
    expect(await stopProcess(identity, 200)).toBe('gone');
  });
});

describe('a launched process', () => {
  test('does nothing before it is told to', async () => {
    const folder = await scratchFolder();
    const launched = await launchOther('/bin/sh', ['-c', 'echo $0-$1 > out', 'a b', '$c'], {
      log: path.join(folder, 'log'),
      cwd: folder,
    });
    await pause(100);
    expect(await readdir(folder)).toEqual(['log']);
    launched.go();
    await becomesReady(launched, {
      ready: async () => (await readdir(folder)).includes('out'),
      patienceMs: 5_000,
      failure: async (what) => new Error(what),
    }).catch(() => undefined);
    expect(await readFile(path.join(folder, 'out'), 'utf8')).toBe('a b-$c\n');
  });

  test('ends without having done anything when whoever launched it dies first', async () => {
    const folder = await scratchFolder();
    const launcher = spawn('sh', ['-c', `sh -c '${GATE}' touch out <&0 & echo $!; kill -9 $$`], {
      cwd: folder,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    launcher.stdin.end();
    const [pid] = (await launcher.stdout.take(1).toArray()) as Buffer[];
    await expect.poll(async () => await identify(Number(String(pid)))).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  test('that ends early is told of with its exit code', async () => {
    const folder = await scratchFolder();
    const launched = await launchOther('/bin/sh', ['-c', 'exit 3'], { log: path.join(folder, 'log'), cwd: folder });
    launched.go();
    const ready = becomesReady(launched, {
      ready: async () => false,
      patienceMs: 5_000,
      failure: async (what) => new Error(what),
    });
    await expect(ready).rejects.toThrow('ended with code 3');
  });
});

describe('a lock', () => {
  test('lets one in at a time', async () => {
    const file = path.join(await scratchFolder(), 'lock');
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        await withLock(file, async () => {
          inside += 1;
          most = Math.max(most, inside);
          await pause(5);
          inside -= 1;
        });
      }),
    );
    expect(most).toBe(1);
    // The last turn's file stays, released, so that the next one counts on.
    expect(await readdir(path.dirname(file))).toEqual(['lock.8']);
  });

  test.each([
    ['a dead process', JSON.stringify({ pid: 999_999_999, began: 'x' })],
    ['a stranger with the process id of its owner', JSON.stringify({ pid: process.pid, began: 'x' })],
    ['nobody who can be read', 'half a li'],
  ])('held by %s is taken over', async (_, content) => {
    const file = path.join(await scratchFolder(), 'lock');
    await writeFile(`${file}.4`, content);
    expect(await withLock(file, async () => 'in')).toBe('in');
    expect(await readdir(path.dirname(file))).toEqual(['lock.5']);
  });

  test('held by the living is not taken from them by one that saw a dead owner before', async () => {
    const file = path.join(await scratchFolder(), 'lock');
    await writeFile(`${file}.4`, JSON.stringify({ pid: 999_999_999, began: 'x' }));
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 12 }, async (_, at) => {
        await pause(at % 3);
        await withLock(file, async () => {
          inside += 1;
          most = Math.max(most, inside);
          await pause(3);
          inside -= 1;
        });
      }),
    );
    expect(most).toBe(1);
  });

  test('is free again after a failure', async () => {
    const file = path.join(await scratchFolder(), 'lock');
    await expect(withLock(file, async () => await Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(file, async () => 'in')).toBe('in');
  });
});
