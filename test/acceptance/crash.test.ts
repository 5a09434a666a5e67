/**
 * Nothing is lost, whatever dies: every process is killed with -9 in the middle of operations, and each time the run
 * completes with every effect there, no operation that had completed run again, and the state of an undisturbed run.
 */
import { rm } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Home, openHome, until, type Victim } from './home.js';
import { type LayeredBlueprint, layeredBlueprint } from './layers.js';

interface Instance {
  readonly id: string;
  readonly node_id: string;
  readonly state: string;
  readonly runtime_properties: unknown;
  readonly relationships: readonly { readonly target_id: string }[];
}

let home: Home;
const made: LayeredBlueprint[] = [];

beforeAll(async () => {
  home = await openHome();
  expect((await home.run('up')).code).toBe(0);
});
afterAll(async () => {
  await home.close();
  for (const { folder } of made) await rm(folder, { recursive: true, force: true });
});

async function layers(options: Parameters<typeof layeredBlueprint>[0]): Promise<LayeredBlueprint> {
  const blueprint = await layeredBlueprint(options);
  made.push(blueprint);
  return blueprint;
}

async function instancesOf(deployment: string): Promise<readonly Instance[]> {
  return (await home.json<{ items: Instance[] }>('node-instances', 'list', '-d', deployment)).items;
}

/** Without what is random: ids are named by their node. */
async function stateOf(deployment: string): Promise<unknown> {
  return (await instancesOf(deployment))
    .map(({ node_id, state, runtime_properties, relationships }) => ({
      node_id,
      state,
      runtime_properties,
      targets: relationships.map(({ target_id }) => target_id.replace(/_\w+$/, '')),
    }))
    .sort((a, b) => (a.node_id < b.node_id ? -1 : 1));
}

const count = (lines: readonly string[], line: string): number => lines.filter((one) => one === line).length;

/** Operations whose end the execution knows of, each with how often it had begun by then. */
type Completed = Map<string, number>;

async function noteCompleted(deployment: string, blueprint: LayeredBlueprint, completed: Completed): Promise<void> {
  const { stdout } = await home.run('events', 'list', deployment, '--no-logs', '--json');
  const lines = await blueprint.journal();
  for (const line of stdout.split('\n').filter((one) => one !== '')) {
    const { event_type, node_instance_id, operation } = JSON.parse(line);
    const subject = `${node_instance_id} ${operation}`;
    if (event_type === 'task_succeeded' && !completed.has(subject))
      completed.set(subject, count(lines, `begin ${subject}`));
  }
}

/** Every instance was created and started, and what had completed has not begun again since. */
async function expectInstalled(deployment: string, blueprint: LayeredBlueprint, completed: Completed): Promise<void> {
  expect(completed.size).toBeGreaterThan(0);
  const lines = await blueprint.journal();
  for (const [subject, begun] of completed) expect(count(lines, `begin ${subject}`), subject).toBe(begun);
  for (const { id } of await instancesOf(deployment))
    for (const operation of ['create', 'start'])
      expect(lines, id).toContain(`end ${id} cloudify.interfaces.lifecycle.${operation}`);
}

describe('an install', () => {
  test.for<[string, readonly Victim[]]>([
    ['its worker', ['worker']],
    ['its server', ['server']],
    ['server and worker', ['server', 'worker']],
    ['server, worker and their keeper', ['keeper', 'server', 'worker']],
  ])('survives the death of %s in the middle of an operation', async ([, victims], { task }) => {
    const blueprint = await layers({ nodes: 4, width: 2, seconds: 0 });
    await blueprint.hold('start');
    const deployment = `d${task.id.replaceAll(/\W/g, '')}`;
    const command = home.start('install', blueprint.file, '-d', deployment, '--json');
    const starts = async (): Promise<number> =>
      (await blueprint.journal()).filter((line) => /^begin .*\.start$/.test(line)).length;
    await until(async () => (await starts()) === 2, 'two operations are in the middle');
    const completed: Completed = new Map();
    await noteCompleted(deployment, blueprint, completed);
    await home.kill(...victims);
    await blueprint.release('start');
    const { code, stdout, stderr } = await command.finished;
    expect(code, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 'terminated', finished_operations: 8 });
    await expectInstalled(deployment, blueprint, completed);
    const undisturbed = `${deployment}-quiet`;
    expect(
      (await home.run('install', (await layers({ nodes: 4, width: 2, seconds: 0 })).file, '-d', undisturbed)).code,
    ).toBe(0);
    expect(await stateOf(deployment)).toEqual(await stateOf(undisturbed));
  });

  test('goes on when its command is killed; watching it afterwards tells the whole story', async () => {
    const blueprint = await layers({ nodes: 4, width: 2, seconds: 0.5 });
    const command = home.start('install', blueprint.file, '-d', 'orphan', '--json');
    await until(async () => (await blueprint.journal()).length > 0, 'an operation began');
    command.process.kill('SIGKILL');
    await command.finished;
    const watched = await home.run('executions', 'watch', 'orphan', '--progress', 'plain');
    expect(watched.code, watched.stderr).toBe(0);
    expect(watched.stderr).toContain("Starting 'install' workflow execution");
    expect(watched.stderr).toContain("'install' workflow execution succeeded");
    const completed: Completed = new Map();
    await noteCompleted('orphan', blueprint, completed);
    await expectInstalled('orphan', blueprint, completed);
    expect((await blueprint.journal()).length).toBe(16);
  });

  test('of 50 nodes survives ten kills at random', { timeout: 400_000 }, async () => {
    const blueprint = await layers({ nodes: 50, width: 10, seconds: 1 });
    const completed: Completed = new Map();
    const random = generator(20_261_124);
    const command = home.start('install', blueprint.file, '-d', 'fifty', '--json');
    await until(async () => (await blueprint.journal()).length > 4, 'operations began');
    let ended = false;
    const finished = command.finished.then((outcome) => {
      ended = true;
      return outcome;
    });
    let kills = 0;
    for (; kills < 10 && !ended; kills += 1) {
      await pause(500 + random() * 1_500);
      await noteCompleted('fifty', blueprint, completed);
      await home.kill(...VICTIMS[Math.floor(random() * VICTIMS.length)]!);
    }
    const { code, stderr } = await finished;
    expect(code, stderr).toBe(0);
    expect(kills).toBe(10);
    await expectInstalled('fifty', blueprint, completed);
    const quiet = await layers({ nodes: 50, width: 10, seconds: 0 });
    expect((await home.run('install', quiet.file, '-d', 'fifty-quiet')).code).toBe(0);
    expect(await stateOf('fifty')).toEqual(await stateOf('fifty-quiet'));
  });
});

test('a run that is terminated from outside leaves the state as its last completed operation reported it', async () => {
  const blueprint = await layers({ nodes: 2, width: 1, seconds: 0 });
  await blueprint.hold('start');
  const command = home.start('install', blueprint.file, '-d', 'cut', '--json');
  await until(async () => (await blueprint.journal()).length === 3, 'the second operation began');
  expect((await home.run('cancel', 'cut', '--kill')).code).toBe(0);
  expect((await command.finished).code).toBe(9);
  const first = (await instancesOf('cut')).find(({ node_id }) => node_id === 'n0');
  expect(first).toMatchObject({
    state: 'starting',
    runtime_properties: { began: { create: true }, ended: { create: true } },
  });
  // Nothing is lost by it: the install goes on from there.
  await blueprint.release('start');
  expect((await home.run('resume', 'cut')).code).toBe(0);
  expect((await instancesOf('cut')).map(({ state }) => state)).toEqual(['started', 'started']);
});

const VICTIMS: readonly (readonly Victim[])[] = [
  ['worker'],
  ['server'],
  ['worker', 'server'],
  ['keeper'],
  ['keeper', 'worker'],
];

/** The same numbers each time. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
