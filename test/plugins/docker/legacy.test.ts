import { expect, test } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import type { FakeContextOptions } from '../../../plugins/sdk/testing.js';
import { docker, engine, hasImage, TestNode } from './node.js';

const tasks = (name: string) => `docker_plugin.tasks.${name}`;

function legacyNode(properties: JsonObject, more: FakeContextOptions = {}): TestNode {
  const image = { repository: `${engine.registry}/busybox`, tag: '1' };
  return new TestNode({
    name: 'web',
    type: 'cloudify.docker.Container',
    ...more,
    properties: { image, start_grace_seconds: 0, ...properties },
  });
}

test('a container of the first generation is created, started, stopped and removed by its own operations', async () => {
  const node = legacyNode({ name: 'legacy-web' });
  const params = { command: 'sh -c "httpd -h /etc; exec sleep 60"', environment: ['A=1'], stop_signal: 'SIGKILL' };
  await node.does(tasks('create_container'), { inputs: { params } });
  expect((await node.containers()).map(({ State }) => State)).toEqual(['created']);
  await node.does(tasks('start'), { inputs: { processes_to_wait_for: ['httpd', 'sleep'], retry_interval: 0.1 } });
  expect(node.runtime).toMatchObject({
    container_name: 'legacy-web',
    status: 'running',
    network_settings: {},
    ports: {},
  });
  await node.does(tasks('stop'), { inputs: { params: { timeout: 1 }, retry_interval: 1 } });
  expect(node.runtime.status).toBe('exited');
  await node.does(tasks('remove_container'), { inputs: { params: { v: true } } });
  expect(await node.containers()).toEqual([]);
  expect(node.runtime).toEqual({});
});

test('the engine may be given by daemon_client', async () => {
  const daemon = { daemon_client: { base_url: `unix://${engine.socket}` } };
  const node = legacyNode({ client_config: {} });
  await node.does(tasks('create_container'), { inputs: { params: { command: 'true' }, ...daemon } });
  await node.does(tasks('remove_container'), { inputs: { params: { force: true }, ...daemon } });
  expect(await node.containers()).toEqual([]);
});

test('an image is imported from an archive of the blueprint, named after the instance, and goes with it', async () => {
  const source = await docker.createContainer({ Image: `${engine.registry}/busybox:1`, Cmd: ['true'] });
  const chunks: Buffer[] = [];
  for await (const chunk of await source.export()) chunks.push(chunk as Buffer);
  await source.remove();
  const node = legacyNode({ image: { src: 'rootfs.tar' } }, { resources: { 'rootfs.tar': Buffer.concat(chunks) } });
  await node.does(tasks('create_container'), { inputs: { params: { command: 'true' } } });
  expect(node.runtime.image).toBe('web_1:latest');
  expect(await hasImage('web_1:latest')).toBe(true);
  await node.does(tasks('remove_container'));
  expect(await hasImage('web_1:latest')).toBe(false);
});

test('an external container of the first generation is never stopped or removed', async () => {
  const foreign = await docker.createContainer({
    Image: `${engine.registry}/busybox:1`,
    name: 'legacy-foreign',
    Cmd: ['sleep', '60'],
  });
  await foreign.start();
  const node = legacyNode({ name: 'legacy-foreign', use_external_resource: true });
  for (const name of ['create_container', 'start', 'stop', 'remove_container']) await node.does(tasks(name));
  expect((await foreign.inspect()).State.Running).toBe(true);
  await foreign.remove({ force: true });
});
