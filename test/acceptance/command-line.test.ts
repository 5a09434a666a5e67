/** The command line's contracts: what a script relies on, and what a person is told. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Home, openHome, until } from './home.js';
import { type LayeredBlueprint, layeredBlueprint } from './layers.js';

let home: Home;
let folder: string;
const made: LayeredBlueprint[] = [];

beforeAll(async () => {
  home = await openHome();
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-blueprints-'));
  expect((await home.run('up')).code).toBe(0);
});
afterAll(async () => {
  await home.close();
  for (const one of made) await rm(one.folder, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
});

const HEAD = 'tosca_definitions_version: cloudify_dsl_1_3\nimports: [cloudify/types/types.yaml]\n';

async function blueprint(name: string, text: string): Promise<string> {
  const own = path.join(folder, name);
  await mkdir(own, { recursive: true });
  await writeFile(path.join(own, 'blueprint.yaml'), text);
  return path.join(own, 'blueprint.yaml');
}

describe('a blueprint that is refused', () => {
  const NODE = 'node_templates: { a: { type: cloudify.nodes.Root } }\n';
  test.for<[what: string, text: string, code: string, place: string]>([
    ['unreadable YAML', 'a: [1\nb: }', 'C2001', 'blueprint.yaml:2:2'],
    ['an unknown type', `${HEAD}node_templates: { a: { type: cloudify.nodes.Rot } }\n`, 'C2060', 'blueprint.yaml:3:30'],
    [
      'a circle of relationships',
      `${HEAD}node_templates:\n  a: { type: cloudify.nodes.Root, relationships: [{ type: cloudify.relationships.depends_on, target: b }] }\n  b: { type: cloudify.nodes.Root, relationships: [{ type: cloudify.relationships.depends_on, target: a }] }\n`,
      'C2040',
      'blueprint.yaml:4:3',
    ],
    [
      'a script that is not there',
      `${HEAD}node_templates: { a: { type: cloudify.nodes.Root, interfaces: { cloudify.interfaces.lifecycle: { create: scripts/none.sh } } } }\n`,
      'C2080',
      'blueprint.yaml:3:',
    ],
    [
      'an operation that no plugin provides',
      `${HEAD}node_templates: { a: { type: cloudify.nodes.Root, interfaces: { cloudify.interfaces.lifecycle: { create: { implementation: script.nope, executor: central_deployment_agent } } } } }\n`,
      'C2089',
      'blueprint.yaml:3:',
    ],
    [
      'an import out of its folder',
      `${HEAD.replace('[', '[../../../etc/passwd, ')}${NODE}`,
      'C2023',
      'blueprint.yaml:2:11',
    ],
  ])('for %s names the place, exits with 3 and leaves nothing behind', async ([what, text, code, place]) => {
    const file = await blueprint(what.replaceAll(' ', '-'), text);
    const told = await home.run('install', file, '-d', 'refused');
    expect(told.code).toBe(3);
    expect(told.stderr).toContain(`error[${code}]`);
    expect(told.stderr).toContain(place);
    const json = await home.run('install', file, '-d', 'refused', '--json');
    expect(json).toMatchObject({ code: 3, stdout: '' });
    const { error } = JSON.parse(json.stderr.trimEnd().split('\n').at(-1) ?? '');
    expect(error).toMatchObject({ code, kind: 'validation', exit_code: 3 });
    expect((await home.run('deployments', 'get', 'refused')).code).toBe(4);
  });

  test('is told of all its mistakes at once', async () => {
    const file = await blueprint(
      'many',
      `${HEAD}node_templates:\n  a: { type: cloudify.nodes.Rot }\n  b: { type: cloudify.nodes.Root, properties: { x: 1 } }\n`,
    );
    const { stderr } = await home.run('validate', file);
    expect(stderr).toContain('error[C2060]');
    expect(stderr).toContain('error[C2044]');
    expect(stderr).toContain('did you mean cloudify.nodes.Root?');
  });
});

describe('inputs', () => {
  const TEXT = `${HEAD}inputs: { n: { type: integer }, s: { type: string, default: x } }\nnode_templates: { a: { type: cloudify.nodes.Root } }\noutputs: { n: { value: { get_input: n } }, s: { value: { get_input: s } } }\n`;

  test('that are missing, unknown or of another type are refused with 3', async () => {
    const file = await blueprint('inputs', TEXT);
    expect((await home.run('install', file, '-d', 'inputs')).stderr).toContain('the input n is required');
    expect((await home.run('install', file, '-d', 'inputs', '-i', 'n=abc')).stderr).toContain(
      'must be of type integer',
    );
    const unknown = await home.run('install', file, '-d', 'inputs', '-i', 'n=1', '-i', 'm=2');
    expect(unknown).toMatchObject({ code: 3 });
    expect(unknown.stderr).toContain('did you mean n?');
  });

  test('arrive as their types say, whatever they hold', async () => {
    const file = await blueprint('inputs', TEXT);
    expect((await home.run('install', file, '-d', 'typed', '-i', 'n=1', '-i', 's=a=b;c')).code).toBe(0);
    expect(await home.json('outputs', 'typed')).toMatchObject({ outputs: { n: 1, s: 'a=b;c' } });
  });

  test('of a deployment that exists already meet a conflict, and change nothing', async () => {
    const file = await blueprint('inputs', TEXT);
    const again = await home.run('install', file, '-d', 'typed', '-i', 'n=2');
    expect(again.code).toBe(5);
    expect(again.stderr).toContain('caisson uninstall typed');
    expect(await home.json('outputs', 'typed')).toMatchObject({ outputs: { n: 1 } });
  });
});

describe('a command that waits for a run', () => {
  async function held(deployment: string, ...flags: string[]) {
    const layers = await layeredBlueprint({ nodes: 1, seconds: 0 });
    made.push(layers);
    await layers.hold('create');
    const command = home.start('install', layers.file, '-d', deployment, ...flags);
    await until(async () => (await layers.journal()).length === 1, 'the operation began');
    return { layers, command };
  }

  test('detaches at Ctrl-C with 130, and the run goes on', async () => {
    const { layers, command } = await held('detached');
    command.process.kill('SIGINT');
    const { code, stderr } = await command.finished;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('is still running');
    expect(stderr).not.toContain('error[');
    await layers.release('create');
    expect((await home.run('executions', 'watch', 'detached')).code).toBe(0);
  });

  test('stops waiting after its timeout with 8, and the run goes on', async () => {
    const { layers, command } = await held('impatient', '--timeout', '5s');
    const { code, stderr } = await command.finished;
    expect(code, stderr).toBe(8);
    await layers.release('create');
    expect((await home.run('executions', 'watch', 'impatient')).code).toBe(0);
  });

  test('ends with 9 when the run is cancelled; the run can be resumed', async () => {
    const { layers, command } = await held('cancelled');
    expect((await home.run('cancel', 'cancelled')).code).toBe(0);
    expect((await command.finished).code).toBe(9);
    await layers.release('create');
    expect((await home.run('resume', 'cancelled')).code).toBe(0);
  });
});

test('an operation that fails is told with its node, attempt, exit code and stderr; the exit code is 1', async () => {
  const file = await blueprint(
    'failing',
    `${HEAD}node_templates:\n  a:\n    type: cloudify.nodes.Root\n    interfaces:\n      cloudify.interfaces.lifecycle:\n        create: { implementation: "echo no luck >&2\\nexit 3", executor: central_deployment_agent, max_retries: 1, retry_interval: 0 }\n`,
  );
  const { code, stderr } = await home.run('install', file, '-d', 'failing');
  expect(code).toBe(1);
  expect(stderr).toMatch(/a_\w{6} · create · .* try 2\/2 \(recoverable\)/);
  expect(stderr).toContain('exit code 3');
  expect(stderr).toContain('stderr: no luck');
  expect(stderr).toContain('caisson resume failing');
});

test('an update makes a deployment what the new blueprint says, and keeps what stays; a preview changes nothing', async () => {
  const version = (node: string) =>
    `${HEAD}node_templates:\n  kept: { type: cloudify.nodes.Root }\n  ${node}: { type: cloudify.nodes.Root }\n`;
  const nodes = async () =>
    (await home.json<{ items: { id: string; node_id: string; state: string }[] }>('node-instances', 'list', 'updated'))
      .items;
  expect((await home.run('install', await blueprint('v1', version('old')), '-d', 'updated')).code).toBe(0);
  const before = await nodes();
  const second = await blueprint('v2', version('new'));
  expect((await home.run('deployments', 'update', 'updated', second, '--preview')).code).toBe(0);
  expect(await nodes()).toEqual(before);
  expect((await home.run('deployments', 'update', 'updated', second)).code).toBe(0);
  const after = await nodes();
  expect(after.map(({ node_id, state }) => [node_id, state]).sort()).toEqual([
    ['kept', 'started'],
    ['new', 'started'],
  ]);
  const kept = (list: typeof after) => list.find(({ node_id }) => node_id === 'kept')?.id;
  expect(kept(after)).toBe(kept(before));
});

test('a saved plan is applied as it is, and refused with 5 once the deployment or a file has changed', async () => {
  const version = (node: string) =>
    `${HEAD}inputs: { size: { default: 1 } }\nnode_templates:\n  kept: { type: cloudify.nodes.WebServer, properties: { port: { get_input: size } } }\n  ${node}: { type: cloudify.nodes.Root }\n`;
  const [first, second] = [await blueprint('plan1', version('old')), await blueprint('plan2', version('new'))];
  const [install, update] = [path.join(folder, 'install.plan'), path.join(folder, 'update.plan')];
  const plan = async (...args: string[]) => await home.run('plan', ...args, '-d', 'planned', '--detailed-exitcode');
  expect(await plan(first, '--out', install)).toMatchObject({
    code: 10,
    stdout: expect.stringContaining('Plan: 2 to create, 0 to change, 0 to remove.'),
  });
  expect((await home.run('apply', install)).code).toBe(0);
  expect(await plan(first)).toMatchObject({ code: 0, stdout: expect.stringContaining('Plan: nothing changes.') });
  const changes = await plan(second, '-i', 'size=2', '--out', update);
  expect(changes.code).toBe(10);
  expect(changes.stdout).toMatch(
    /\+ new .*\n +~ kept .* 1 running instance, reinstalled\n +port = 1 → 2\n +- old_\w{6} /,
  );
  expect((await home.run('apply', install)).code).toBe(5);
  await writeFile(second, `${version('new')}# changed\n`);
  expect((await home.run('apply', update)).stderr).toContain('files in');
  await writeFile(second, version('new'));
  expect((await home.run('apply', update)).code).toBe(0);
  expect((await home.run('apply', update)).stderr).toContain('deployment planned has changed since');
  expect((await plan(second)).stdout).toContain('nothing changes');
});

test('what goes through a pipe has no escape codes; a stream of events is a JSON object a line', async () => {
  const { stdout, stderr } = await home.run('events', 'list', 'typed', '--json');
  expect(stdout + stderr).not.toContain('\u001b');
  const events = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events[0]).toMatchObject({ event_type: 'workflow_started', deployment_id: 'typed' });
  expect(events.at(-1)).toMatchObject({ event_type: 'workflow_succeeded' });
  for (const verb of [['events', 'list'], ['events']])
    expect((await home.run(...verb, 'typed', '--node', 'nobody', '--json')).stdout).toBe('');
});

test("commands in Cloudify's spelling are answered with ours and 2", async () => {
  for (const line of [['local', 'init'], ['init'], ['instal']]) {
    const { code, stderr } = await home.run(...line);
    expect(code).toBe(2);
    expect(stderr).toContain('install');
  }
});
