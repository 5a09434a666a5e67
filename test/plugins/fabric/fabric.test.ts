import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../../blueprint/json.js';
import plugin from '../../../plugins/fabric/index.js';
import { type FakeContextOptions, type OperationRun, runOperation } from '../../../plugins/sdk/testing.js';
import { type SshServer, startSshServer } from '../ssh-server.js';

let server: SshServer;
let folder: string;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-fabric-'));
  server = await startSshServer(folder, stops);
});
afterAll(async () => {
  for (const stop of stops) await stop();
  await rm(folder, { recursive: true, force: true });
});

const env = (): JsonObject => ({
  host: '127.0.0.1',
  port: server.port,
  user: server.user,
  connect_kwargs: { key_filename: [server.key] },
});

async function run(task: string, inputs: JsonObject, more: FakeContextOptions = {}): Promise<OperationRun> {
  return await runOperation(plugin, `fabric_plugin.tasks.${task}`, {
    name: 'app',
    inputs: { fabric_env: env(), ...inputs },
    ...more,
  });
}

const messages = ({ logs }: OperationRun): string[] => logs.map(({ message }) => message);

test('commands run one after the other, and their lines are logged as they come', async () => {
  const file = path.join(folder, 'made');
  const done = await run('run_commands', { commands: [`echo one > ${file}`, `cat ${file}; echo two >&2`] });
  expect(done.error).toBeUndefined();
  expect(done.result).toEqual(['', 'one']);
  expect(messages(done)).toEqual(expect.arrayContaining(['<out> one', '<err> two']));
  const quiet = await run('run_commands', { commands: ['echo hidden'], hide_output: ['stdout'] });
  expect(messages(quiet)).not.toContain('<out> hidden');
});

test('a command that fails is worth another try, unless its exit code is said not to be, or is only warned of', async () => {
  const commands = ['echo broken >&2; exit 3'];
  const failed = await run('run_commands', { commands });
  expect(failed.status).toBe('recoverable');
  expect(failed.error?.message).toMatch(/exited with 3: broken/);
  expect((await run('run_commands', { commands, non_recoverable_error_exit_codes: [3] })).status).toBe(
    'non-recoverable',
  );
  const warned = await run('run_commands', { commands, fabric_env: { ...env(), warn_only: true } });
  expect(warned.status).toBe('succeeded');
});

test('the machine may be written the old way, and defaults to the host of the node', async () => {
  const old = { host_string: `${server.user}@127.0.0.1:${server.port}`, key: server.key };
  expect((await run('run_commands', { commands: ['true'], fabric_env: old })).error).toBeUndefined();
  const { user, port, key } = server;
  const vm = {
    name: 'vm',
    type: 'cloudify.nodes.Compute',
    instanceId: 'vm_1',
    hostId: 'vm_1',
    runtimeProperties: { ip: '127.0.0.1' },
    properties: { agent_config: { user, port, key } },
  };
  const contained = { hostId: 'vm_1', relationships: [{ type: 'cloudify.relationships.contained_in', target: vm }] };
  expect((await run('run_commands', { commands: ['true'], fabric_env: {} }, contained)).error).toBeUndefined();
  expect((await run('run_commands', { commands: ['true'], fabric_env: {} }, vm)).error).toBeUndefined();
  const nowhere = await run('run_commands', { commands: ['true'], fabric_env: {} });
  expect(nowhere.status).toBe('non-recoverable');
  expect(nowhere.error?.message).toMatch(/set fabric_env.host/);
});

const leftovers = async () => (await readdir('/tmp')).filter((name) => /^caisson-[0-9a-f]{16}$/.test(name));

test('a script runs there with its inputs, and its ctx reaches back; nothing is left of it', async () => {
  const before = await leftovers();
  const script = [
    '#!/bin/sh -e',
    'ctx logger info "from $(ctx node name) with $word and $list"',
    'ctx instance runtime-properties app.port @8080',
    `ctx download-resource conf/a.txt > /dev/null`,
    'ctx returns "$(ctx get-resource conf/a.txt) $1"',
  ].join('\n');
  const done = await run(
    'run_script',
    { script_path: 'scripts/run.sh', process: { args: ['"an argument"'] }, word: "it's", list: [1, 2] },
    { resources: { 'scripts/run.sh': script, 'conf/a.txt': 'content' } },
  );
  expect(done.error).toBeUndefined();
  expect(messages(done)).toContain("from app with it's and [1, 2]");
  expect(done.runtimeProperties).toEqual({ app: { port: 8080 } });
  expect(done.result).toBe('content an argument');
  expect(await leftovers()).toEqual(before);
});

test('a Python script runs there with its ctx and its inputs', async () => {
  const script = [
    'from cloudify import ctx',
    'from cloudify.state import ctx_parameters as inputs',
    'ctx.instance.runtime_properties["sum"] = sum(inputs["numbers"])',
  ].join('\n');
  const done = await run('run_script', { script_path: 'a.py', numbers: [1, 2] }, { resources: { 'a.py': script } });
  expect(done.error).toBeUndefined();
  expect(done.runtimeProperties).toEqual({ sum: 3 });
});

test('a script says itself that it failed for good, or fails with its exit code; nothing is left of it', async () => {
  const before = await leftovers();
  const aborts = await run(
    'run_script',
    { script_path: 'a.sh' },
    { resources: { 'a.sh': '#!/bin/sh -e\nctx abort-operation "no way"\n' } },
  );
  expect(aborts).toMatchObject({ status: 'non-recoverable', error: { message: 'no way' } });
  const fails = await run('run_script', { script_path: 'a.sh' }, { resources: { 'a.sh': 'echo oh >&2; exit 4\n' } });
  expect(fails.status).toBe('recoverable');
  expect(fails.error?.message).toMatch(/exited with 4: oh/);
  expect(await leftovers()).toEqual(before);
});

test('a secret among the inputs is on no command line there, and in no message', async () => {
  const done = await run(
    'run_script',
    { script_path: 'a.sh', token: { get_secret: 'token' } },
    {
      secrets: { token: 'very-secret-token' },
      resources: { 'a.sh': 'tr "\\0" " " < /proc/$PPID/cmdline; [ "$token" = very-secret-token ] && exit 9\n' },
    },
  );
  expect(done.error?.message).toMatch(/exited with 9/);
  expect(JSON.stringify([done.logs, done.error?.message])).not.toContain('very-secret-token');
});

test('files are put there', async () => {
  const target = path.join(folder, 'put');
  const done = await runOperation(plugin, 'put_files', {
    inputs: { fabric_env: env(), source: 'site', target },
    resources: { 'site/a/b.txt': 'b' },
  });
  expect(done.error).toBeUndefined();
  expect(await readFile(path.join(target, 'a/b.txt'), 'utf8')).toBe('b');
});

test('a cancel ends the command there', async () => {
  const controller = new AbortController();
  const file = path.join(folder, 'pid');
  const running = run('run_commands', { commands: [`echo $$ > ${file}; sleep 60`] }, { signal: controller.signal });
  let pid = '';
  while (pid === '') {
    pid = (await readFile(file, 'utf8').catch(() => '')).trim();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  controller.abort(new Error('CANCELLED'));
  expect((await running).error?.message).toBe('CANCELLED');
  await expect.poll(() => isAlive(Number(pid))).toBe(false);
});

test('Python tasks are refused with what to use instead', async () => {
  const done = await run('run_task', { tasks_file: 'tasks.py', task_name: 'x' });
  expect(done.status).toBe('non-recoverable');
  expect(done.error?.message).toMatch(/use run_script or run_commands/);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
