/** The whole embedded stack: real processes under a home of the test's own. */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CaissonConnection, connect } from '../../../client/connection.js';
import { loadSettings, type Settings } from '../../../client/settings.js';
import { isServing as serves } from '../../../client/stack/grpc.js';
import { identify, isRunning, killProcess } from '../../../client/stack/process.js';
import { readState, stackFiles, writeState } from '../../../client/stack/state.js';
import { down, type StackStep, stackStatus, up } from '../../../client/stack/up.js';
import {
  DEFAULT_OPTIONS,
  type DeploymentInput,
  deploymentQuery,
  deploymentWorkflowId,
} from '../../../workflows/messages.js';
import { sketch } from '../../graph/fixtures.js';
import { temporalBinary } from '../../temporal/binary.js';

const homes: string[] = [];

async function homeSettings(more: Record<string, string> = {}): Promise<Settings> {
  const home = await mkdtemp(path.join(tmpdir(), 'caisson-home-'));
  homes.push(home);
  const environment = { HOME: home, CAISSON_HOME: home, TEMPORAL_CLI_PATH: await temporalBinary(), ...more };
  return (await loadSettings({}, environment, home)).settings;
}

afterAll(async () => {
  for (const home of homes) {
    await down((await loadSettings({}, { HOME: home, CAISSON_HOME: home }, home)).settings);
    await rm(home, { recursive: true, force: true });
  }
});

describe('a stack', () => {
  let settings: Settings;
  beforeAll(async () => {
    settings = await homeSettings();
  });

  test('comes up once, however many ask for it at the same time', async () => {
    const steps: StackStep[] = [];
    const [first, second] = await Promise.all([up(settings, { onStep: (step) => steps.push(step) }), up(settings)]);
    expect(second).toEqual(first);
    expect(await stackStatus(settings)).toMatchObject({
      server: { running: true, serving: true, pid: first.server.pid },
      worker: { running: true, current: true, health: { state: 'polling', task_queue: 'caisson' } },
    });
  });

  test('keeps the histories of closed workflows for a month', async () => {
    const { config } = await withConnection(settings, async ({ client, namespace }) => {
      return await client.workflowService.describeNamespace({ namespace });
    });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
  });

  test('that runs is left alone', async () => {
    const { server, worker } = await readState(stackFiles(settings).state);
    const steps: string[] = [];
    expect(await up(settings, { onStep: ({ step }) => steps.push(step) })).toEqual({ server, worker });
    expect(steps).toEqual(['up']);
  });

  test('whose worker was killed gets another one, and keeps its server', async () => {
    const before = await up(settings);
    await killProcess(before.worker);
    const after = await up(settings);
    expect(after.server).toEqual(before.server);
    expect(after.worker.pid).not.toBe(before.worker.pid);
  });

  test('brings up what died by itself, though nobody types a command', async () => {
    const before = await up(settings);
    const { state } = stackFiles(settings);
    for (const name of ['worker', 'server'] as const) {
      process.kill(before[name].pid, 'SIGKILL');
      await expect
        .poll(async () => (await readState(state))[name]?.pid, { timeout: 20_000 })
        .not.toBe(before[name].pid);
    }
    await expect.poll(async () => (await stackStatus(settings)).server?.serving, { timeout: 20_000 }).toBe(true);
  });

  test('whose keeper was killed gets another one', async () => {
    const stack = await up(settings);
    const { state } = stackFiles(settings);
    const { keeper } = await readState(state);
    await killProcess(keeper!);
    expect(await up(settings)).toEqual(stack);
    const other = (await readState(state)).keeper;
    expect(other?.pid).not.toBe(keeper?.pid);
    expect(await isRunning(other)).toBe(true);
  });

  test('whose server and worker die one after the other while they come up is up in the end', async () => {
    const before = await up(settings);
    const { state } = stackFiles(settings);
    await killProcess(before.worker);
    const coming = up(settings);
    await expect.poll(async () => (await readState(state)).worker?.pid).not.toBe(before.worker.pid);
    await killProcess(before.server);
    const after = await coming;
    expect(after.server.pid).not.toBe(before.server.pid);
    expect(await stackStatus(settings)).toMatchObject({ server: { serving: true }, worker: { running: true } });
  });

  test('whose server was killed gets another one on the same file and port, and its worker goes on', async () => {
    const before = await up(settings);
    const id = await withConnection(settings, startDeployment);
    await killProcess(before.server);
    const after = await up(settings);
    expect(after.worker).toEqual(before.worker);
    expect(after.server).toMatchObject({ address: before.server.address, ui_url: before.server.ui_url });
    expect(after.server.pid).not.toBe(before.server.pid);
    expect(await withConnection(settings, async (connection) => await viewOf(connection, id))).toMatchObject({ id });
  });

  test('whose server answers nobody gets another one', async () => {
    const before = await up(settings);
    process.kill(before.server.pid, 'SIGSTOP');
    await expect
      .poll(async () => await serves({ address: before.server.address, namespace: 'default' }, 300))
      .toBe(false);
    const after = await up(settings);
    expect(after.server.pid).not.toBe(before.server.pid);
    expect(await isRunning(before.server)).toBe(false);
    expect(await stackStatus(settings)).toMatchObject({ server: { serving: true } });
  });

  test('of another build gets a worker of this one', async () => {
    const before = await up(settings);
    const { state } = stackFiles(settings);
    await writeState(state, { ...(await readState(state)), worker: { ...before.worker, build: 'older' } });
    const after = await up(settings);
    expect(after.worker.build).toBe(before.worker.build);
    expect(after.server).toEqual(before.server);
    expect(await isRunning(before.worker)).toBe(false);
    expect(await isRunning(after.worker)).toBe(true);
  });

  test('serves another namespace when it is asked to', async () => {
    const { server } = await up(settings);
    const other = { ...settings, connection: { namespace: 'other' } };
    expect((await up(other)).server).toEqual(server);
    const id = await withConnection(other, startDeployment);
    await expect
      .poll(async () => await withConnection(other, async (connection) => await viewOf(connection, id)), {
        timeout: 20_000,
      })
      .toMatchObject({ id });
  });

  test('that is taken down leaves no process, keeps its data and comes up at the same ports', async () => {
    const before = await up(settings);
    const id = await withConnection(settings, startDeployment);
    const { keeper } = await readState(stackFiles(settings).state);
    expect(await down(settings)).toEqual({ worker: 'stopped', server: 'stopped' });
    expect(await identify(before.server.pid)).toBeUndefined();
    expect(await identify(before.worker.pid)).toBeUndefined();
    expect(await isRunning(keeper)).toBe(false);
    expect(await down(settings)).toEqual({ worker: 'gone', server: 'gone' });
    const after = await up(settings);
    expect(after.server.address).toBe(before.server.address);
    expect(await withConnection(settings, async (connection) => await viewOf(connection, id))).toMatchObject({ id });
  });

  test('does not mistake a stranger with its process id for its own', async () => {
    await down(settings);
    const { state } = stackFiles(settings);
    const mine = { pid: process.pid, began: 'another time' };
    const server = {
      ...mine,
      address: '127.0.0.1:1',
      ui_url: 'http://127.0.0.1:2',
      database: '',
      program: '',
      version: '',
      started_at: '',
    };
    await writeState(state, { server, worker: { ...mine, build: '', started_at: '' } });
    expect(await stackStatus(settings)).toMatchObject({ server: { running: false }, worker: { running: false } });
    expect(await down(settings)).toEqual({ worker: 'gone', server: 'gone' });
  });
});

describe('a stack that cannot come up says why', () => {
  let blocked: ReturnType<typeof createServer> | undefined;
  afterEach(() => void blocked?.close());

  test('when its port is taken', async () => {
    blocked = createServer();
    await new Promise<void>((resolve) => blocked!.listen(0, '127.0.0.1', resolve));
    const { port } = blocked.address() as { port: number };
    const settings = await homeSettings({ CAISSON_PORT: String(port) });
    await expect(up(settings)).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(`port ${port}`),
    });
  });

  test.each([
    ['is no database', 'hello, this is a text file'],
    ['is damaged', `SQLite format 3\0${randomBytes(8192).toString('latin1')}`],
  ])('when its database %s', async (_, content) => {
    const settings = await homeSettings();
    const { database } = stackFiles(settings);
    await mkdir(path.dirname(database), { recursive: true });
    await writeFile(database, content, 'latin1');
    await expect(up(settings)).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining(database),
      hint: expect.stringContaining('restore'),
    });
    expect(await readFile(database, 'latin1')).toBe(content);
  });

  test('when its program is none of Temporal', async () => {
    const settings = await homeSettings({ TEMPORAL_CLI_PATH: '/bin/true' });
    await expect(up(settings)).rejects.toMatchObject({ message: expect.stringContaining('/bin/true is no temporal') });
  });

  test('and a client that may not start one says what to do', async () => {
    const settings = await homeSettings({ CAISSON_EMBEDDED: 'false' });
    await expect(connect(settings)).rejects.toMatchObject({
      kind: 'unreachable',
      hint: expect.stringContaining('TEMPORAL_ADDRESS'),
    });
  });
});

async function withConnection<T>(settings: Settings, use: (connection: CaissonConnection) => Promise<T>): Promise<T> {
  const connection = await connect(settings, { autoStart: false });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

async function startDeployment({ client, taskQueue, searchAttributes }: CaissonConnection): Promise<string> {
  const id = `d-${randomBytes(4).toString('hex')}`;
  const { plan, instances } = sketch({ db: {} });
  const input: DeploymentInput = {
    id,
    blueprint: { id, main_file: 'blueprint.yaml' },
    plan,
    instances,
    created_at: '2026-01-01T00:00:00.000Z',
    search_attributes: await searchAttributes(),
    first: { id: 'install_1', workflow_id: 'install', parameters: {}, options: DEFAULT_OPTIONS },
  };
  await client.workflow.start('deployment', { workflowId: deploymentWorkflowId(id), taskQueue, args: [input] });
  return id;
}

async function viewOf({ client }: CaissonConnection, id: string) {
  return await client.workflow.getHandle(deploymentWorkflowId(id)).query(deploymentQuery);
}
