import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '../../blueprint/json.js';
import { NonRecoverableError } from '../../plugins/sdk/index.js';
import type { PlanSketch } from '../graph/fixtures.js';
import { type Deployment, openStage, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

const LIFECYCLE = ['create', 'start', 'stop', 'delete'];
const CHECK = 'cloudify.interfaces.validation.check_status';

async function installed(nodes: PlanSketch): Promise<Deployment> {
  const deployment = await stage.install(nodes);
  expect((await deployment.ended()).status).toBe('terminated');
  stage.calls.length = 0;
  return deployment;
}

test('heal heals what fails its check, by its own operation, and leaves the rest alone', async () => {
  stage.behave('sick_1.check_status', (_, { attempt }) => {
    if (attempt === 1) throw new NonRecoverableError('no answer');
  });
  const deployment = await installed({
    sick: { operations: [...LIFECYCLE, CHECK, 'preheal', 'heal', 'postheal'] },
    well: { operations: [...LIFECYCLE, CHECK] },
    unchecked: { operations: LIFECYCLE },
  });
  const record = await deployment.ended(await deployment.execute('heal'));
  expect(record).toMatchObject({ status: 'terminated', error: null });
  expect(stage.calls.slice(2)).toEqual(['sick_1.preheal', 'sick_1.heal', 'sick_1.postheal']);
  const { sick_1, well_1 } = await deployment.instances();
  expect(sick_1?.system_properties.status).toMatchObject({ ok: true, healed: true });
  expect(well_1?.system_properties.status).toMatchObject({ ok: true, task: 'test.check_status' });
});

test('what has no heal, or whose heal fails, is reinstalled; unless that is not allowed', async () => {
  let well = false;
  stage.behave('ill_1.check_status', () => {
    if (!well) throw new NonRecoverableError('no answer');
  });
  stage.behave('ill_1.heal', () => {
    throw new NonRecoverableError('cannot be healed');
  });
  const deployment = await installed({
    ill: { operations: [...LIFECYCLE, CHECK, 'heal'] },
    friend: { operations: LIFECYCLE, targets: { ill: ['establish:source', 'unlink:source'] } },
  });
  const refused = await deployment.execute('heal', { parameters: { allow_reinstall: false } });
  expect(await deployment.ended(refused)).toMatchObject({
    status: 'failed',
    error: 'allow_reinstall is false, but would need to reinstall instances: ill_1',
  });
  stage.calls.length = 0;
  expect(await deployment.ended(await deployment.execute('heal'))).toMatchObject({ status: 'terminated' });
  expect(stage.calls).toEqual([
    'ill_1.check_status',
    'ill_1.heal',
    'friend_1>ill_1.unlink',
    'ill_1.stop',
    'ill_1.delete',
    'ill_1.create',
    'ill_1.start',
    'friend_1>ill_1.establish',
  ]);
  well = true;
});

test('check_status fails when an instance is not well, after all were asked, without retries', async () => {
  stage.behave('down_1.check_status', () => {
    throw new Error('no answer');
  });
  const deployment = await installed({
    down: { operations: [CHECK] },
    up: { operations: [CHECK], targets: { down: [] } },
  });
  const record = await deployment.ended(await deployment.execute('check_status'));
  expect(record).toMatchObject({ status: 'failed', error: expect.stringContaining('no answer') });
  expect([...stage.calls].sort()).toEqual(['down_1.check_status', 'up_1.check_status']);
  const { down_1 } = await deployment.instances();
  expect(down_1?.system_properties.status).toMatchObject({ ok: false, result: 'no answer' });
});

test('check_drift keeps what an instance tells', async () => {
  stage.behave('odd_1.check_drift', () => ({ size: 'differs' }));
  const deployment = await installed({ odd: { operations: [...LIFECYCLE, 'check_drift'] } });
  expect(await deployment.ended(await deployment.execute('check_drift'))).toMatchObject({ status: 'terminated' });
  const { odd_1 } = await deployment.instances();
  expect(odd_1?.system_properties.configuration_drift).toMatchObject({ ok: true, result: { size: 'differs' } });
});

test('stop stops dependants first and is undone by start; the reference’s order is a switch', async () => {
  const deployment = await installed({
    base: { operations: LIFECYCLE },
    top: { operations: LIFECYCLE, targets: { base: [] } },
  });
  await deployment.ended(await deployment.execute('stop'));
  expect(stage.calls).toEqual(['top_1.stop', 'base_1.stop']);
  expect(await deployment.states()).toEqual({ base_1: 'stopped', top_1: 'stopped' });
  await deployment.ended(await deployment.execute('start'));
  expect(stage.calls.slice(2)).toEqual(['base_1.start', 'top_1.start']);
  expect(await deployment.states()).toEqual({ base_1: 'started', top_1: 'started' });
});

test('an operation that no node maps is a mistake of the caller’s', async () => {
  const deployment = await installed({ plain: { operations: ['create'] } });
  const id = await deployment.execute('execute_operation', { parameters: { operation: 'no.such' } });
  expect(await deployment.ended(id)).toMatchObject({
    status: 'failed',
    error: expect.stringContaining('cloudify.interfaces.lifecycle.create'),
  });
});

test('rollback brings back to a settled state what a failed install left half-way', async () => {
  stage.behave('half_1.start', () => {
    throw new NonRecoverableError('broken');
  });
  const deployment = await stage.install({
    half: { operations: LIFECYCLE },
    done: { operations: LIFECYCLE },
  });
  expect((await deployment.ended()).status).toBe('failed');
  stage.calls.length = 0;
  await deployment.ended(await deployment.execute('rollback'));
  expect(stage.calls).toEqual(['half_1.stop']);
  expect((await deployment.instances()).half_1).toMatchObject({ state: 'configured', attempted: ['create'] });
});

test('what is reinstalled, or comes and goes by scaling, ends and begins to be monitored like all else', async () => {
  const seen: string[] = [];
  stage.behaveAll((ctx) => {
    const name = ctx.operation.name;
    if (ctx.type === 'node-instance' && name.includes('.monitoring.'))
      seen.push(`${ctx.instance.id} ${ctx.operation.shortName}`);
  });
  const monitoring = ['start', 'stop'].map((name) => `cloudify.interfaces.monitoring.${name}`);
  const deployment = await stage.install({ seen: { operations: ['create', ...monitoring] } });
  await deployment.ended();
  expect(seen.splice(0)).toEqual(['seen_1 start']);
  const run = async (workflow: string, parameters: JsonObject) =>
    expect((await deployment.ended(await deployment.execute(workflow, { parameters }))).error).toBeNull();
  await run('heal', { node_instance_id: 'seen_1' });
  expect(seen.splice(0)).toEqual(['seen_1 stop', 'seen_1 start']);
  await run('scale', { scalable_entity_name: 'seen', delta: 1 });
  const [added = ''] = seen.splice(0);
  expect(added).toMatch(/^seen_(?!1 )\w+ start$/);
  await run('scale', { scalable_entity_name: 'seen', delta: -1 });
  expect(seen.splice(0)).toEqual([expect.stringMatching(/^seen_\w+ stop$/)]);
  stage.behaveAll(undefined);
});
