import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { JsonObject } from '../../../blueprint/json.js';
import type { FakeContextOptions } from '../../../plugins/sdk/testing.js';
import { containerNode, engine, TestNode } from './node.js';

const { ssh } = engine;
const prepare = 'cloudify_docker.tasks.prepare_container_files';
const remove = 'cloudify_docker.tasks.remove_container_files';
let scratch: string;
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'caisson-staged-'));
});
afterAll(async () => await rm(scratch, { recursive: true, force: true }));

function filesNode(config: JsonObject, more: FakeContextOptions = {}): TestNode {
  return new TestNode({
    name: 'files',
    type: 'cloudify.nodes.docker.container_files',
    ...more,
    properties: { resource_config: config },
  });
}

const remote = { docker_ip: '127.0.0.1', docker_user: ssh.user, docker_key: ssh.key, docker_port: ssh.port };
const zip = Buffer.from(zipSync({ 'site/index.html': strToU8('hello'), 'site/js/a.js': strToU8('1') }));

test.each([
  ['the worker', {}],
  ['a machine behind SSH', remote],
])(
  'files of the blueprint lie on %s, in a folder of their own, until the node is deleted',
  async (_, docker_machine) => {
    const node = filesNode(
      { source: 'site', extra_files: ['conf/extra.conf'], docker_machine },
      { resources: { 'site/index.html': 'hello', 'site/js/a.js': '1', 'conf/extra.conf': 'x' } },
    );
    await node.does(prepare);
    const destination = String(node.runtime.destination);
    expect((await readdir(destination)).sort()).toEqual(['extra.conf', 'index.html', 'js']);
    expect(await readFile(path.join(destination, 'js/a.js'), 'utf8')).toBe('1');
    await node.does(prepare, { resume: true });
    expect(node.runtime.destination).toBe(destination);
    await node.does(remove);
    await expect(stat(destination)).rejects.toMatchObject({ code: 'ENOENT' });
    expect(node.runtime).toEqual({});
  },
);

test('a folder that was there keeps what else is in it', async () => {
  const destination = path.join(scratch, 'shared');
  await mkdir(destination);
  await writeFile(path.join(destination, 'theirs'), '');
  for (const docker_machine of [{}, remote]) {
    const node = filesNode({ source: 'a.txt', destination, docker_machine }, { resources: { 'a.txt': 'a' } });
    await node.does(prepare);
    expect((await readdir(destination)).sort()).toEqual(['a.txt', 'theirs']);
    await node.does(remove);
    expect(await readdir(destination)).toEqual(['theirs']);
  }
});

test('an archive is unpacked, without the one folder that it holds, from the blueprint and from a URL', async () => {
  const server = createServer((_, response) => response.end(zip)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/a/hello.zip`;
  for (const source of ['hello.zip', url]) {
    const node = filesNode({ source }, { resources: { 'hello.zip': zip } });
    await node.does(prepare);
    expect((await readdir(String(node.runtime.destination))).sort()).toEqual(['index.html', 'js']);
    await node.does(remove);
  }
  server.close();
});

test.each([
  ['a member that leads out of it', Buffer.from(zipSync({ '../../etc/evil': strToU8('x') })), /leads out of it/],
  ['what is no archive', Buffer.from('not a zip'), /cannot be unpacked/],
])('an archive with %s is refused', async (_, content, message) => {
  const run = await filesNode({ source: 'x.zip' }, { resources: { 'x.zip': content } }).run(prepare);
  expect(run).toMatchObject({ status: 'non-recoverable' });
  expect(run.error?.message).toMatch(message);
});

test.each(['/', 'relative/folder', '/tmp/..'])('%s is refused as a destination', async (destination) => {
  const run = await filesNode({ source: 'a', destination }, { resources: { a: '' } }).run(prepare);
  expect(run).toMatchObject({ status: 'non-recoverable' });
});

test('beside an Ansible playbook lie its inventory and key, and the command to run it is published', async () => {
  const ansible_sources = {
    container_volume: '/playbooks',
    playbook_path: '/playbooks/create.yaml',
    ansible_host: '10.0.0.4',
    ansible_user: 'me',
    ansible_ssh_private_key_file: ssh.key,
  };
  const node = filesNode(
    { source: 'ansible/create.yaml', ansible_sources },
    { resources: { 'ansible/create.yaml': '[]' } },
  );
  const run = await node.does(prepare);
  const destination = String(node.runtime.destination);
  expect(node.runtime.ansible_container_command_arg).toBe(
    'ansible-playbook -i /playbooks/hosts /playbooks/create.yaml',
  );
  expect(parse(await readFile(path.join(destination, 'hosts'), 'utf8'))).toEqual({
    all: {
      hosts: {
        instance: {
          ansible_host: '10.0.0.4',
          ansible_user: 'me',
          ansible_ssh_private_key_file: '/playbooks/instance_key.pem',
        },
      },
    },
  });
  expect((await stat(path.join(destination, 'instance_key.pem'))).mode & 0o777).toBe(0o600);
  expect(JSON.stringify(run.runtimeProperties)).not.toContain(ssh.key.split('\n')[1]);
  await node.does(remove);
});

test('a host that has Docker is left as it is', async () => {
  const node = new TestNode({
    name: 'host',
    type: 'cloudify.nodes.docker.host',
    properties: { docker_machine: remote, resource_config: { install_url: 'http://127.0.0.1:1/never.sh' } },
  });
  await node.does('cloudify_docker.tasks.install_docker');
  expect(node.runtime).toEqual({ docker_host: '127.0.0.1', docker_version: expect.stringMatching(/^\d+\./) });
  await node.does('cloudify_docker.tasks.uninstall_docker');
  expect(node.runtime).toEqual({});
});

const machine = { ...remote, container_volume: '/work' };

test('a playbook lies on the machine with its inventory, keys and variables, and the command to run it is published', async () => {
  const node = new TestNode({
    name: 'playbook',
    type: 'cloudify.nodes.docker.ansible_playbook',
    properties: {
      docker_machine: machine,
      playbook_path: 'ansible/site.yaml',
      sources: { web: { hosts: { vm: { ansible_host: '10.0.0.4', ansible_ssh_private_key_file: ssh.key } } } },
      run_data: { password: 'keel' },
      options_config: { tags: ['a', 'b'], extra_vars: { colour: 'blue' } },
      debug_level: 1,
      ansible_env_vars: { ANSIBLE_HOST_KEY_CHECKING: false },
    },
    resources: { 'ansible/site.yaml': '[]', 'ansible/roles/web/tasks/main.yaml': '[]' },
  });
  const note = await node.does('cloudify_docker.ansible.set_playbook_config', {
    inputs: { playbook_path: 'ansible/site.yaml', additional_args: '-c local' },
  });
  const create = await node.does('cloudify_docker.ansible.create_ansible_playbook');
  const destination = String(node.runtime.destination);
  expect((await readdir(destination)).sort()).toEqual(['extra-vars.json', 'hosts', 'key-1.pem', 'roles', 'site.yaml']);
  expect(parse(await readFile(path.join(destination, 'hosts'), 'utf8'))).toEqual({
    web: { hosts: { vm: { ansible_host: '10.0.0.4', ansible_ssh_private_key_file: '/work/key-1.pem' } } },
  });
  expect(JSON.parse(await readFile(path.join(destination, 'extra-vars.json'), 'utf8'))).toEqual({
    colour: 'blue',
    password: 'keel',
  });
  expect(node.runtime.ansible_container_command_arg).toBe(
    'ansible-playbook -v -i /work/hosts --tags=a,b --extra-vars=@/work/extra-vars.json -c local /work/site.yaml',
  );
  expect(node.runtime.ansible_env_vars).toEqual({ ANSIBLE_HOST_KEY_CHECKING: 'false' });
  for (const secret of ['keel', ssh.key.split('\n')[1] ?? ''])
    expect(JSON.stringify([note, create].map(({ runtimeProperties }) => runtimeProperties))).not.toContain(secret);
  await node.does('cloudify_docker.ansible.remove_ansible_playbook');
  await expect(stat(destination)).rejects.toMatchObject({ code: 'ENOENT' });
  expect(node.runtime).toEqual({});
});

test('a Terraform module lies on the machine, and a container that mounts it applies it', async () => {
  const node = new TestNode({
    name: 'module',
    type: 'cloudify.nodes.docker.terraform_module',
    properties: {
      docker_machine: machine,
      terraform_plugins: ['provider.zip'],
      resource_config: {
        source: 'module.zip',
        backend: { name: 's3', options: { bucket: 'b' } },
        variables: { region: 'r', password: 'keel' },
        environment_variables: { TOKEN: "it's" },
      },
    },
    resources: {
      'module.zip': Buffer.from(zipSync({ 'top/main.tf': strToU8('') })),
      'provider.zip': Buffer.from(zipSync({ 'terraform-provider-x': strToU8('#!/bin/sh\n') })),
    },
  });
  await node.does('cloudify_docker.terraform.prepare_terraform_files');
  const destination = String(node.runtime.destination);
  expect((await readdir(destination)).sort()).toEqual(['environment', 'module', 'plugins', 'variables.tfvars.json']);
  expect((await readdir(path.join(destination, 'module'))).sort()).toEqual(['backend.tf.json', 'main.tf']);
  expect((await stat(path.join(destination, 'plugins/terraform-provider-x'))).mode & 0o777).toBe(0o755);
  expect((await stat(path.join(destination, 'variables.tfvars.json'))).mode & 0o777).toBe(0o600);
  expect(node.runtime).toMatchObject({ storage_dir: '/work/module', variables_file: '/work/variables.tfvars.json' });
  expect(JSON.stringify(node.runtime)).not.toContain('keel');

  const program = '#!/bin/sh\necho "$TOKEN: $PWD: $*"\n';
  const container = containerNode(
    {
      command: String(node.runtime.terraform_container_command_arg),
      volumes: ['/work'],
      volumes_mapping: [destination],
    },
    { config: { files: [{ content: program, target: '/bin/terraform', mode: '0755' }] } },
  );
  await container.does('container.create');
  expect(container.runtime.run_result).toBe(
    "it's: /work/module: init -no-color -input=false -plugin-dir=/work/plugins\n" +
      "it's: /work/module: apply -auto-approve -no-color -input=false -var-file /work/variables.tfvars.json\n",
  );
  await container.does('container.delete');
  await node.does('cloudify_docker.terraform.remove_terraform_files');
  await expect(stat(destination)).rejects.toMatchObject({ code: 'ENOENT' });
});
