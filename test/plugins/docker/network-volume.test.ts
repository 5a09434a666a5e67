import { expect, test } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import { containerNode, docker, IDLE, IMAGE, TestNode } from './node.js';

const networkNode = (config: JsonObject = {}, properties: JsonObject = {}, deployment?: string) =>
  new TestNode({
    name: 'net',
    type: 'cloudify.nodes.docker.network',
    ...(deployment === undefined ? {} : { deployment: { id: deployment } }),
    properties: { resource_config: config, ...properties },
  });
const volumeNode = (config: JsonObject = {}, properties: JsonObject = {}) =>
  new TestNode({
    name: 'vol',
    type: 'cloudify.nodes.docker.volume',
    properties: { resource_config: config, ...properties },
  });

test('containers on a network reach each other by the names of their nodes and by aliases', async () => {
  const network = networkNode({ ipam_config: [{ subnet: '10.213.7.0/24', gateway: '10.213.7.1' }] });
  await network.does('network.create');
  expect(network.runtime).toMatchObject({ subnets: ['10.213.7.0/24'], network_name: `${network.deployment}_net_1` });
  const joined = (properties: JsonObject) => ({
    relationships: [{ type: 'cloudify.relationships.docker.connected_to_network', properties, target: network.target }],
  });
  const server = containerNode(
    { detach: true, command: ['httpd', '-f', '-h', '/etc'], ports: { 80: null }, stop_signal: 'SIGKILL' },
    { ...joined({ aliases: ['www'], ipv4_address: '10.213.7.9' }), name: 'server' },
  );
  await server.does('container.create');
  expect(server.runtime.ip).toBe('10.213.7.9');
  expect(server.runtime.endpoints).toMatchObject({ '80/tcp': expect.stringMatching(/^127\.0\.0\.1:\d+$/) });
  const [endpoint] = Object.values(server.runtime.endpoints as Record<string, string>);
  expect(await (await fetch(`http://${endpoint}/passwd`)).text()).toContain('root');
  for (const host of ['server', 'www', '10.213.7.9']) {
    const client = containerNode({ command: `wget -q -O - http://${host}/passwd` }, { ...joined({}), name: 'client' });
    await client.does('container.create');
    expect(client.runtime.run_result).toContain('root:x');
    await client.does('container.delete');
  }

  const held = await network.run('network.delete');
  expect(held).toMatchObject({ status: 'recoverable' });
  expect(held.error?.message).toContain('active endpoints');
  await server.does('container.delete');
  await network.does('network.delete');
  expect(network.runtime).toEqual({});
});

test('a container joins each network that it is connected to', async () => {
  const networks = [networkNode({ name: 'one-net', internal: true }), networkNode({ name: 'two-net' })];
  for (const network of networks) await network.does('network.create');
  const node = containerNode(IDLE, {
    relationships: networks.map(({ target }, at) => ({
      type: 'cloudify.relationships.docker.connected_to_network',
      target: { ...target, name: `net${at}`, instanceId: `net${at}_1` },
    })),
  });
  await node.does('container.create');
  expect(Object.keys(node.runtime.networks as object).sort()).toEqual(['one-net', 'two-net']);
  await node.does('container.delete');
  for (const network of networks) await network.does('network.delete');
});

test('a network of that name that is not ours is refused; an external one is used and left', async () => {
  const foreign = await docker.createNetwork({ Name: 'foreign-net' });
  const refused = await networkNode({ name: 'foreign-net' }).run('network.create');
  expect(refused).toMatchObject({ status: 'non-recoverable' });
  expect(refused.error?.message).toMatch(/another network of that name, which is not of this deployment/);
  const external = networkNode({}, { use_external_resource: true, resource_id: 'foreign-net' });
  await external.does('network.create');
  expect(external.runtime.network_id).toBe(foreign.id);
  await external.does('network.delete');
  await foreign.inspect();
  await foreign.remove();
});

test('a volume keeps what containers write, and goes with its node', async () => {
  const volume = volumeNode();
  await volume.does('volume.create');
  const use = (command: string, properties: JsonObject) =>
    containerNode(
      { command: ['sh', '-c', command] },
      {
        relationships: [
          {
            type: 'cloudify.relationships.docker.connected_to_volume',
            properties: { target: '/data', ...properties },
            target: volume.target,
          },
        ],
      },
    );
  const writer = use('echo kept > /data/x', {});
  const reader = use('cat /data/x; touch /data/y || echo read only', { read_only: true });
  for (const node of [writer, reader]) {
    await node.does('container.create');
    await node.does('container.delete');
  }
  expect(reader.runtime).toEqual({});
  const name = String(volume.runtime.volume_name);
  await volume.does('volume.delete');
  await expect(docker.getVolume(name).inspect()).rejects.toMatchObject({ statusCode: 404 });
});

test('a volume that is in use is not removed yet; one that is to be kept, or is not ours, never', async () => {
  const volume = volumeNode({ name: 'held-vol' });
  await volume.does('volume.create');
  const holder = await docker.createContainer({ Image: IMAGE, HostConfig: { Binds: ['held-vol:/data'] } });
  expect(await volume.run('volume.delete')).toMatchObject({ status: 'recoverable' });
  await holder.remove();
  await volume.does('volume.delete');

  const kept = volumeNode({ name: 'kept-vol', keep_volume: true });
  await kept.does('volume.create');
  await kept.does('volume.delete');
  const again = await volumeNode({ name: 'kept-vol' }).run('volume.create');
  expect(again).toMatchObject({ status: 'non-recoverable' });
  const external = volumeNode({}, { use_external_resource: true, resource_id: 'kept-vol' });
  await external.does('volume.create');
  await external.does('volume.delete');
  await docker.getVolume('kept-vol').remove();
});

test('the types that only look put what they see into runtime properties', async () => {
  const node = new TestNode({ name: 'look' });
  for (const operation of ['images.list', 'containers.list', 'host_details.list']) await node.does(operation);
  expect(JSON.stringify(node.runtime.images)).toContain(IMAGE);
  expect(node.runtime.containers).toEqual(node.runtime.contianers);
  expect(node.runtime.host_details).toMatchObject({ OSType: 'linux', version: { Os: 'linux' } });
});
