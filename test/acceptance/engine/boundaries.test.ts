/**
 * The worker is killed at every call of an install to the world, before the call is carried out and after, and each time
 * the install ends well and its uninstall leaves nothing. For each such moment there is a deployment that is held there;
 * then one kill -9 hits them all.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import {
  type CaissonConnection,
  CaissonError,
  type CompiledBlueprint,
  compileBlueprint,
  connect,
  createDeployment,
  DEFAULT_OPTIONS,
  type ExecutionReference,
  type ExecutionRequest,
  installedPlugins,
  loadSettings,
  newExecutionId,
  prepare,
  settledExecution,
  startExecution,
} from '../../../client/index.js';
import { executionWorkflowId } from '../../../workflows/messages.js';
import { auditLeaks } from '../../leaks.js';
import { type Cloud, openCloud } from '../../plugins/aws/cloud.js';
import { faultProxy as ec2Proxy } from '../../plugins/aws/fault-proxy.js';
import { moto } from '../../plugins/aws/moto.js';
import { faultProxy as engineProxy } from '../../plugins/docker/fault-proxy.js';
import { engineInventory } from '../../plugins/docker/inventory.js';
import { docker, engine } from '../../plugins/docker/node.js';
import { type Home, openHome } from '../home.js';

const catalog = await installedPlugins([]);
let home: Home;
let connection: CaissonConnection;
let endpoint: Awaited<ReturnType<typeof moto>>;
let cloud: Cloud;

beforeAll(async () => {
  endpoint = await moto();
  cloud = await openCloud('us-east-1', endpoint.url);
  home = (await openHome()).with({ CAISSON_AWS_POLL_MS: '100' });
  const { settings } = await loadSettings({}, { ...process.env, ...home.environment }, home.folder);
  connection = await connect(settings);
}, 600_000);
afterAll(async () => {
  await connection?.close();
  await home?.close();
  await cloud?.close();
  await endpoint?.stop();
});
auditLeaks(() => ({ ec2: cloud.inventory, engine: async () => await engineInventory(docker), secrets }));

async function secrets(): Promise<string[]> {
  const { items } = await home.json<{ items: { key: string }[] }>('secrets', 'list');
  return items.map(({ key }) => key);
}

/** The world as one deployment sees it: its calls are counted, and one of them may be held. */
interface Passage {
  readonly inputs: JsonObject;
  /** Calls so far. */
  calls(): readonly string[];
  /** Resolves when the call is there, or has been carried out; it is never answered. */
  hold(call: number, before: Side): Promise<void>;
  close(): Promise<void>;
}

type Side = 'call' | 'answer';

interface World {
  readonly blueprint: string;
  /** @param index of the deployment */
  open(deployment: string, index: number): Promise<Passage>;
}

const EC2: World = {
  blueprint: 'ec2.yaml',
  async open() {
    const proxy = await ec2Proxy(endpoint.url);
    return {
      inputs: { endpoint_url: proxy.url },
      calls: () => proxy.log.map(({ action }) => action),
      hold: (call, before) =>
        new Promise((held) => {
          const fault =
            before === 'call' ? ({ kind: 'hold', onCall: held } as const) : ({ kind: 'stop', onAnswer: held } as const);
          proxy.add({ action: /./, after: call - 1, fault });
        }),
      close: proxy.close,
    };
  },
};

const ENGINE: World = {
  blueprint: 'docker.yaml',
  async open(deployment, index) {
    const proxy = await engineProxy(engine.socket);
    return {
      inputs: {
        docker_host: `127.0.0.1:${proxy.port}`,
        image: await imageOf(deployment),
        // An engine finds room for some thirty networks by itself.
        subnet: `10.203.${index}.0/24`,
      },
      calls: () => proxy.calls,
      hold: proxy.holdAt,
      close: proxy.close,
    };
  },
};

let tagging: Promise<unknown> = Promise.resolve();

/** Each has a name of its own for the image, as they share the engine. The registry bears one new name at a time. */
async function imageOf(tag: string): Promise<string> {
  const named = tagging.then(async () => await tagged(tag));
  tagging = named.catch(() => undefined);
  return await named;
}

/** In a repository of their own: that of the other tests has the names that they know. */
const REPOSITORY = 'boundaries';

async function tagged(tag: string): Promise<string> {
  const registry = `http://${engine.registry}/v2`;
  const accept = 'application/vnd.docker.distribution.manifest.v2+json';
  const present = await fetch(`${registry}/busybox/manifests/1`, { headers: { accept } });
  const type = present.headers.get('content-type') ?? '';
  const body = await present.text();
  expect(present.status, body).toBe(200);
  const { config, layers } = JSON.parse(body) as { config: Blob; layers: Blob[] };
  for (const { digest } of [config, ...layers]) {
    const mounted = await fetch(`${registry}/${REPOSITORY}/blobs/uploads/?mount=${digest}&from=busybox`, {
      method: 'POST',
    });
    expect(mounted.status, await mounted.text()).toBe(201);
  }
  const put = await fetch(`${registry}/${REPOSITORY}/manifests/${tag}`, {
    method: 'PUT',
    headers: { 'content-type': type },
    body,
  });
  expect(put.status, await put.text()).toBe(201);
  return `${engine.registry}/${REPOSITORY}:${tag}`;
}

interface Blob {
  readonly digest: string;
}

const request = (workflow: string): ExecutionRequest => ({
  id: newExecutionId(workflow),
  workflow_id: workflow,
  parameters: {},
  options: DEFAULT_OPTIONS,
});

async function beginInstall(id: string, blueprint: CompiledBlueprint, { inputs }: Passage): Promise<string> {
  const first = request('install');
  await createDeployment(connection, prepare(blueprint, inputs, catalog), { id, first });
  return first.id;
}

/** Waits for the end without asking the worker, which may be dead or have a lot to do. */
async function ended({ deployment_id, id }: ExecutionReference): Promise<void> {
  const handle = connection.client.workflow.getHandle(executionWorkflowId(deployment_id, id));
  const isThere = (error: unknown) => !(error instanceof WorkflowNotFoundError);
  while (!(await handle.result().then(() => true, isThere))) await pause(200);
}

async function succeeds(reference: ExecutionReference): Promise<void> {
  await ended(reference);
  const { status, error } = await patiently(async () => await settledExecution(connection, reference));
  expect({ ...reference, status, error }).toEqual({ ...reference, status: 'terminated', error: null });
}

async function uninstall(deployment_id: string): Promise<void> {
  const uninstalling = request('uninstall');
  await patiently(async () => await startExecution(connection, deployment_id, uninstalling));
  await succeeds({ deployment_id, id: uninstalling.id });
}

/** Again as long as no worker answers. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof CaissonError && error.code === 'C5008')) throw error;
    }
}

interface Moment {
  readonly id: string;
  readonly call: number;
  readonly before: Side;
}

async function walk(world: World, name: string): Promise<void> {
  const blueprint = await compileBlueprint(
    new URL(`./blueprints/${world.blueprint}`, import.meta.url).pathname,
    catalog,
  );
  const whole = await world.open(name, 0);
  const first = await beginInstall(name, blueprint, whole);
  await succeeds({ deployment_id: name, id: first });
  const calls = whole.calls().length;
  await uninstall(name);
  await whole.close();

  const moments = Array.from({ length: calls }, (_, index) => index + 1).flatMap((call): Moment[] => [
    { id: `${name}-${call}-call`, call, before: 'call' },
    { id: `${name}-${call}-answer`, call, before: 'answer' },
  ]);
  const settled = new Map<string, 'held' | 'ended'>();
  const begun = await Promise.all(
    moments.map(async (moment, index) => {
      const passage = await world.open(moment.id, index + 1);
      void passage.hold(moment.call, moment.before).then(() => settled.set(moment.id, 'held'));
      const install = { deployment_id: moment.id, id: await beginInstall(moment.id, blueprint, passage) };
      // One that polled less than the first has no call so late.
      void ended(install).then(() => settled.set(moment.id, 'ended'));
      return { install, passage };
    }),
  );
  while (settled.size < moments.length) await pause(100);
  const held = [...settled.values()].filter((how) => how === 'held').length;
  expect(held).toBeGreaterThan(moments.length * 0.8);
  await home.kill('worker');
  expect((await home.run('up')).code).toBe(0);

  await Promise.all(
    begun.map(async ({ install, passage }) => {
      await succeeds(install);
      await uninstall(install.deployment_id);
      await passage.close();
    }),
  );
}

test('at every call to EC2', { timeout: 600_000 }, async () => await walk(EC2, 'cloud'));
test('at every call to the engine', { timeout: 600_000 }, async () => await walk(ENGINE, 'engine'));
