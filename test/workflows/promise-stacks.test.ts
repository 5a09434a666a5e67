/** The stacks of promises are left out of bundles of our own workflows, and nothing else changes with that. */
import { fileURLToPath } from 'node:url';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import { bundleWorkflowCode, NativeConnection, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { withoutPromiseStacks } from '../../worker/promise-stacks.js';
import { until } from './stage.js';

const QUEUES = { with: 'stacks-noted', without: 'stacks-left-out' } as const;
let connection: Connection;
let native: NativeConnection;
let client: Client;
const workers: Worker[] = [];
let running: Promise<unknown>;

beforeAll(async () => {
  const address = inject('temporalAddress');
  [connection, native] = await Promise.all([Connection.connect({ address }), NativeConnection.connect({ address })]);
  client = new Client({ connection });
  const workflowsPath = fileURLToPath(new URL('./bundles/blocked.ts', import.meta.url));
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: silent });
  for (const [queue, bundle] of [
    [QUEUES.with, code],
    [QUEUES.without, withoutPromiseStacks(code)],
  ] as const)
    workers.push(await Worker.create({ connection: native, taskQueue: queue, workflowBundle: { code: bundle } }));
  running = Promise.all(workers.map((worker) => worker.run()));
});

afterAll(async () => {
  for (const worker of workers) worker.shutdown();
  await running;
  await Promise.all([connection.close(), native.close()]);
});

async function eventsOf(handle: WorkflowHandle): Promise<readonly temporal.api.history.v1.IHistoryEvent[]> {
  return (await handle.fetchHistory()).events ?? [];
}

async function stackOfWaiting(taskQueue: string): Promise<string> {
  const handle = await client.workflow.start('waiting', { taskQueue, workflowId: `waiting-${taskQueue}` });
  await until(async () => (await eventsOf(handle)).some((event) => event.timerStartedEventAttributes));
  const stack = await handle.query<string>('__stack_trace');
  await handle.terminate();
  return stack;
}

test('a workflow that waits tells by its stack where, in a bundle that notes stacks', async () => {
  expect(await stackOfWaiting(QUEUES.with)).toMatch(/at waiting .*blocked\.ts:5:\d+/);
});

test('a bundle without stacks answers the same query with none', async () => {
  expect(await stackOfWaiting(QUEUES.without)).toBe('');
});

test('promises are combined, raced and derived from as before', async () => {
  const results = Object.values(QUEUES).map(
    async (taskQueue) =>
      await client.workflow.execute('combining', { taskQueue, workflowId: `combining-${taskQueue}` }),
  );
  expect(await Promise.all(results)).toEqual(Array(2).fill('all rejected race own any'));
});

test('a rejection that nobody hears fails the workflow task that it came from, and the worker goes on', async () => {
  const taskQueue = QUEUES.without;
  const handle = await client.workflow.start('forgetful', { taskQueue, workflowId: 'forgetful' });
  await until(async () => (await eventsOf(handle)).some((event) => event.workflowTaskFailedEventAttributes));
  const failed = (await eventsOf(handle)).find((event) => event.workflowTaskFailedEventAttributes);
  expect(failed?.workflowTaskFailedEventAttributes?.failure?.message).toContain('nobody heard of this');
  await handle.terminate();
  expect(await client.workflow.execute('combining', { taskQueue, workflowId: 'combining-after-failure' })).toContain(
    'race',
  );
});

const ignore = (): void => undefined;
const silent = { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };
