import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import type { JsonObject } from '../../../blueprint/json.js';
import plugin from '../../../plugins/ansible/index.js';
import { builtInPlugins } from '../../../plugins/builtin.js';
import { findPlugin } from '../../../plugins/catalog.js';
import { statOf } from '../../../plugins/script/process-group.js';
import { type FakeContextOptions, type OperationRun, runOperation } from '../../../plugins/sdk/testing.js';

const executable = path.join(inject('ansibleEnvironment'), 'bin/ansible-playbook');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-playbooks-'));
});
afterAll(async () => await rm(folder, { recursive: true, force: true }));

const LOCAL = { all: { hosts: { here: { ansible_connection: 'local' } } } };

/** A playbook for all hosts, without looking at them first. */
const playbook = (...tasks: readonly object[]): string =>
  JSON.stringify([{ hosts: 'all', gather_facts: false, tasks }], null, 1);

async function run(book: string, properties: JsonObject = {}, more: FakeContextOptions = {}): Promise<OperationRun> {
  return await operate('cloudify_ansible.tasks.run', book, properties, more);
}

async function drift(book: string): Promise<OperationRun> {
  return await operate('drift', book);
}

async function operate(
  operation: string,
  book: string,
  properties: JsonObject = {},
  more: FakeContextOptions = {},
): Promise<OperationRun> {
  return await runOperation(plugin, operation, {
    name: 'book',
    type: 'cloudify.nodes.ansible.Executor',
    resources: { 'books/site.yaml': book },
    properties: {
      ansible_playbook_executable_path: executable,
      playbook_path: 'books/site.yaml',
      sources: LOCAL,
      debug_level: 0,
      ...properties,
    },
    ...more,
  });
}

const messages = (done: OperationRun): string => done.logs.map(({ message }) => message).join('\n');

test('a playbook of the blueprint runs with its variables, options and files, and its lines are logged', async () => {
  const file = path.join(folder, 'made.txt');
  const done = await run(
    playbook(
      { copy: { content: '{{ greeting }} {{ lookup("file", "note.txt") }}', dest: file } },
      { debug: { msg: 'left out' }, tags: ['noisy'] },
    ),
    { run_data: { greeting: 'hello' }, options_config: { skip_tags: ['noisy'] }, additional_args: '--force-handlers' },
    {
      resources: {
        'books/site.yaml': playbook(
          { copy: { content: '{{ greeting }} {{ lookup("file", "files/note.txt") }}', dest: file } },
          { debug: { msg: 'left out' }, tags: ['noisy'] },
        ),
        'books/files/note.txt': 'there',
      },
    },
  );
  expect(done.error).toBeUndefined();
  expect(await readFile(file, 'utf8')).toBe('hello there');
  expect(messages(done)).toMatch(/here +: ok=1 +changed=1/);
  expect(messages(done)).not.toContain('left out');
});

test('the facts of the hosts become a runtime property, unless they are not wanted', async () => {
  const book = playbook({ set_fact: { port: 8080 } });
  expect((await run(book)).runtimeProperties.facts).toEqual({ here: { port: 8080 } });
  expect((await run(book, { store_facts: false })).runtimeProperties).toEqual({});
});

test('a task that fails is tried again as often as the playbook may be run, then no more', async () => {
  const book = playbook({ name: 'break', fail: { msg: 'no luck' } });
  const first = await run(book, { number_of_attempts: 2 });
  expect(first.status).toBe('recoverable');
  expect(first.error?.message).toBe('playbook books/site.yaml failed on here (exit code 2)\nhere: break: no luck');
  expect((await run(book, { number_of_attempts: 2 }, { retryNumber: 1 })).status).toBe('non-recoverable');
});

test('a host that cannot be reached is worth another try', async () => {
  const sources = { all: { hosts: { away: { ansible_host: '127.0.0.1', ansible_port: 1, ansible_user: 'x' } } } };
  const done = await run(playbook({ ping: {} }), { sources });
  expect(done.status).toBe('recoverable');
  expect(done.error?.message).toMatch(/failed on away .*\naway: unreachable: /);
});

test.each([
  ['a playbook that is no YAML', ': [', {}, /could not be run/],
  [
    'an inventory without the playbook’s hosts',
    '[{"hosts": "others", "tasks": []}]',
    {},
    /matched no host of the inventory/,
  ],
  [
    'a playbook that is not there',
    playbook(),
    { playbook_path: 'books/other.yaml' },
    /there is no playbook books\/other.yaml/,
  ],
  ['an inventory that is no YAML', playbook(), { sources: 'all: [\n' }, /sources is no YAML/],
  [
    'an Ansible that is not there',
    playbook(),
    { ansible_playbook_executable_path: '/no/ansible-playbook' },
    /is not on the worker: install Ansible there/,
  ],
  ['no host at all', playbook(), { sources: '' }, /there is no host to run the playbook on/],
])('%s fails for good', async (_, book, properties, message) => {
  const done = await run(book, properties as JsonObject);
  expect(done.error?.message).toMatch(message as RegExp);
  expect(done.status).toBe('non-recoverable');
});

test('with tags the playbook runs once for each, and a run that was cut off goes on with those left', async () => {
  const file = path.join(folder, 'tags.txt');
  const append = (word: string) => ({ shell: `echo ${word} >> ${file}`, tags: [word] });
  const book = playbook(append('one'), append('two'), append('three'));
  const named = await run(book, { tags: ['two', 'one'] });
  expect(named.error).toBeUndefined();
  expect(named.runtimeProperties).toMatchObject({ completed_tags: ['two', 'one'] });
  expect(await readFile(file, 'utf8')).toBe('two\none\n');

  const resumed = await run(
    book,
    { auto_tags: true },
    { resume: true, runtimeProperties: { tags_of: 'task-1', completed_tags: ['one'] } },
  );
  expect(resumed.runtimeProperties).toMatchObject({
    available_tags: ['one', 'two', 'three'],
    completed_tags: ['one', 'two', 'three'],
  });
  expect(await readFile(file, 'utf8')).toBe('two\none\ntwo\nthree\n');
});

test('a playbook writes runtime properties', async () => {
  const done = await run(playbook({ cloudify_runtime_property: { path: 'app.port', value: 8080 } }));
  expect(done.error).toBeUndefined();
  expect(done.runtimeProperties).toEqual({ app: { port: 8080 } });
});

test('passwords are in no line of the log, and no key in a runtime property', async () => {
  const done = await run(playbook({ debug: { msg: 'it is {{ ansible_password }}' } }), {
    run_data: { ansible_password: 'sesame-42' },
    sensitive_keys: ['ansible_password'],
  });
  expect(messages(done)).toContain('it is ***');
  expect(JSON.stringify(done)).not.toContain('sesame-42');
});

test('hosts that relationships add are the inventory, with their keys looked up when it is needed', async () => {
  const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nsecret-material\n-----END OPENSSH PRIVATE KEY-----\n';
  const vm = {
    name: 'vm',
    type: 'cloudify.nodes.Compute',
    instanceId: 'vm_1',
    hostId: 'vm_1',
    properties: { ip: '10.0.0.9', agent_config: { user: 'me', key } },
  };
  const book = { name: 'book', properties: { playbook_path: 'x' } };
  const inputs = { group_name: 'web', host_config: { ansible_connection: 'local' } };
  const added = await runOperation(plugin, 'cloudify_ansible.tasks.ansible_requires_host', {
    source: book,
    target: vm,
    inputs,
  });
  expect(added.runtimeProperties.sources).toEqual({
    all: {
      children: {
        web: {
          hosts: {
            vm_1: {
              ansible_host: '10.0.0.9',
              ansible_user: 'me',
              ansible_connection: 'local',
              cloudify_instance_id: 'vm_1',
            },
          },
        },
      },
    },
  });
  const done = await run(
    playbook(
      {
        shell: 'cat {{ ansible_ssh_private_key_file }}; stat -c %a {{ ansible_ssh_private_key_file }}',
        register: 'out',
      },
      { debug: { var: 'out.stdout_lines' } },
    ),
    { sources: '' },
    { runtimeProperties: added.runtimeProperties, relationships: [{ target: vm }] },
  );
  expect(done.error).toBeUndefined();
  expect(messages(done)).toContain('secret-material');
  expect(messages(done)).toContain('600');
  expect(JSON.stringify(done.runtimeProperties)).not.toContain('secret-material');

  const removed = await runOperation(plugin, 'cloudify_ansible.tasks.ansible_remove_host', {
    source: { ...book, runtimeProperties: added.runtimeProperties },
    target: vm,
    inputs,
  });
  expect(removed.runtimeProperties).toEqual({});
});

test('drift is what a run would change, and nothing is changed by asking', async () => {
  const file = path.join(folder, 'drifting.txt');
  const book = playbook({ name: 'Write the file', copy: { content: 'as wanted', dest: file } });
  expect(await drift(book)).toMatchObject({ status: 'succeeded', result: { here: ['Write the file'] } });
  await expect(readFile(file)).rejects.toThrow('ENOENT');

  await run(book);
  expect(await drift(book)).toMatchObject({ status: 'succeeded', result: undefined });
  await writeFile(file, 'somebody was here');
  expect(await drift(book)).toMatchObject({ result: { here: ['Write the file'] } });
});

test('the task that a playbook is at is told by the heartbeats', async () => {
  const done = await run(playbook({ name: 'First', debug: { msg: '' } }, { name: 'Second', debug: { msg: '' } }));
  expect(done.heartbeats).toEqual([
    { play: 'all', task: 'First', tasks: 1 },
    { play: 'all', task: 'Second', tasks: 2 },
  ]);
});

test('a cancelled playbook leaves no process', async () => {
  const file = path.join(folder, 'slow.txt');
  const controller = new AbortController();
  const running = run(playbook({ shell: `echo $$ > ${file}; sleep 60` }), {}, { signal: controller.signal });
  let pid = '';
  while (pid === '') {
    pid = (await readFile(file, 'utf8').catch(() => '')).trim();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  controller.abort(new Error('CANCELLED'));
  expect((await running).error?.message).toBe('CANCELLED');
  // Gone, or dead and only waiting to be collected.
  expect(statOf(Number(pid))?.state ?? 'Z').toBe('Z');
});

test('every operation that the types map is there', async () => {
  const found = findPlugin(await builtInPlugins(), 'cloudify-ansible-plugin');
  const description = await found?.describe([1, 5]);
  const text = JSON.stringify(parse(description?.text ?? '', { merge: true }));
  const names = [...text.matchAll(/"implementation":"ansible\.([^"]+)"/g)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect({ ...plugin.aliases, ...plugin.operations }, name).toHaveProperty([name]);
});
