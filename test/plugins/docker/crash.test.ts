/** The process dies at every call to the engine in turn, before and after the engine has done it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import { type FaultProxy, faultProxy } from './fault-proxy.js';
import { containerNode, docker, engine, hasImage, IDLE, TestNode } from './node.js';

let proxy: FaultProxy;
beforeAll(async () => {
  proxy = await faultProxy(engine.socket);
});
afterAll(async () => await proxy.close());

const through = (): JsonObject => ({ client_config: { docker_host: `127.0.0.1:${proxy.port}` } });

interface Scenario {
  readonly node: () => TestNode;
  readonly create: string;
  readonly delete: string;
  /** What the engine has of the node. */
  readonly left: (node: TestNode) => Promise<number>;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'a container with files': {
    node: () => containerNode(IDLE, { properties: through(), config: { files: [{ content: 'x', target: '/x' }] } }),
    create: 'container.create',
    delete: 'container.delete',
    left: async (node) => (await node.containers()).length,
  },
  'a container that runs to its end': {
    node: () => containerNode({ command: ['sh', '-c', 'echo out'] }, { properties: through() }),
    create: 'container.create',
    delete: 'container.delete',
    left: async (node) => (await node.containers()).length,
  },
  'a network': {
    node: () => new TestNode({ name: 'net', type: 'cloudify.nodes.docker.network', properties: through() }),
    create: 'network.create',
    delete: 'network.delete',
    left: async ({ deployment }) =>
      (await docker.listNetworks({ filters: { label: [`cfy.deployment=${deployment}`] } })).length,
  },
  'a volume': {
    node: () => new TestNode({ name: 'vol', type: 'cloudify.nodes.docker.volume', properties: through() }),
    create: 'volume.create',
    delete: 'volume.delete',
    left: async ({ deployment }) =>
      (await docker.listVolumes({ filters: { label: [`cfy.deployment=${deployment}`] } as never })).Volumes.length,
  },
  'a pulled image': {
    node: () =>
      new TestNode({
        name: 'image',
        type: 'cloudify.nodes.docker.image',
        properties: {
          ...through(),
          resource_config: { tag: `${engine.guarded.address}/busybox:2` },
          registry: { ...engine.guarded, serveraddress: engine.guarded.address },
        },
      }),
    create: 'image.create',
    delete: 'image.delete',
    left: async () => ((await hasImage(`${engine.guarded.address}/busybox:2`)) ? 1 : 0),
  },
};

describe.each(Object.entries(SCENARIOS))('%s', (_, scenario) => {
  /** Begins the create operation and lets the process die at a call. Returns whether it got that far. */
  async function dieAt(node: TestNode, call: number, fault: 'lost-call' | 'lost-answer'): Promise<boolean> {
    proxy.failAt(call, fault);
    const run = await node.run(scenario.create);
    // A process that dies stores nothing at its end: only what was flushed is known.
    const died = run.status !== 'succeeded';
    if (died) node.forgetUnflushed(run);
    proxy.failAt(undefined);
    return died;
  }

  test.each(['lost-call', 'lost-answer'] as const)(
    'is there once after a re-run, whatever call died: %s',
    async (fault) => {
      for (let call = 1; ; call += 1) {
        const node = scenario.node();
        const died = await dieAt(node, call, fault);
        if (died) await node.does(scenario.create, { resume: true });
        expect(await scenario.left(node)).toBe(1);
        await node.does(scenario.delete);
        expect(await scenario.left(node)).toBe(0);
        if (!died) return;
      }
    },
  );

  test('is gone after a delete, whatever call of its creation died', async () => {
    for (let call = 1; ; call += 1) {
      const node = scenario.node();
      const died = await dieAt(node, call, 'lost-answer');
      await node.does(scenario.delete);
      expect(await scenario.left(node)).toBe(0);
      if (!died) return;
    }
  });

  test('is gone after a delete that died at any call and was run again', async () => {
    for (let call = 1; ; call += 1) {
      const node = scenario.node();
      await node.does(scenario.create);
      proxy.failAt(call, 'lost-answer');
      const run = await node.run(scenario.delete);
      const died = run.status !== 'succeeded';
      if (died) node.forgetUnflushed(run);
      proxy.failAt(undefined);
      if (died) await node.does(scenario.delete, { resume: true });
      expect(await scenario.left(node)).toBe(0);
      if (!died) return;
    }
  });
});

test('a container that runs to its end is not run a second time after a crash', async () => {
  const node = containerNode({ command: ['sh', '-c', 'echo ran; sleep 0.3'] }, { properties: through() });
  // Dies while it follows the output.
  proxy.failAt(undefined);
  const other = containerNode({ command: ['true'] }, { properties: through() });
  await other.does('container.create');
  const follow = proxy.calls.findIndex((call) => call.endsWith('/logs')) + 1;
  proxy.failAt(follow);
  node.forgetUnflushed(await node.run('container.create'));
  proxy.failAt(undefined);
  await node.does('container.create', { resume: true });
  expect(node.runtime.run_result).toBe('ran\n');
  expect(await node.containers()).toHaveLength(1);
  for (const one of [node, other]) await one.does('container.delete');
});
