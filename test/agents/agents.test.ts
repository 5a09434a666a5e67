/**
 * Agents on a host: a loopback SSH server, whose sessions have a home folder of their own, stands for the machine. What
 * runs there is told apart by that home.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Home, type RunningCommand, until } from '../acceptance/home.js';
import { runs } from '../plugins/script/stage.js';
import { type SshServer, startSshServer } from '../plugins/ssh-server.js';

const BLUEPRINT = fileURLToPath(new URL('./blueprints/hosted', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../bin/caisson.js', import.meta.url));

const stops: (() => Promise<unknown>)[] = [];
/** The home folder on the machine. */
let there: string;
let home: Home;
let ssh: SshServer;

beforeAll(async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-agents-'));
  stops.push(async () => await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }));
  there = path.join(folder, 'machine');
  await mkdir(there);
  await mkdir(path.join(folder, 'ssh'));
  ssh = await startSshServer(path.join(folder, 'ssh'), stops, [`SetEnv HOME=${there}`]);
  const here = path.join(folder, 'here');
  await mkdir(here);
  home = new Home(here, {
    HOME: here,
    CAISSON_HOME: here,
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    CAISSON_TASK_QUEUE: `agents-${randomBytes(3).toString('hex')}`,
    CAISSON_AGENT_PROGRAM: `${process.execPath} ${PROGRAM}`,
    NO_COLOR: '1',
    CI: '',
  });
  const worker = home.start('worker', 'run');
  stops.push(async () => {
    worker.process.kill('SIGTERM');
    await worker.finished;
  });
}, 300_000);
afterAll(async () => {
  for (const pid of await supervisors()) process.kill(-pid, 'SIGKILL');
  for (const stop of stops.reverse()) await stop();
}, 60_000);

const agentsFolder = (): string => path.join(there, '.caisson/agents');

/** Process groups of the agents on the machine. */
async function supervisors(): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir(agentsFolder()).catch(() => [])) {
    const text = await readFile(path.join(agentsFolder(), name, 'supervise.pid'), 'utf8').catch(() => '');
    if (text.trim() !== '' && runs(Number(text))) found.push(Number(text));
  }
  return found;
}

interface Instance {
  readonly id: string;
  readonly node_id: string;
  readonly runtime_properties: Readonly<Record<string, unknown>>;
}

async function instance(deployment: string, node: string): Promise<Instance> {
  const { items } = await home.json<{ items: Instance[] }>('node-instances', 'list', '-d', deployment);
  return items.find(({ node_id }) => node_id === node)!;
}

async function inputs(hold: string): Promise<string[]> {
  const file = path.join(home.folder, 'inputs.json');
  await writeFile(file, JSON.stringify({ port: ssh.port, user: ssh.user, key: ssh.key, hold }));
  return ['-i', file];
}

const begun = async (hold: string): Promise<number> =>
  (await readFile(`${hold}.begun`, 'utf8').catch(() => '')).split('\n').length - 1;

describe('a host with an agent', () => {
  const hold = path.join(tmpdir(), `caisson-hold-${randomBytes(4).toString('hex')}`);
  afterAll(async () => await rm(`${hold}.begun`, { force: true }));

  test('runs the operations of what it contains; all else runs on workers', async () => {
    const installed = await home.run('install', BLUEPRINT, '-d', 'hosted', ...(await inputs(hold)));
    expect(installed.code, installed.stderr).toBe(0);
    const machine = await instance('hosted', 'machine');
    expect(machine.runtime_properties.cloudify_agent).toMatchObject({
      queue: `host/hosted/${machine.id}`,
      install_method: 'remote',
    });
    expect((await instance('hosted', 'service')).runtime_properties).toEqual({ home_create: there, home_start: there });
    expect((await instance('hosted', 'outside')).runtime_properties).toEqual({ home_create: home.folder });
    const [agent] = await readdir(agentsFolder());
    expect((await stat(path.join(agentsFolder(), agent!, 'settings.json'))).mode & 0o777).toBe(0o600);
  }, 120_000);

  test('takes in an uploaded plugin as workers do', async () => {
    const plugin = await writtenPlugin({
      'package.json': JSON.stringify({
        name: 'acme-places',
        version: '1.0.0',
        type: 'module',
        exports: './index.js',
        caissonPlugin: { yaml: 'plugin.yaml', apiVersion: 1 },
      }),
      'plugin.yaml': DESCRIPTION,
      'index.js': `import { definePlugin, operation } from 'caisson/plugin-sdk';
export default definePlugin({
  name: 'places',
  operations: { note: operation({}, async (ctx) => { ctx.instance.runtimeProperties.home = process.env.HOME; }) },
});`,
    });
    const uploaded = await home.run('plugins', 'upload', plugin);
    expect(uploaded.code, uploaded.stderr).toBe(0);
    const blueprint = path.join(home.folder, 'uploaded.yaml');
    const text = await readFile(path.join(BLUEPRINT, 'blueprint.yaml'), 'utf8');
    const spot =
      '  spot:\n    type: places.Spot\n    relationships: [{ type: cloudify.relationships.contained_in, target: machine }]\n';
    await writeFile(
      blueprint,
      `${text.slice(0, text.indexOf('    interfaces:')).replace('types.yaml\n', 'types.yaml\n  - plugin:acme-places\n')}${spot}`,
    );
    const installed = await home.run('install', blueprint, '-d', 'uploaded', ...(await inputs(hold)));
    expect(installed.code, installed.stderr).toBe(0);
    expect((await instance('uploaded', 'spot')).runtime_properties).toEqual({ home: there });
    expect((await home.run('uninstall', 'uploaded', '--yes')).code).toBe(0);
  }, 120_000);

  test('is listed, and answers when it is asked', async () => {
    const { items } = await home.json<{ items: object[] }>('agents', 'list');
    const { id } = await instance('hosted', 'machine');
    expect(items).toMatchObject([{ id, ip: '127.0.0.1', deployment_id: 'hosted', state: 'polling' }]);
    expect((await home.run('agents', 'validate', 'hosted')).code).toBe(0);
  });

  test('whose agent dies gets it back, and the operation is run again there', async () => {
    await writeFile(hold, '');
    const before = await begun(hold);
    const start = home.start(
      ...['execute', 'execute_operation', 'hosted', '-p', 'operation=cloudify.interfaces.lifecycle.start'],
      ...['-p', 'node_ids=service'],
    );
    await whileItRuns(start, async () => (await begun(hold)) > before, 'the operation has begun');
    const [group] = await supervisors();
    for (const child of await childrenOf(group!)) process.kill(child, 'SIGKILL');
    await whileItRuns(start, async () => (await begun(hold)) > before + 1, 'it has begun again');
    await rm(hold);
    const { code, stderr } = await start.finished;
    expect(code, stderr).toBe(0);
  }, 120_000);

  test('whose agent is gone is reported by its name, and waited for', async () => {
    const { id } = await instance('hosted', 'machine');
    const [group] = await supervisors();
    process.kill(-group!, 'SIGKILL');
    const start = home.start(
      ...['execute', 'execute_operation', 'hosted', '-p', 'operation=cloudify.interfaces.lifecycle.start'],
      ...['-p', 'node_ids=service'],
    );
    await whileItRuns(
      start,
      async () => (await home.run('events', 'list', 'hosted')).stdout.includes(`the agent of host ${id} (127.0.0.1)`),
      'the lost agent is told of',
    );
    const [name] = await readdir(agentsFolder());
    const again = spawn('setsid', ['sh', 'supervise.sh'], {
      cwd: path.join(agentsFolder(), name!),
      env: { ...process.env, HOME: there },
      stdio: 'ignore',
    });
    await writeFile(path.join(agentsFolder(), name!, 'supervise.pid'), String(again.pid));
    const { code, stderr } = await start.finished;
    expect(code, stderr).toBe(0);
    expect((await home.run('agents', 'validate', 'hosted')).code).toBe(0);
  }, 120_000);

  test('gets it anew when it is asked for, and a lost one is named by a validation', async () => {
    const { id } = await instance('hosted', 'machine');
    const [group] = await supervisors();
    process.kill(-group!, 'SIGKILL');
    const refused = await home.run('agents', 'validate', 'hosted');
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stderr).toContain(id);
    const installed = await home.run('agents', 'install', 'hosted');
    expect(installed.code, installed.stderr).toBe(0);
    expect(await supervisors()).toHaveLength(1);
  }, 120_000);

  test('takes it along when it goes', async () => {
    const [group] = await supervisors();
    const uninstalled = await home.run('uninstall', 'hosted', '--yes');
    expect(uninstalled.code, uninstalled.stderr).toBe(0);
    expect(() => process.kill(-group!, 0)).toThrow('ESRCH');
    expect(existsSync(path.join(there, '.caisson'))).toBe(false);
  }, 120_000);
});

async function writtenPlugin(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = path.join(home.folder, 'places');
  await mkdir(folder);
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);
  return folder;
}

const DESCRIPTION = `plugins:
  places: { executor: host_agent, package_name: acme-places, package_version: "1.0.0" }
node_types:
  places.Spot:
    derived_from: cloudify.nodes.Root
    interfaces: { cloudify.interfaces.lifecycle: { create: places.note } }
`;

/** Waits while the command runs: one that ends before has something to say. */
async function whileItRuns(running: RunningCommand, holds: () => Promise<boolean>, what: string): Promise<void> {
  const early = running.finished.then(({ code, stderr }) => {
    throw new Error(`the command ended with ${code} before ${what}: ${stderr}`);
  });
  await Promise.race([early, until(holds, what)]);
}

async function childrenOf(group: number): Promise<number[]> {
  const text = await readFile(`/proc/${group}/task/${group}/children`, 'utf8');
  return text.trim().split(/\s+/).map(Number);
}
