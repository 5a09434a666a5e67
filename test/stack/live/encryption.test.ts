/** Encryption from end to end: a deployment with a failing operation, and what Temporal has of it. */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { HistoryEvent } from '../../../activities/history.js';
import { startCodecServer } from '../../../client/codec-server.js';
import { type CaissonConnection, connect } from '../../../client/connection.js';
import { getDependents } from '../../../client/dependents.js';
import { getDeployment, listDeployments } from '../../../client/deployments.js';
import { loadSettings } from '../../../client/settings.js';
import { encryptionKeys } from '../../../store/encryption.js';
import { openArtifactStore } from '../../../store/open.js';
import {
  DEFAULT_OPTIONS,
  type DeploymentInput,
  type DeploymentView,
  deploymentQuery,
  deploymentWorkflowId,
  executionWorkflowId,
} from '../../../workflows/messages.js';
import { sketch } from '../../graph/fixtures.js';
import { temporalBinary } from '../../temporal/binary.js';

const key = (id: string): string => `${id}:${randomBytes(32).toString('hex')}`;

async function connected(environment: Record<string, string>): Promise<CaissonConnection> {
  const { settings } = await loadSettings({}, environment, environment.HOME);
  const connection = await connect(settings);
  onTestFinished(async () => await connection.close());
  return connection;
}

function startWorker(environment: Record<string, string>): () => Promise<void> {
  const worker = spawn(process.execPath, ['bin/caisson.js', 'worker', 'run'], { env: environment, stdio: 'ignore' });
  const gone = new Promise((resolve) => worker.once('exit', resolve));
  const stop = async (): Promise<void> => {
    if (worker.exitCode === null && worker.signalCode === null && worker.kill('SIGTERM')) await gone;
  };
  onTestFinished(stop);
  return stop;
}

test('nothing that a deployment holds is readable in Temporal, and a changed key still reads it', async () => {
  const home = await mkdtemp(path.join(tmpdir(), 'caisson-home-'));
  onTestFinished(async () => await rm(home, { recursive: true, force: true }));
  const first = key('first');
  const environment = {
    HOME: home,
    CAISSON_HOME: home,
    PATH: process.env.PATH ?? '',
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    CAISSON_TASK_QUEUE: `sealed-${randomBytes(4).toString('hex')}`,
    CAISSON_ENCRYPTION_KEYS: first,
  };
  const stopWorker = startWorker(environment);
  const connection = await connected(environment);
  const id = await startDeployment(connection);
  const { executions } = await failedView(connection, id);
  expect(executions[0]?.error).toContain('test.create');

  const raw = await rawHistory(connection, deploymentWorkflowId(id), executionWorkflowId(id, 'install_1'));
  expect(raw.includes('binary/encrypted')).toBe(true);
  for (const readable of ['open sesame', 'blueprint.yaml', 'json/plain', 'no plugin of this worker'])
    expect(raw.includes(readable), readable).toBe(false);

  // With the keys, Temporal's own command reads it all.
  const shown = await shownWithCodec(environment, deploymentWorkflowId(id));
  expect(shown).toContain('open sesame');

  await stopWorker();
  const turned = { ...environment, CAISSON_ENCRYPTION_KEYS: `${key('second')},${first}` };
  startWorker(turned);
  expect(await failedView(await connected(turned), id)).toMatchObject({ id });
  const strange = await connected({ ...environment, CAISSON_ENCRYPTION_KEYS: key('third') });
  await expect(viewOf(strange, id)).rejects.toThrow(/the key (first|second)/);
  for (const client of [strange, await connected({ ...environment, CAISSON_ENCRYPTION_KEYS: '' })]) {
    const listed = await listDeployments(client);
    expect(listed.find((one) => one.id === id)).toMatchObject({ blueprint_id: '', depends_on: [] });
    await expect(getDeployment(client, id)).rejects.toMatchObject({ code: 'C5012', kind: 'permission' });
    expect(await getDependents(client, 'another')).toEqual([]);
  }
}, 60_000);

async function startDeployment({ client, taskQueue }: CaissonConnection): Promise<string> {
  const id = `d-${randomBytes(4).toString('hex')}`;
  const { plan, instances } = sketch({ db: { operations: ['create'] } });
  const input: DeploymentInput = {
    id,
    blueprint: { id, main_file: 'blueprint.yaml' },
    plan: { ...plan, inputs: { password: 'open sesame' } } as typeof plan,
    instances,
    created_at: '2026-01-01T00:00:00.000Z',
    search_attributes: false,
    first: { id: 'install_1', workflow_id: 'install', parameters: {}, options: DEFAULT_OPTIONS },
  };
  await client.workflow.start('deployment', { workflowId: deploymentWorkflowId(id), taskQueue, args: [input] });
  return id;
}

async function viewOf({ client }: CaissonConnection, id: string): Promise<DeploymentView> {
  return await client.workflow.getHandle(deploymentWorkflowId(id)).query(deploymentQuery);
}

async function failedView(connection: CaissonConnection, id: string): Promise<DeploymentView> {
  await expect
    .poll(async () => (await viewOf(connection, id)).executions[0]?.status, { timeout: 30_000, interval: 100 })
    .toBe('failed');
  return await viewOf(connection, id);
}

/** The events as the server has them, payloads undecoded. */
async function rawHistory({ client, namespace }: CaissonConnection, ...workflowIds: string[]): Promise<string> {
  let text = '';
  for (const workflowId of workflowIds) {
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace,
      execution: { workflowId },
    });
    text += textIn((history?.events ?? []).filter((event) => !isOfRuntime(event)));
  }
  return text;
}

/** Which branch of our code a run takes: noted by the SDK itself, in the clear, and nothing of the deployment is in it. */
function isOfRuntime(event: HistoryEvent): boolean {
  const attributes = event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes?.indexedFields ?? {};
  const names = Object.keys(attributes);
  return (
    event.markerRecordedEventAttributes?.markerName === 'core_patch' ||
    (names.length === 1 && names[0] === 'TemporalChangeVersion')
  );
}

/** Every text and every byte of a message. */
function textIn(value: unknown): string {
  if (value instanceof Uint8Array) return `${Buffer.from(value).toString('latin1')}\n`;
  if (typeof value !== 'object' || value === null) return `${String(value)}\n`;
  return Object.values(value).map(textIn).join('');
}

/** What `temporal workflow show` shows by way of a codec server with these settings. */
async function shownWithCodec(environment: Record<string, string>, workflowId: string): Promise<string> {
  const { settings } = await loadSettings({}, environment, environment.HOME);
  const server = await startCodecServer({
    store: openArtifactStore(settings.artifacts),
    encryption: await encryptionKeys(settings.encryption),
    host: '127.0.0.1',
    port: 0,
    origins: ['http://ui.test'],
  });
  onTestFinished(() => void server.close());
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const asked = async (origin: string): Promise<number> =>
    (await fetch(`${endpoint}/decode`, { method: 'POST', body: '{}', headers: { origin } })).status;
  expect([await asked('http://ui.test'), await asked('http://evil.test')]).toEqual([200, 403]);
  const words = ['workflow', 'show', '--workflow-id', workflowId, '--output', 'json', '--codec-endpoint', endpoint];
  const { stdout } = await promisify(execFile)(
    await temporalBinary(),
    [...words, '--address', inject('temporalAddress')],
    { env: { HOME: environment.HOME, PATH: environment.PATH }, maxBuffer: 64 * 1024 * 1024 },
  );
  return stdout.replaceAll(/"data": "([^"]*)"/g, (_, data) => Buffer.from(data, 'base64').toString('utf8'));
}
