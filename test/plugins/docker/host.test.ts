/**
 * Docker is installed on a machine over SSH, and removed again. The machine is this one, seen through an SSH server whose
 * PATH has nothing but what is put there: no Docker, and package programs that only write down what they are told.
 */
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { found } from '../machine.js';
import { type SshServer, startSshServer } from '../ssh-server.js';
import { TestNode } from './node.js';

let folder: string;
let bin: string;
let ssh: SshServer;
let url: string;
let script: string;
const stops: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-host-'));
  stops.push(async () => await rm(folder, { recursive: true, force: true }));
  bin = path.join(folder, 'bin');
  await mkdir(bin);
  for (const name of ['sh', 'mktemp', 'chmod']) await symlink((await found(name)) ?? '', path.join(bin, name));
  await program('apt-get', `echo "apt-get $*" >> ${folder}/log`);
  await program('rm', `echo "rm $*" >> ${folder}/log`);
  await writeFile(
    path.join(bin, 'curl'),
    `#!${process.execPath}\nconst [, , , , file, url] = process.argv;\n` +
      `fetch(url).then((got) => got.text()).then((text) => require('node:fs').writeFileSync(file, text));\n`,
    { mode: 0o755 },
  );
  ssh = await startSshServer(folder, stops, [`SetEnv PATH=${bin}`]);
  const server = createServer((_, response) => response.end(script)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  stops.push(async () => server.close());
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}/install.sh`;
});
beforeEach(async () => {
  await writeFile(path.join(folder, 'log'), '');
  await rm(path.join(bin, 'docker'), { force: true });
  script = `printf '#!/bin/sh\\necho 24.0.1\\n' > ${bin}/docker && chmod 755 ${bin}/docker`;
});
afterAll(async () => {
  for (const stop of stops.toReversed()) await stop();
});

async function program(name: string, content: string): Promise<void> {
  await writeFile(path.join(bin, name), `#!/bin/sh\n${content}\n`);
  await chmod(path.join(bin, name), 0o755);
}

const log = async (): Promise<string> => await readFile(path.join(folder, 'log'), 'utf8');

/** On a machine that the same blueprint provisions. */
function hostNode(): TestNode {
  const { user, key, port } = ssh;
  const target = {
    type: 'cloudify.nodes.Compute',
    name: 'vm',
    instanceId: 'vm_1',
    hostId: 'vm_1',
    properties: { agent_config: { user, key, port } },
    runtimeProperties: { ip: '127.0.0.1' },
  };
  return new TestNode({
    name: 'engine',
    type: 'cloudify.nodes.docker.host',
    hostId: 'vm_1',
    relationships: [{ type: 'cloudify.relationships.contained_in', target }],
    properties: { resource_config: { install_url: url } },
  });
}

test('Docker is installed where there is none, and removed with all that it holds', async () => {
  const node = hostNode();
  await node.does('host.create');
  expect(node.runtime).toEqual({ docker_host: '127.0.0.1', docker_version: '24.0.1', docker_installed_by_us: true });
  await node.does('host.delete');
  expect(await log()).toMatch(/apt-get purge -y docker-ce\n/);
  expect(await log()).toMatch(/rm -rf \/var\/lib\/docker \/var\/lib\/containerd\n/);
  expect(node.runtime).toEqual({});
});

test('an installation that fails is tried again, and what there is of it is removed', async () => {
  script = 'echo no room >&2; exit 7';
  const node = hostNode();
  const failed = await node.run('host.create');
  expect(failed).toMatchObject({ status: 'recoverable' });
  expect(failed.error?.message).toMatch(/Docker cannot be installed on 127.0.0.1: exit code 7: .*no room/s);
  await node.does('host.delete');
  expect(await log()).toContain('apt-get purge');
});

test('Docker that was there is not removed', async () => {
  await program('docker', 'echo 20.10.24');
  const node = hostNode();
  await node.does('host.create');
  await node.does('host.delete');
  expect(await log()).toBe('');
});
