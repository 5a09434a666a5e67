import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CaissonConnection } from '../../client/connection.js';
import { EventReader } from '../../client/events/reader.js';
import { instancesAt } from '../../client/time-travel.js';
import { requireNode } from '../../plugins/sdk/index.js';
import { eventsQuery } from '../../workflows/messages.js';
import { type Deployment, openStage, pause, type Stage } from './stage.js';

let stage: Stage;
let connection: CaissonConnection;
beforeAll(async () => {
  stage = await openStage();
  connection = { client: stage.client, store: stage.store } as CaissonConnection;
});
afterAll(async () => await stage.close());

async function story(deployment: Deployment, id: string) {
  const reader = new EventReader(connection, { deployment_id: deployment.id, id });
  return await reader.next();
}

function writes(name: string, key: string): void {
  stage.behave(name, (ctx) => {
    requireNode(ctx).instance.runtimeProperties[key] = name;
  });
}

test('every instance is told as it was after any event', async () => {
  writes('db_1.create', 'id');
  writes('web_1.create', 'id');
  const deployment = await stage.install({
    db: { operations: ['create', 'start', 'stop', 'delete'] },
    web: { operations: ['create', 'start'], targets: { db: [] } },
  });
  const { id } = await deployment.ended();
  const events = await story(deployment, id);
  const after = async (message: string, instance: string) => {
    const event = events.find((one) => one.message.startsWith(message) && one.node_instance_id === instance);
    const execution = { deployment_id: deployment.id, id };
    const instances = await instancesAt(connection, { event: event?.sequence as number, execution });
    return Object.fromEntries(instances.map((one) => [one.id, [one.state, one.runtime_properties.id ?? null]]));
  };
  expect(await after('Creating node instance', 'db_1')).toEqual({
    db_1: ['creating', null],
    web_1: ['uninitialized', null],
  });
  expect(await after('Node instance created', 'db_1')).toEqual({
    db_1: ['created', 'db_1.create'],
    web_1: ['uninitialized', null],
  });
  expect(await after('Node instance started', 'web_1')).toEqual({
    db_1: ['started', 'db_1.create'],
    web_1: ['started', 'web_1.create'],
  });
});

test('a time means the execution that had begun by then, over continue-as-new', async () => {
  for (let at = 1; at <= 12; at += 1) writes(`many_${at}.create`, 'id');
  const deployment = await stage.install(
    { many: { instances: 12, operations: ['create', 'start', 'stop', 'delete'] } },
    { max_events: 60, max_in_flight: 3 },
  );
  await deployment.ended();
  await pause(20);
  const installed = new Date().toISOString();
  await pause(20);
  await deployment.ended(await deployment.execute('uninstall'));
  const then = await instancesAt(connection, { time: installed, deployment_id: deployment.id });
  expect(then).toHaveLength(12);
  expect(then.every(({ state, runtime_properties }) => state === 'started' && runtime_properties.id)).toBe(true);
  const now = await instancesAt(connection, { time: new Date().toISOString(), deployment_id: deployment.id });
  expect(now.every(({ state }) => state === 'deleted')).toBe(true);
  expect(now).toEqual(Object.values(await deployment.instances()));
});

test('the events of an execution come each once and in order, over continue-as-new', async () => {
  const deployment = await stage.install(
    { long: { instances: 12, operations: ['create', 'start'] } },
    { max_events: 60, max_in_flight: 3 },
  );
  const { id } = await deployment.ended();
  const events = await story(deployment, id);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at));
  expect(events.at(0)?.message).toBe("Starting 'install' workflow execution");
  expect(events.at(-1)?.message).toBe("'install' workflow execution succeeded");
});

test('a run writes its journal while it goes on, lets go of what is written, and all of it is told', async () => {
  stage.behave('tail_1.create', async () => await pause(1_000));
  const deployment = await stage.install({
    crowd: { instances: 450, operations: ['create'] },
    tail: { operations: ['create'], targets: { crowd: [] } },
  });
  const { id } = await deployment.ended();
  const page = await deployment.execution(id).query(eventsQuery, { from: 0 });
  expect(page.first).toBeGreaterThanOrEqual(5_000);
  const events = await story(deployment, id);
  const sequences = events.flatMap(({ sequence }) => (sequence === undefined ? [] : [sequence]));
  expect(sequences.sort((a, b) => a - b)).toEqual(Array.from({ length: sequences.length }, (_, at) => at));
  expect(sequences.length).toBe(page.first + page.events.length);
  const instances = await instancesAt(connection, { event: 10, execution: { deployment_id: deployment.id, id } });
  expect(instances).toHaveLength(451);
  const last = await instancesAt(connection, {
    event: sequences.length,
    execution: { deployment_id: deployment.id, id },
  });
  expect(new Set(last.map(({ state }) => state))).toEqual(new Set(['started']));
}, 60_000);
