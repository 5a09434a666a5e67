/**
 * The worker is killed at every call of an install to the world, before the call is carried out and after, and at every
 * call of an uninstall; each time both end well and leave nothing. For each such moment there is a deployment that is
 * held there; then one kill -9 hits them all: one while they are installed, one while they are uninstalled.
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

/** A deployment that goes to the world by a passage of its own. */
interface Traveller {
  readonly id: string;
  readonly passage: Passage;
  readonly blueprint: CompiledBlueprint;
}

type Begin = (traveller: Traveller) => Promise<ExecutionReference>;

const install: Begin = async ({ id, blueprint, passage: { inputs } }) => {
  const first = request('install');
  await createDeployment(connection, prepare(blueprint, inputs, catalog), { id, first });
  return { deployment_id: id, id: first.id };
};

const uninstall: Begin = async ({ id }) => {
  const uninstalling = request('uninstall');
  await patiently(async () => await startExecution(connection, id, uninstalling));
  return { deployment_id: id, id: uninstalling.id };
};

/** Waits for the end without asking the worker, which may be dead or have a lot to do. */
async function ended({ deployment_id, id }: ExecutionReference): Promise<void> {
  const handle = connection.client.workflow.getHandle(executionWorkflowId(deployment_id, id));
  const isThere = (error: unknown) => !(error instanceof WorkflowNotFoundError);
  while (!(await handle.result().then(() => true, isThere))) await pause(200);
}

async function succeeds(reference: ExecutionReference): Promise<void> {
  await ended(reference);
  await hasSucceeded(reference);
}

async function hasSucceeded(reference: ExecutionReference): Promise<void> {
  const { status, error } = await patiently(async () => await settledExecution(connection, reference));
  expect({ ...reference, status, error }).toEqual({ ...reference, status: 'terminated', error: null });
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
  readonly call: number;
  readonly before: Side;
}

const momentsOf = (calls: number): Moment[] =>
  Array.from({ length: calls }, (_, index) => index + 1).flatMap((call) => [
    { call, before: 'call' },
    { call, before: 'answer' },
  ]);

/** What happens to a world: how many calls each of both ends up with, and those who are held at them. */
interface Walk {
  readonly installing: readonly Moment[];
  readonly uninstalling: readonly Moment[];
  readonly travellers: readonly Traveller[];
}

/** Once without being held, to know the calls there are; then as many deployments as there are moments to hold them at. */
async function walk(world: World, name: string): Promise<Walk> {
  const file = new URL(`./blueprints/${world.blueprint}`, import.meta.url).pathname;
  const blueprint = await compileBlueprint(file, catalog);
  const traveller = async (id: string, index: number) => ({ id, blueprint, passage: await world.open(id, index) });
  const first = await traveller(name, 0);
  await succeeds(await install(first));
  const calls = first.passage.calls().length;
  await succeeds(await uninstall(first));
  const installing = momentsOf(calls);
  const uninstalling = momentsOf(first.passage.calls().length - calls);
  await first.passage.close();
  const travellers = Array.from({ length: Math.max(installing.length, uninstalling.length) }, (_, index) =>
    traveller(`${name}-${index + 1}`, index + 1),
  );
  return { installing, uninstalling, travellers: await Promise.all(travellers) };
}

/** Holds each at its moment, kills the worker under all of them, and sees them through. */
async function killedAt(begin: Begin, all: readonly (readonly [Traveller, Moment | undefined])[]): Promise<void> {
  const settled = new Map<string, 'held' | 'ended'>();
  const begun = await Promise.all(
    all.map(async ([traveller, moment]) => {
      if (moment) void traveller.passage.hold(moment.call, moment.before).then(() => settled.set(traveller.id, 'held'));
      const reference = await begin(traveller);
      // One that polled less than the first has no call so late.
      void ended(reference).then(() => settled.set(traveller.id, 'ended'));
      return reference;
    }),
  );
  while (settled.size < all.length) await pause(100);
  const held = [...settled.values()].filter((how) => how === 'held').length;
  expect(held).toBeGreaterThan(all.filter(([, moment]) => moment).length * 0.8);
  await home.kill('worker');
  expect((await home.run('up')).code).toBe(0);
  await Promise.all(begun.map(ended));
  // One by one: a new worker has to look at each deployment's whole past before it can answer.
  for (const reference of begun) await hasSucceeded(reference);
}

test('at every call of an install and of an uninstall, to EC2 and to the engine', { timeout: 600_000 }, async () => {
  const walks = await Promise.all([walk(EC2, 'cloud'), walk(ENGINE, 'engine')]);
  await killedAt(
    install,
    walks.flatMap(({ travellers, installing }) => travellers.map((one, index) => [one, installing[index]] as const)),
  );
  await killedAt(
    uninstall,
    walks.flatMap(({ travellers, uninstalling }) =>
      travellers.map((one, index) => [one, uninstalling[index]] as const),
    ),
  );
  await Promise.all(walks.flatMap(({ travellers }) => travellers.map(async ({ passage }) => await passage.close())));
});
