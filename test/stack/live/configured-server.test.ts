/** A Temporal server that is configured: nothing is started, and what stands in the way is told step by step. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { type CaissonConnection, connect } from '../../../client/connection.js';
import { loadSettings } from '../../../client/settings.js';
import { examine } from '../../../client/stack/doctor.js';
import { pollersOf } from '../../../client/stack/pollers.js';
import { freePort } from '../../../client/stack/ports.js';
import { startDevServer } from '../../temporal/dev-server.js';
import { certificates } from '../certificates.js';
import { startKeyGateway, startTlsGateway } from './gateway.js';

const server = inject('temporalAddress');

async function environmentFor(address: string, more: Record<string, string> = {}): Promise<Record<string, string>> {
  const home = await mkdtemp(path.join(tmpdir(), 'caisson-home-'));
  onTestFinished(async () => await rm(home, { recursive: true, force: true }));
  return { HOME: home, CAISSON_HOME: home, PATH: process.env.PATH ?? '', TEMPORAL_ADDRESS: address, ...more };
}

async function connected(environment: Record<string, string>): Promise<CaissonConnection> {
  const { settings } = await loadSettings({}, environment, environment.HOME);
  const connection = await connect(settings);
  onTestFinished(async () => await connection.close());
  return connection;
}

/** A worker as users start one, in a process of its own. */
function startWorker(environment: Record<string, string>, ...words: string[]): ChildProcess {
  const worker = spawn(process.execPath, ['bin/caisson.js', 'worker', 'run', ...words], {
    env: environment,
    stdio: 'ignore',
  });
  onTestFinished(async () => {
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    if (worker.exitCode === null && worker.kill('SIGKILL')) await gone;
  });
  return worker;
}

async function polls(connection: CaissonConnection, taskQueue: string): Promise<void> {
  await expect
    .poll(async () => await pollersOf(connection, taskQueue), { timeout: 25_000, interval: 200 })
    .toHaveLength(1);
}

describe('by TLS', () => {
  test('client and worker reach a server whose authority is given', async () => {
    const own = await certificates();
    const address = await startTlsGateway(own, server);
    const environment = await environmentFor(address, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: own.caFile });
    const connection = await connected(environment);
    expect(connection).toMatchObject({ embedded: false, address, namespace: 'default' });
    startWorker(environment, '--queue', 'by-tls');
    await polls(connection, 'by-tls');
  });

  test.each([
    ['an unknown authority', {}, /TLS: .*(self.signed|unable to)/i],
    ['another name', { ca: true, TEMPORAL_TLS_SERVER_NAME: 'other.test' }, /TLS: .*other\.test/],
  ])('a certificate of %s is refused', async (_, { ca, ...more }: Record<string, unknown>, message) => {
    const own = await certificates();
    const address = await startTlsGateway(own, server);
    const given = { TEMPORAL_TLS: 'true', ...(ca ? { TEMPORAL_TLS_SERVER_CA_CERT_PATH: own.caFile } : {}), ...more };
    await expect(connected(await environmentFor(address, given as Record<string, string>))).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(message),
    });
  });

  test('a server that wants a client certificate gets it, and refuses whoever has none', async () => {
    const own = await certificates();
    const address = await startTlsGateway(own, server, { clientCertificate: true });
    const environment = await environmentFor(address, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: own.caFile });
    await expect(connected(environment)).rejects.toMatchObject({
      kind: 'permission',
      message: expect.stringContaining('client certificate'),
    });
    const known = {
      ...environment,
      TEMPORAL_TLS_CLIENT_CERT_PATH: own.clientFiles.cert,
      TEMPORAL_TLS_CLIENT_KEY_PATH: own.clientFiles.key,
    };
    const connection = await connected(known);
    startWorker(known, '--queue', 'by-mutual-tls');
    await polls(connection, 'by-mutual-tls');
  });

  test('a plain connection to it says that TLS is missing', async () => {
    const address = await startTlsGateway(await certificates(), server);
    await expect(connected(await environmentFor(address))).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/TEMPORAL_TLS/),
    });
  });
});

describe('with an API key', () => {
  test('client and worker send it with every call', async () => {
    const own = await certificates();
    const { address, calls } = await startKeyGateway(own, server, 'key-1');
    const environment = await environmentFor(address, {
      TEMPORAL_API_KEY: 'key-1',
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: own.caFile,
    });
    const connection = await connected(environment);
    startWorker(environment, '--queue', 'by-key');
    await polls(connection, 'by-key');
    expect(calls).toEqual(
      expect.arrayContaining(['DescribeNamespace', 'PollWorkflowTaskQueue', 'PollActivityTaskQueue']),
    );
  });

  test('another one is refused as a matter of permission, and not shown', async () => {
    const own = await certificates();
    const { address } = await startKeyGateway(own, server, 'key-1');
    const wrong = { TEMPORAL_API_KEY: 'key-of-mine', TEMPORAL_TLS_SERVER_CA_CERT_PATH: own.caFile };
    const error = await connected(await environmentFor(address, wrong)).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: 'permission', message: expect.stringContaining('Request unauthorized') });
    expect(JSON.stringify(error)).not.toContain('key-of-mine');
  });
});

describe('told step by step', () => {
  test.each([
    ['a name that nobody knows', 'nohost.invalid:7233', '✗ name'],
    ['a port where nothing listens', '127.0.0.1:1', '✗ TCP: nothing listens at 127.0.0.1:1'],
  ])('%s', async (_, address, message) => {
    await expect(connected(await environmentFor(address))).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('caisson up'),
    });
  });

  test('a namespace that is not there', async () => {
    await expect(connected(await environmentFor(server, { TEMPORAL_NAMESPACE: 'nowhere' }))).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringMatching(/✓ server.*✗ namespace: there is no namespace nowhere/s),
    });
  });
});

test('a worker registers the search attributes where they are not', async () => {
  const environment = await environmentFor(server);
  startWorker(environment, '--queue', 'registering');
  const known = async () => await (await connected(environment)).searchAttributes();
  await expect.poll(known, { timeout: 25_000, interval: 500 }).toBe(true);
  const { settings } = await loadSettings({}, environment, environment.HOME);
  expect(await examine(settings, environment)).toContainEqual(
    expect.objectContaining({ name: 'Search attributes', status: 'ok' }),
  );
});

test('the doctor tells of a task queue that nobody serves, and how to serve it', async () => {
  const environment = await environmentFor(server, { CAISSON_TASK_QUEUE: 'deserted' });
  const { settings } = await loadSettings({}, environment, environment.HOME);
  expect(await examine(settings, environment)).toContainEqual({
    name: 'Workers',
    status: 'fail',
    detail: 'none serves the task queue deserted',
    fix: 'caisson worker run',
  });
});

test('a worker outlasts its server, and tells over HTTP how it is', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-db-'));
  const options = { database: path.join(folder, 'temporal.db'), port: await freePort() };
  let own = await startDevServer(options);
  onTestFinished(async () => {
    await own.kill();
    await rm(folder, { recursive: true, force: true });
  });
  const [health, metrics] = [await freePort(), await freePort()].map((port) => `127.0.0.1:${port}`);
  startWorker(await environmentFor(own.address), '--health', health!, '--metrics', metrics!);
  const readiness = async () => (await fetch(`http://${health}/readyz`).catch(() => undefined))?.status;
  await expect.poll(readiness, { timeout: 25_000, interval: 200 }).toBe(200);
  expect(await (await fetch(`http://${metrics}/metrics`)).text()).toContain('temporal_num_pollers');
  await own.kill();
  await expect.poll(readiness, { timeout: 25_000, interval: 200 }).toBe(503);
  own = await startDevServer(options);
  await expect.poll(readiness, { timeout: 25_000, interval: 200 }).toBe(200);
}, 90_000);
