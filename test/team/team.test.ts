/**
 * Several machines, each with a home of its own, on one Temporal server and one bucket: clients see one another's work,
 * workers come and are killed, and tenants see nothing of each other.
 */
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { Connection } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Home, until } from '../acceptance/home.js';
import { type LayeredBlueprint, layeredBlueprint } from '../acceptance/layers.js';
import { bucketOn, type TestBucket } from './bucket.js';

const address = inject('temporalAddress');
const namespaces = ['red', 'blue'].map((name) => `${name}-${randomBytes(3).toString('hex')}`);
const [red = '', blue = ''] = namespaces;

let bucket: TestBucket;
const cleanUps: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  bucket = await bucketOn(inject('s3Url'));
  const connection = await Connection.connect({ address });
  for (const namespace of namespaces)
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
    });
  // A server looks for new namespaces every few seconds.
  for (const namespace of namespaces)
    await until(
      async () =>
        await connection.workflowService.listWorkflowExecutions({ namespace }).then(
          () => true,
          () => false,
        ),
      `the server knows ${namespace}`,
    );
  await connection.close();
  for (const namespace of namespaces) await worker(namespace);
});
afterAll(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
});

/** A machine that shares nothing with the others but the server and the bucket. */
async function machine(namespace: string, more: Readonly<Record<string, string>> = {}): Promise<Home> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-machine-'));
  cleanUps.push(async () => await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  return new Home(folder, {
    HOME: folder,
    CAISSON_HOME: folder,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: namespace,
    CAISSON_ARTIFACTS: `s3://${bucket.name}/caisson`,
    CAISSON_S3_ENDPOINT: bucket.settings.endpoint,
    CAISSON_S3_ACCESS_KEY_ID: bucket.settings.accessKeyId,
    CAISSON_S3_SECRET_ACCESS_KEY: bucket.settings.secretAccessKey,
    NO_COLOR: '1',
    CI: '',
    ...more,
  });
}

interface TeamWorker {
  readonly home: Home;
  readonly process: ChildProcess;
}

async function worker(namespace: string, more: Readonly<Record<string, string>> = {}): Promise<TeamWorker> {
  const home = await machine(namespace, more);
  const { process, finished } = home.start('worker', 'run');
  cleanUps.push(async () => {
    process.kill('SIGKILL');
    await finished;
  });
  const polls = new Promise<void>((resolve, reject) => {
    process.stderr?.on('data', (text: string) => {
      if (text.includes('the worker polls')) resolve();
    });
    process.once('exit', (code) => reject(new Error(`the worker ended with code ${code}`)));
  });
  await polls;
  return { home, process };
}

async function layers(options: Parameters<typeof layeredBlueprint>[0]): Promise<LayeredBlueprint> {
  const blueprint = await layeredBlueprint(options);
  cleanUps.push(async () => await rm(blueprint.folder, { recursive: true, force: true }));
  return blueprint;
}

describe('what one client does', () => {
  test('others see: deployment, executions, events, logs, outputs; and go on with it', async () => {
    const [ada, ben] = [await machine(red), await machine(red)];
    const folder = await mkdtemp(path.join(tmpdir(), 'caisson-blueprint-'));
    cleanUps.push(async () => await rm(folder, { recursive: true, force: true }));
    await writeFile(
      path.join(folder, 'blueprint.yaml'),
      [
        'tosca_definitions_version: cloudify_dsl_1_3',
        'imports: [cloudify/types/types.yaml]',
        'node_types:',
        '  Big: { derived_from: cloudify.nodes.Root, properties: { text: { default: "" } } }',
        'node_templates:',
        '  big:',
        '    type: Big',
        // More than a history takes: it travels by the bucket.
        `    properties: { text: ${randomBytes(200_000).toString('hex')} }`,
        '    interfaces: { cloudify.interfaces.lifecycle: { create: say.sh } }',
        'outputs: { said: { value: { get_attribute: [big, said] } } }',
      ].join('\n'),
    );
    await writeFile(
      path.join(folder, 'say.sh'),
      '#!/bin/sh\nctx logger info "hello of $(ctx deployment id)"\nctx instance runtime-properties said hello\n',
    );
    const installed = await ada.run('install', path.join(folder, 'blueprint.yaml'), '-d', 'shared');
    expect(installed.code, installed.stderr).toBe(0);

    expect((await ben.json<{ items: { id: string }[] }>('deployments', 'list')).items.map(({ id }) => id)).toContain(
      'shared',
    );
    const { items: executions } = await ben.json<{ items: { workflow_id: string; status_display: string }[] }>(
      'executions',
      'list',
      '-d',
      'shared',
    );
    expect(executions).toMatchObject([{ workflow_id: 'install' }]);
    const events = (await ben.run('events', 'list', 'shared')).stdout;
    expect(events).toContain('hello of shared');
    expect(events).toContain("'install' workflow execution succeeded");
    expect((await ben.run('outputs', 'shared', 'said')).stdout).toContain('hello');
    const uninstalled = await ben.run('uninstall', 'shared', '--yes');
    expect(uninstalled.code, uninstalled.stderr).toBe(0);
    expect((await ada.json<{ items: unknown[] }>('deployments', 'list')).items).toEqual([]);
    // Nothing of it was kept on their own machines.
    for (const home of [ada, ben]) expect(await readdir(home.folder)).toEqual([]);
  });

  test('two that make one deployment at once: one wins, the other is told what it can do', async () => {
    const blueprint = await layers({ nodes: 2, seconds: 0 });
    const clients = [await machine(red), await machine(red)];
    const ends = await Promise.all(
      clients.map(async (client) => await client.run('install', blueprint.file, '-d', 'contested')),
    );
    expect(ends.map(({ code }) => code).sort()).toEqual([0, 5]);
    expect(ends.find(({ code }) => code === 5)?.stderr).toMatch(/a deployment contested exists[\s\S]*resume contested/);
    const begun = (await blueprint.journal()).filter((line) => line.startsWith('begin'));
    expect(begun).toHaveLength(4);
    expect((await clients[0]!.run('uninstall', 'contested', '--yes')).code).toBe(0);
  });

  test('two that run workflows on one deployment at once: the other is refused, or waits when it says so', async () => {
    const blueprint = await layers({ nodes: 1, seconds: 0 });
    const [ada, ben] = [await machine(red), await machine(red)];
    expect((await ada.run('install', blueprint.file, '-d', 'busy')).code).toBe(0);
    await blueprint.hold('stop');
    const restart = ada.start('execute', 'restart', '-d', 'busy');
    await until(
      async () => (await blueprint.journal()).some((line) => /begin .*\.stop$/.test(line)),
      'the restart has begun',
    );
    const refused = await ben.run('execute', 'restart', '-d', 'busy');
    expect(refused).toMatchObject({ code: 5 });
    expect(refused.stderr).toMatch(/restart/);
    const queued = ben.start('execute', 'start', '-d', 'busy', '--queue');
    await until(
      async () =>
        (await ada.json<{ items: { status: string }[] }>('executions', 'list', '-d', 'busy')).items.some(
          ({ status }) => status === 'queued',
        ),
      'the second one is queued',
    );
    await blueprint.release('stop');
    expect([(await restart.finished).code, (await queued.finished).code]).toEqual([0, 0]);
    expect((await ada.run('uninstall', 'busy', '--yes')).code).toBe(0);
  });
});

test('workers are added and killed under load, and everything is done once and to its end', async () => {
  const ada = await machine(red);
  const blueprints = await Promise.all(Array.from({ length: 2 }, () => layers({ nodes: 16, width: 2, seconds: 0.5 })));
  const installs = blueprints.map(({ file }, at) => ada.start('install', file, '-d', `load-${at}`));
  const victims: TeamWorker[] = [];
  for (let round = 0; round < 2; round += 1) {
    victims.push(await worker(red));
    const done = (await Promise.all(blueprints.map((one) => one.journal()))).flat().length;
    await until(
      async () => (await Promise.all(blueprints.map((one) => one.journal()))).flat().length > done + 4,
      'it goes on with the new worker',
    );
    victims.at(-1)?.process.kill('SIGKILL');
  }
  await worker(red);
  for (const { finished } of installs) {
    const { code, stderr } = await finished;
    expect(code, stderr).toBe(0);
  }
  for (const [at, blueprint] of blueprints.entries()) {
    const { items } = await ada.json<{ items: { id: string; state: string }[] }>(
      'node-instances',
      'list',
      '-d',
      `load-${at}`,
    );
    expect(items).toHaveLength(16);
    expect(new Set(items.map(({ state }) => state))).toEqual(new Set(['started']));
    const lines = await blueprint.journal();
    for (const { id } of items)
      for (const operation of ['create', 'start'])
        expect(lines).toContain(`end ${id} cloudify.interfaces.lifecycle.${operation}`);
  }
}, 180_000);

test('tenants have names, state, logs and files of their own', async () => {
  const blueprint = await layers({ nodes: 1, seconds: 0 });
  const [ada, bob] = [await machine(red), await machine(blue)];
  const both = await Promise.all(
    [ada, bob].map(async (home) => await home.run('install', blueprint.file, '-d', 'same')),
  );
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect((await bob.json<{ items: unknown[] }>('deployments', 'list')).items).toHaveLength(1);
  const { Contents = [] } = await bucket.client.send(
    new ListObjectsV2Command({ Bucket: bucket.name, Prefix: `caisson/namespaces/${blue}/` }),
  );
  const kinds = new Set(Contents.map(({ Key = '' }) => Key.split('/')[3]));
  expect([...kinds]).toEqual(expect.arrayContaining(['blueprints', 'logs', 'snapshots']));
  expect((await ada.run('uninstall', 'same', '--yes')).code).toBe(0);
  expect((await bob.json<{ items: { id: string }[] }>('deployments', 'list')).items).toMatchObject([{ id: 'same' }]);
  const { items } = await bob.json<{ items: { state: string }[] }>('node-instances', 'list', '-d', 'same');
  expect(items.map(({ state }) => state)).toEqual(['started']);
});

test('a deployment whose worker is away is listed with what the server knows of it, beside the others', async () => {
  const blueprint = await layers({ nodes: 1, seconds: 0 });
  const apart = { CAISSON_TASK_QUEUE: 'apart' };
  const [ada, bob] = [await machine(blue, apart), await machine(blue)];
  const only = await worker(blue, apart);
  expect((await ada.run('deployments', 'create', blueprint.file, '-d', 'silent')).code).toBe(0);
  expect((await bob.run('deployments', 'create', blueprint.file, '-d', 'answers')).code).toBe(0);
  only.process.kill('SIGKILL');
  const [deployments, executions, nobody] = await Promise.all([
    bob.run('deployments', 'list', '--json'),
    bob.run('executions', 'list', '--json'),
    bob.run('events', 'list', 'nobody'),
  ]);
  expect(deployments).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('no worker answers for deployment/silent'),
  });
  const { items } = JSON.parse(deployments.stdout) as { items: { id: string }[] };
  expect(items.filter(({ id }) => id !== 'same')).toMatchObject([
    { id: 'silent', deployment_status: 'unknown', installation_status: 'unknown', depends_on: [] },
    { id: 'answers', installation_status: 'inactive' },
  ]);
  expect(executions).toMatchObject({
    code: 0,
    stderr: expect.stringContaining('no worker answers for deployment/silent'),
  });
  expect(nobody).toMatchObject({ code: 4, stderr: expect.stringContaining('no worker answers for deployment/silent') });
  const alone = await ada.run('deployments', 'get', 'silent');
  expect(alone.stderr).toContain('C5008');
});
