/** A playbook through the whole product, on the worker itself: installed, found to have drifted, run again, cancelled. */
import { access, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Home, openHome, until } from '../../acceptance/home.js';

const BLUEPRINT = `tosca_definitions_version: cloudify_dsl_1_5
imports:
  - cloudify/types/types.yaml
  - plugin:cloudify-ansible-plugin
inputs:
  file: { type: string }
  seconds: { default: 0 }
node_templates:
  book:
    type: cloudify.nodes.ansible.Executor
    properties:
      ansible_playbook_executable_path: ${path.join(inject('ansibleEnvironment'), 'bin/ansible-playbook')}
      playbook_path: books/site.yaml
      sources: { all: { hosts: { here: { ansible_connection: local } } } }
      run_data: { file: { get_input: file }, seconds: { get_input: seconds }, text: wanted }
      debug_level: 0
`;
const PLAYBOOK = `- hosts: all
  gather_facts: false
  tasks:
    - { name: Write the file, copy: { content: "{{ text }}", dest: "{{ file }}" } }
    - { name: Wait, command: "sleep {{ seconds }}", changed_when: false }
`;

let home: Home;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-'));
  const blueprint = path.join(folder, 'site');
  await mkdir(path.join(blueprint, 'books'), { recursive: true });
  await writeFile(path.join(blueprint, 'blueprint.yaml'), BLUEPRINT);
  await writeFile(path.join(blueprint, 'books/site.yaml'), PLAYBOOK);
  home = await openHome();
}, 120_000);
afterAll(async () => {
  await home?.close();
  await rm(folder, { recursive: true, force: true });
});

test('what has changed behind its back is found, and put right again', { timeout: 180_000 }, async () => {
  const file = path.join(folder, 'made');
  await caisson('install', path.join(folder, 'site'), '-d', 'site', '-i', `file=${file}`);
  expect(await readFile(file, 'utf8')).toBe('wanted');
  await caisson('execute', 'check_drift', '-d', 'site');
  expect(await drift()).toMatchObject({ ok: true, result: null });

  await writeFile(file, 'changed');
  await caisson('execute', 'check_drift', '-d', 'site');
  expect(await drift()).toMatchObject({ ok: true, result: { here: ['Write the file'] } });
  expect(await readFile(file, 'utf8')).toBe('changed');

  await caisson('execute', 'reload_ansible_playbook', '-d', 'site');
  expect(await readFile(file, 'utf8')).toBe('wanted');
});

test('a cancel ends the playbook', { timeout: 120_000 }, async () => {
  const file = path.join(folder, 'cancelled');
  const inputs = ['-i', `file=${file}`, '-i', 'seconds=600'];
  const install = home.start('install', path.join(folder, 'site'), '-d', 'slow', ...inputs);
  await until(
    async () =>
      await access(file).then(
        () => true,
        () => false,
      ),
    'the playbook runs',
  );
  await caisson('cancel', 'slow');
  expect((await install.finished).code).not.toBe(0);
});

async function caisson(...words: readonly string[]): Promise<void> {
  const { code, stdout, stderr } = await home.run(...words);
  expect(code, stdout + stderr).toBe(0);
}

async function drift(): Promise<unknown> {
  const { items } = await home.json<{ items: { system_properties: { configuration_drift?: unknown } }[] }>(
    'node-instances',
    'list',
    '-d',
    'site',
  );
  return items[0]?.system_properties.configuration_drift;
}
