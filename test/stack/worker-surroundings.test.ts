/** What surrounds a worker: its environment, its log, its health. */
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serveHealth, type WorkerHealth } from '../../worker/health.js';
import { workerLog } from '../../worker/log.js';
import { takePrivate } from '../../worker/private-environment.js';
import { scratchFolder } from '../store/scratch.js';

test('keys and secrets leave the environment in which operations run; the rest stays', () => {
  const environment: Record<string, string | undefined> = {
    PATH: '/bin',
    DOCKER_HOST: 'tcp://x',
    AWS_PROFILE: 'p',
    CAISSON_HOME: '/h',
    TEMPORAL_ADDRESS: 'x:1',
    CAISSON_SECRETS_KEY: 'k',
    CAISSON_SECRET_DB: 'hunter2',
    CAISSON_ENCRYPTION_KEYS: 'a:0',
    TEMPORAL_API_KEY: 'key',
    TEMPORAL_TLS_CLIENT_KEY_DATA: 'pem',
    TEMPORAL_GRPC_META_TOKEN: 't',
  };
  const whole = takePrivate(environment);
  expect(Object.keys(environment)).toEqual(['PATH', 'DOCKER_HOST', 'AWS_PROFILE', 'CAISSON_HOME', 'TEMPORAL_ADDRESS']);
  expect(whole.CAISSON_SECRET_DB).toBe('hunter2');
});

describe('the log', () => {
  test('is one JSON object a line, errors with their causes, whatever is logged', async () => {
    const file = path.join(await scratchFolder(), 'worker.log');
    const log = workerLog(file);
    log.info('two\nlines', { task_queue: 'caisson' });
    log.error('it failed', { error: new Error('outer', { cause: new Error('inner') }), count: 1n });
    log.sink({ level: 'WARN', message: 'of the SDK', timestampNanos: 1_700_000_000_000_000_000n, meta: { a: 1 } });
    const lines = (await readFile(file, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      { time: expect.any(String), level: 'info', message: 'two\nlines', task_queue: 'caisson' },
      {
        time: expect.any(String),
        level: 'error',
        message: 'it failed',
        error: { name: 'Error', message: 'outer', cause: { name: 'Error', message: 'inner' } },
        count: '1',
      },
      { time: '2023-11-14T22:13:20.000Z', level: 'warn', message: 'of the SDK', a: 1 },
    ]);
  });

  test('begins anew when it has become long, and keeps the one before', async () => {
    const file = path.join(await scratchFolder(), 'worker.log');
    const log = workerLog(file);
    const long = 'x'.repeat(1024 * 1024);
    for (let lines = 0; lines < 22; lines += 1) log.info(long);
    log.info('the last');
    expect((await readFile(file, 'utf8')).length).toBeLessThan(3 * 1024 * 1024);
    expect((await readFile(`${file}.1`, 'utf8')).length).toBeGreaterThan(20 * 1024 * 1024);
  });
});

describe('health over HTTP', () => {
  test.each([
    ['polling', 200, 200],
    ['disconnected', 200, 503],
    ['draining', 200, 503],
  ] as const)('a worker that is %s', async (state, alive, ready) => {
    const health: WorkerHealth = {
      pid: 1,
      identity: 'caisson@host:1',
      state,
      since: '2026-01-01T00:00:00.000Z',
      beat_at: '2026-01-01T00:00:00.000Z',
      address: 'x:1',
      namespace: 'default',
      task_queue: 'caisson',
      plugins: [],
      memory_bytes: 1,
    };
    const server = await serveHealth('127.0.0.1:0', () => health);
    onTestFinished(() => void server.close());
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const statusOf = async (where: string): Promise<number> => (await fetch(`${base}${where}`)).status;
    expect([await statusOf('/healthz'), await statusOf('/readyz'), await statusOf('/')]).toEqual([alive, ready, 404]);
    expect(await (await fetch(`${base}/healthz`)).json()).toEqual(health);
  });
});
