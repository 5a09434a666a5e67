import { expect, test } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import type { FakeContextOptions, FakeRelationship } from '../../../plugins/sdk/testing.js';
import { containerNode, engine, IDLE, type TestNode } from './node.js';

const { tls, ssh } = engine;
const files = { ca: tls.ca, cert: tls.cert, key: tls.key };
/** The login that a host of these tests is reached with. */
const login = { user: ssh.user, key: ssh.key, port: ssh.port };

function nodeOn(clientConfig: JsonObject, more: FakeContextOptions = {}): TestNode {
  return containerNode(IDLE, { ...more, properties: { client_config: clientConfig } });
}

async function livesAndDies(node: TestNode, more: FakeContextOptions = {}): Promise<void> {
  await node.does('container.create', more);
  expect((await node.containers()).map(({ State }) => State)).toEqual(['running']);
  await node.does('container.stop', more);
  await node.does('container.delete', more);
  expect(await node.containers()).toEqual([]);
}

test('an engine behind TLS is reached with certificates given as text, and as files of the blueprint', async () => {
  await livesAndDies(nodeOn({ docker_host: `127.0.0.1`, docker_rest_port: tls.port, tls: files }));
  const inBlueprint = nodeOn(
    {
      docker_host: `https://localhost:${tls.port}`,
      tls: { ca: 'tls/ca.pem', cert: 'tls/cert.pem', key: 'tls/key.pem' },
    },
    { resources: { 'tls/ca.pem': tls.ca, 'tls/cert.pem': tls.cert, 'tls/key.pem': tls.key } },
  );
  await livesAndDies(inBlueprint);
});

test('an engine whose certificate is not trusted, or that does not trust ours, is refused for good', async () => {
  const untrusted = await nodeOn({ docker_host: `https://127.0.0.1:${tls.port}` }).run('container.create');
  expect(untrusted).toMatchObject({ status: 'non-recoverable' });
  expect(untrusted.error?.message).toMatch(/cannot be reached \(.*\); check the certificates in client_config.tls/);
  const anonymous = await nodeOn({ docker_host: `https://127.0.0.1:${tls.port}`, tls: { ca: tls.ca } }).run(
    'container.create',
  );
  expect(anonymous.status).not.toBe('succeeded');
});

test('an engine is reached over SSH, through its socket or through the docker command there', async () => {
  const url = `ssh://${ssh.user}@127.0.0.1:${ssh.port}`;
  await livesAndDies(nodeOn({ docker_host: url, docker_sock_file: engine.socket, ssh: { key: ssh.key } }));
  // No engine is at the default socket: the command there knows where its engine is.
  await livesAndDies(nodeOn({ docker_host: url, ssh: { key: ssh.key, host_key: ssh.hostKey } }));
});

test('a one-shot container is followed over SSH', async () => {
  const url = `ssh://${ssh.user}@127.0.0.1:${ssh.port}`;
  const node = containerNode(
    { command: ['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.1; done'] },
    { properties: { client_config: { docker_host: url, ssh: { key: ssh.key } } } },
  );
  await node.does('container.create');
  expect(node.runtime.run_result).toBe('1\n2\n3\n');
  await node.does('container.delete');
});

test('a key that is not accepted, a host with another key, and a machine that is away are told apart', async () => {
  const url = `ssh://${ssh.user}@127.0.0.1:${ssh.port}`;
  const otherKey = await nodeOn({ docker_host: url, ssh: { key: ssh.key, host_key: 'SHA256:AAAA' } }).run(
    'container.create',
  );
  expect(otherKey).toMatchObject({ status: 'non-recoverable' });
  expect(otherKey.error?.message).toMatch(/has the host key SHA256:\S+, which is not the expected one/);

  const refused = await nodeOn({ docker_host: `ssh://nobody@127.0.0.1:${ssh.port}`, ssh: { key: ssh.key } }).run(
    'container.create',
  );
  expect(refused).toMatchObject({ status: 'recoverable' });
  expect(refused.error?.message).toMatch(/refuses the login: check the user and the key/);

  const away = await nodeOn({ docker_host: 'ssh://root@127.0.0.1:1', ssh: { key: ssh.key } }).run('container.create');
  expect(away).toMatchObject({ status: 'recoverable' });
  expect(away.error?.message).toMatch(/cannot be reached over SSH/);

  const broken = await nodeOn({ docker_host: url, ssh: { key: '-----BEGIN nonsense' } }).run('container.create');
  expect(broken).toMatchObject({ status: 'non-recoverable' });
  for (const run of [otherKey, refused, away, broken])
    expect(JSON.stringify(run)).not.toContain(ssh.key.split('\n')[1]);
});

const COMPUTE = { type: 'cloudify.nodes.Compute', name: 'vm', instanceId: 'vm_1', hostId: 'vm_1' };
const CONTAINED = 'cloudify.relationships.contained_in';

test('the engine of the host that contains the node is reached with the agent_config of the host', async () => {
  const vm = { ...COMPUTE, properties: { agent_config: login }, runtimeProperties: { ip: '127.0.0.1' } };
  await livesAndDies(nodeOn({}, { hostId: 'vm_1', relationships: [{ type: CONTAINED, target: vm }] }));
  // … also through what lies in between.
  const app = { name: 'app', instanceId: 'app_1', hostId: 'vm_1', relationships: [{ type: CONTAINED, target: vm }] };
  const node = nodeOn({}, { hostId: 'vm_1', relationships: [{ type: CONTAINED, target: app }] });
  await node.does('container.create');
  expect(node.runtime.endpoints).toEqual({});
  await node.does('container.delete');
});

test.each<[string, Partial<FakeRelationship['target']>]>([
  ['a key pair of a cloud', { runtimeProperties: { create_response: { KeyMaterial: ssh.key } } }],
  ['a key made by the keys plugin', { runtimeProperties: { private_key_export: ssh.key } }],
])('the key of the host is that of %s that it is related to', async (_, pair) => {
  const { user, port } = login;
  const vm = {
    ...COMPUTE,
    properties: { ip: '127.0.0.1', agent_config: { user, port } },
    relationships: [{ target: { name: 'key', ...pair } }],
  };
  await livesAndDies(nodeOn({}, { hostId: 'vm_1', relationships: [{ type: CONTAINED, target: vm }] }));
});

test('the key of the host is taken from the secret that its key pair was put into', async () => {
  const { user, port } = login;
  for (const pair of [
    { properties: { create_secret: true, secret_name: 'the-key' } },
    { properties: { create_secret: true }, runtimeProperties: { aws_resource_id: 'the-key' } },
    { runtimeProperties: { secret_key_name: 'the-key' } },
  ]) {
    const vm = {
      ...COMPUTE,
      properties: { ip: '127.0.0.1', agent_config: { user, port } },
      relationships: [{ target: { name: 'key', ...pair } }],
    };
    const node = nodeOn(
      {},
      {
        hostId: 'vm_1',
        relationships: [{ type: CONTAINED, target: vm }],
        secrets: { 'the-key': ssh.key },
      },
    );
    const run = await node.does('container.create');
    expect(JSON.stringify(run.runtimeProperties)).not.toContain(ssh.key.split('\n')[1]);
    await node.does('container.delete');
  }
});

test('a host that is not there yet, or has no key, is told', async () => {
  const without = { ...COMPUTE, properties: { ip: '127.0.0.1', agent_config: { user: 'root' } } };
  const keyless = await nodeOn({}, { hostId: 'vm_1', relationships: [{ type: CONTAINED, target: without }] }).run(
    'container.create',
  );
  expect(keyless).toMatchObject({ status: 'non-recoverable' });
  expect(keyless.error?.message).toMatch(/no key to log in to 127.0.0.1 with: set client_config.ssh.key/);
});
