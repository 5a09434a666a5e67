import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expressionOf, metricsActivities } from '../../../activities/metrics-query.js';
import type { JsonObject } from '../../../blueprint/json.js';
import { freePort } from '../../../client/stack/ports.js';
import diamond from '../../../plugins/diamond/index.js';
import plugin from '../../../plugins/prometheus/index.js';
import {
  type FakeContextOptions,
  type FakeSubject,
  type OperationRun,
  runOperation,
} from '../../../plugins/sdk/testing.js';
import { run as execute } from '../machine.js';
import { type SshServer, startSshServer } from '../ssh-server.js';
import { becomes, notesOf, type PrometheusServer, startPrometheus } from './server.js';

let prometheus: PrometheusServer;
let ssh: SshServer;
const stops: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  prometheus = await startPrometheus();
  stops.push(prometheus.stop);
  ssh = await startSshServer(prometheus.folder, stops);
});
afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

const MONITORED_BY = 'caisson.relationships.prometheus.monitored_by';

const server = (more: JsonObject = {}): FakeSubject => ({
  name: 'prometheus',
  type: 'caisson.nodes.prometheus.Server',
  properties: {
    url: prometheus.url,
    targets_folder: prometheus.targetsFolder,
    rules_folder: prometheus.rulesFolder,
    ...more,
  },
});

/** A host that is this machine, by its loopback address, or by SSH. */
const host = (more: JsonObject = {}): FakeSubject => ({
  name: 'vm',
  type: 'cloudify.nodes.Compute',
  instanceId: 'vm_1',
  hostId: 'vm_1',
  properties: { agent_config: more },
  runtimeProperties: { ip: '127.0.0.1' },
});
const overSsh = (): FakeSubject => host({ user: ssh.user, port: ssh.port, key: ssh.key });

async function run(operation: string, options: FakeContextOptions): Promise<OperationRun> {
  const done = await runOperation(plugin, operation, options);
  expect(done.error).toBeUndefined();
  return done;
}

async function exporterOn(port: number, operation: string, machine: FakeSubject): Promise<void> {
  const relationships = [{ type: 'cloudify.relationships.contained_in', target: machine }];
  const properties = { port, listen_address: '127.0.0.1' };
  await run(`node_exporter.${operation}`, { name: 'exporter', hostId: 'vm_1', relationships, properties });
}

async function answers(port: number): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/metrics`).then(
    async (response) => (await response.text()).includes('node_exporter_build_info'),
    () => false,
  );
}

function registration(port: number, operation: string, more: Partial<FakeContextOptions> = {}) {
  return {
    source: {
      ...host(),
      relationships: [
        { type: MONITORED_BY, target: server(), properties: { port, labels: { tier: 'web' } } },
        { type: 'cloudify.relationships.connected_to', target: server() },
      ],
    },
    target: server(),
    operation: `cloudify.interfaces.relationship_lifecycle.${operation}`,
    deployment: { id: 'shop/eu' },
    ...more,
  } satisfies FakeContextOptions;
}

test.each(['here', 'over SSH'])('a node exporter is set up %s, each step as often as one likes', async (where) => {
  const machine = where === 'here' ? host() : overSsh();
  const port = await freePort();
  for (const step of ['install', 'install', 'start', 'start', 'check']) await exporterOn(port, step, machine);
  expect(await answers(port)).toBe(true);
  const checked = { name: 'exporter', properties: { port: await freePort() } };
  expect((await runOperation(plugin, 'node_exporter.check', checked)).status).toBe('recoverable');
  for (const step of ['stop', 'stop', 'uninstall', 'uninstall']) await exporterOn(port, step, machine);
  expect(await answers(port)).toBe(false);
  await expect(access(notesOf(port))).rejects.toThrow();
});

test('a node exporter that was there before us is used and left alone', async () => {
  const port = await freePort();
  await exporterOn(port, 'start', overSsh());
  // As somebody else's: without our notes.
  const note = `${notesOf(port)}/pid`;
  const pid = Number(await readFile(note, 'utf8'));
  await exporterOn(port, 'uninstall', host());
  for (const step of ['install', 'start', 'stop', 'uninstall']) await exporterOn(port, step, host());
  expect(await answers(port)).toBe(true);
  process.kill(pid);
});

test('a program is fetched only with its checksum, and not run with another', async () => {
  const properties = { port: await freePort(), download_url: `${prometheus.url}/-/ready` };
  const unchecked = await runOperation(plugin, 'node_exporter.install', { name: 'exporter', properties });
  expect(unchecked).toMatchObject({ status: 'non-recoverable', error: { message: /needs its sha256/ } });
  const wrong = { ...properties, sha256: '0'.repeat(64) };
  const refused = await runOperation(plugin, 'node_exporter.install', { name: 'exporter', properties: wrong });
  expect(refused.error?.message).toMatch(/has the SHA-256 \w{64}, not 0{64}/);
  await run('node_exporter.uninstall', { name: 'exporter', properties: wrong });
});

test('a target is up in Prometheus once it is registered, and gone once it is not', async () => {
  const port = await freePort();
  await exporterOn(port, 'start', host());
  const before = await prometheus.targets();
  await run('targets.register', registration(port, 'establish'));
  await becomes(prometheus.targets, (targets) => targets.includes('vm_1 up'));
  const [file = ''] = await readdir(prometheus.targetsFolder);
  expect(file).toBe('shop%2feu.vm_1.json');
  expect(JSON.parse(await readFile(path.join(prometheus.targetsFolder, file), 'utf8'))).toEqual([
    {
      targets: [`127.0.0.1:${port}`],
      labels: { tier: 'web', deployment: 'shop/eu', node: 'vm', node_instance: 'vm_1' },
    },
  ]);
  await exporterOn(port, 'stop', host());
  await exporterOn(port, 'uninstall', host());
  await becomes(prometheus.targets, (targets) => targets.includes('vm_1 down'));
  await run('targets.unregister', registration(port, 'unlink'));
  await becomes(prometheus.targets, (targets) => targets.length === before.length);
});

test('what a crash in mid-write left is no target, and goes with the next write or removal', async () => {
  const part = path.join(prometheus.targetsFolder, 'shop%2feu.vm_1.json.part');
  await writeFile(part, '[{"targets": ["127.0.0.1:');
  await run('targets.register', registration(1, 'establish'));
  await run('targets.register', registration(1, 'establish', { resume: true }));
  expect(await readdir(prometheus.targetsFolder)).toEqual(['shop%2feu.vm_1.json']);
  await writeFile(part, '[{"targets": ["127.0.0.1:');
  await run('targets.unregister', registration(1, 'unlink'));
  await run('targets.unregister', registration(1, 'unlink', { resume: true }));
  expect(await readdir(prometheus.targetsFolder)).toEqual([]);
});

test('the monitoring interface of a node registers it too, with the folder of an input or of the worker', async () => {
  const inputs = { targets_folder: prometheus.targetsFolder, port: 8080, path: '/stats', job: 'app' };
  const options = { ...host(), operation: 'cloudify.interfaces.monitoring.start', deployment: { id: 'shop' } };
  await run('targets.register', { ...options, inputs });
  const file = path.join(prometheus.targetsFolder, 'shop.vm_1.node.json');
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject([
    { targets: ['127.0.0.1:8080'], labels: { __metrics_path__: '/stats', job: 'app', node_instance: 'vm_1' } },
  ]);
  await run('targets.unregister', { ...options, inputs });
  expect(await readdir(prometheus.targetsFolder)).toEqual([]);
  const nowhere = await run('targets.register', options);
  expect(nowhere.logs.map(({ message }) => message)).toEqual([expect.stringMatching(/no target is registered/)]);
});

test('blueprints that set up Diamond get a node exporter on the host, and targets', async () => {
  process.env.CAISSON_PROMETHEUS_TARGETS = prometheus.targetsFolder;
  const options = { ...host(), inputs: { diamond_config: { interval: 10 } }, deployment: { id: 'old' } };
  const there = await answers(9100);
  for (const task of ['install', 'start', 'add_collectors']) {
    const done = await runOperation(diamond, `diamond_agent.tasks.${task}`, options);
    expect(done.error).toBeUndefined();
  }
  expect(await answers(9100)).toBe(true);
  await becomes(prometheus.targets, (targets) => targets.includes('vm_1 up'));
  for (const task of ['del_collectors', 'stop', 'uninstall'])
    expect((await runOperation(diamond, `diamond_agent.tasks.${task}`, options)).error).toBeUndefined();
  delete process.env.CAISSON_PROMETHEUS_TARGETS;
  expect(await answers(9100)).toBe(there);
  await becomes(prometheus.targets, (targets) => targets.length === 0);
});

const ALERT = { alert: 'Down', expr: 'up == 0', for: '1m', labels: { severity: 'page' } };

const rules = (name: string, properties: JsonObject, more: FakeContextOptions = {}): FakeContextOptions => ({
  name,
  properties,
  relationships: [{ type: 'caisson.relationships.prometheus.rules_of', target: server() }],
  deployment: { id: 'shop' },
  ...more,
});

test('rules are in force once they are written, and not any more once they are deleted', async () => {
  const own = rules('alerts', { groups: [{ name: 'shop', rules: [ALERT] }] });
  await run('rules.write', own);
  expect(await prometheus.rules()).toEqual(['Down']);
  const template = 'groups: [{name: t, rules: [{record: "{{ name }}:up", expr: up}]}]';
  const rendered = rules(
    'recorded',
    { resource: 'rules.yml.j2', variables: { name: 'shop' } },
    { resources: { 'rules.yml.j2': template } },
  );
  await run('rules.write', rendered);
  expect(await prometheus.rules()).toEqual(['Down', 'shop:up']);
  await run('rules.delete', own);
  await run('rules.delete', own);
  expect(await prometheus.rules()).toEqual(['shop:up']);
  await run('rules.delete', rendered);
  expect(await readdir(prometheus.rulesFolder)).toEqual([]);
});

test('rules that Prometheus refuses fail for good, and are taken away, so that the others stay in force', async () => {
  const good = rules('alerts', { groups: [{ name: 'shop', rules: [ALERT] }] });
  await run('rules.write', good);
  const bad = rules('broken', { groups: [{ name: 'b', rules: [{ ...ALERT, expr: 'up ==' }] }] });
  const refused = await runOperation(plugin, 'rules.write', bad);
  expect(refused).toMatchObject({ status: 'non-recoverable', error: { message: /refuses to reload/ } });
  expect(await readdir(prometheus.rulesFolder)).toEqual(['shop.alerts_1.rules.yml']);
  expect(await prometheus.rules()).toEqual(['Down']);
  await run('rules.delete', good);
});

test('a server node makes its folders, on its host too, and tells what is wrong', async () => {
  const folder = path.join(prometheus.folder, 'made');
  const relationships = [{ type: 'cloudify.relationships.contained_in', target: overSsh() }];
  const own = {
    ...server({ targets_folder: `${folder}/t`, rules_folder: `${folder}/r` }),
    hostId: 'vm_1',
    relationships,
  };
  await run('server.prepare', own);
  expect(await readdir(folder)).toEqual(['r', 't']);
  await run('server.check', own);
  const dead = { ...own, properties: { ...own.properties, url: `http://127.0.0.1:${await freePort()}` } };
  const unreached = await runOperation(plugin, 'server.check', dead);
  expect(unreached).toMatchObject({
    status: 'recoverable',
    error: { message: /does not answer: connect ECONNREFUSED/ },
  });
});

test('the example is a configuration that Prometheus takes, and every expression of its dashboard one that it answers', async () => {
  const example = (name: string): string =>
    fileURLToPath(new URL(`../../../examples/monitoring/${name}`, import.meta.url));
  const checked = await execute('promtool', ['check', 'config', example('prometheus.yml')]);
  expect(checked.stdout).toMatch(/SUCCESS/);
  const { panels } = JSON.parse(await readFile(example('grafana-dashboard.json'), 'utf8')) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  const refused: string[] = [];
  for (const { expr } of panels.flatMap(({ targets }) => targets)) {
    const query = new URLSearchParams({ query: expr.replaceAll('$__rate_interval', '1m') });
    const answer = (await (await fetch(`${prometheus.url}/api/v1/query?${query}`)).json()) as { status: string };
    if (answer.status !== 'success') refused.push(expr);
  }
  expect(refused).toEqual([]);
});

test.each([
  ['loadavg.01', 'node_load1{deployment="shop"}'],
  ['requests', 'requests{deployment="shop"}'],
  ['sum(rate(requests{$deployment}[1m]))', 'sum(rate(requests{deployment="shop"}[1m]))'],
  [undefined, 'min by (node_instance) (up{deployment="shop"})'],
])('a policy that names %s asks for %s', async (query, expression) => {
  expect(expressionOf('shop', query)).toBe(expression);
  const asked = await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
  expect(asked.status).toBe(200);
});

test('a Prometheus that asks for a login gets it from the address, and no message has it', async () => {
  const users = path.join(prometheus.folder, 'web.yml');
  const hash = '$2y$05$e1XDrp5o11qfRGqXxXrGb.NnLkI2EvaUpIhoLrw0W1z0aSUxqCozi';
  await writeFile(users, JSON.stringify({ basic_auth_users: { ship: hash } }));
  const guarded = await startPrometheus([`--web.config.file=${users}`]);
  const port = new URL(guarded.url).port;
  const as = (login: string): string => `http://${login}@127.0.0.1:${port}`;
  const right = { ...server({ url: as('ship:keel-and-mast') }) };
  await run('server.check', right);
  // It was started without its lifecycle interface.
  const { relationships: _, ...own } = rules('alerts', { groups: [{ name: 'shop', rules: [ALERT] }] });
  const unreloaded = await runOperation(plugin, 'rules.write', { ...own, relationships: [{ target: right }] });
  expect(unreloaded).toMatchObject({ status: 'non-recoverable', error: { message: /--web.enable-lifecycle/ } });
  const wrong = await runOperation(plugin, 'server.check', server({ url: as('ship:rudder') }));
  expect(wrong).toMatchObject({ status: 'recoverable', error: { message: /is not well: 401/ } });
  for (const { error } of [unreloaded, wrong]) expect(error?.message).not.toMatch(/keel|rudder/);
  const ask = async (login: string) =>
    (await metricsActivities(as(login)).queryMetrics({ deployment_id: 'shop', questions: [{ id: 'q', query: 'up' }] }))
      .q;
  expect(await ask('ship:keel-and-mast')).toEqual({ values: {} });
  expect((await ask('ship:rudder'))?.error).toMatch(/refuses the login/);
  await guarded.stop();
});
