import { afterAll, beforeAll, expect, test } from 'vitest';
import { NonRecoverableError } from '../../plugins/sdk/index.js';
import { startTracing, type Tracer } from '../../worker/tracing.js';
import { sketch } from '../graph/fixtures.js';
import { type Collector, type ReceivedSpan, startCollector } from '../worker/collector.js';
import { type Deployment, openStage, request, type Stage, until } from './stage.js';

let collector: Collector;
let tracer: Tracer;
let stage: Stage;
beforeAll(async () => {
  collector = await startCollector();
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '20' };
  tracer = startTracing(environment, {
    namespace: 'default',
    onFailure: (reason) => expect(reason).toBe(''),
  }) as Tracer;
  stage = await openStage({ observers: [tracer.observer] });
});
afterAll(async () => {
  await stage?.close();
  await tracer?.close();
  await collector?.close();
});

/** The spans of an execution, its own first, once that is there. */
async function trace({ id }: Deployment, execution: string): Promise<readonly ReceivedSpan[]> {
  const own = () =>
    collector.spans.filter(
      ({ attributes }) => attributes['caisson.execution'] === execution && attributes['caisson.deployment'] === id,
    );
  await until(() => own().some(({ parentSpanId }) => parentSpanId === ''));
  return own().sort((a, b) => (a.parentSpanId === '' ? -1 : b.parentSpanId === '' ? 1 : a.start - b.start));
}

const told = (spans: readonly ReceivedSpan[]): string[] =>
  spans.map(({ name, attributes, status }) => `${name} ${attributes['caisson.outcome']}${status === 2 ? ' !' : ''}`);

test('an execution is one trace: a span of its own, and under it one for each attempt of each operation', async () => {
  const handedOn: (string | undefined)[] = [];
  stage.behave('app_1.start', ({ traceparent }, { attempt }) => {
    handedOn.push(traceparent);
    if (attempt === 1) throw new Error('not yet');
  });
  const deployment = await stage.install({
    db: { operations: ['create'] },
    app: { operations: ['start'], targets: { db: ['establish:source'] } },
  });
  await deployment.ended();
  const spans = await trace(deployment, deployment.first);
  expect(told(spans)).toEqual([
    `install ${deployment.id} completed`,
    'db_1 · create succeeded',
    'app_1 · start retried !',
    'app_1 · start succeeded',
    'app_1 → db_1 · establish succeeded',
  ]);
  const [root, ...attempts] = spans as [ReceivedSpan, ...ReceivedSpan[]];
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(attempts.map(({ parentSpanId }) => parentSpanId)).toEqual(attempts.map(() => root.spanId));
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(5);
  // What an operation calls may add spans of its own below that of its attempt.
  expect(handedOn).toEqual(attempts.slice(1, 3).map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`));
  expect(root.attributes).toMatchObject({ 'caisson.workflow': 'install', 'caisson.instances.started': 2 });
  expect(attempts[1]).toMatchObject({
    message: 'not yet',
    attributes: { 'caisson.attempt': 1, 'error.type': 'Error' },
  });
  expect(attempts[2]?.attributes).toMatchObject({
    'caisson.attempt': 2,
    'caisson.node': 'app',
    'caisson.node_instance': 'app_1',
    'caisson.operation': 'cloudify.interfaces.lifecycle.start',
    'caisson.implementation': 'test.start',
    'caisson.plugin': 'test',
  });
  for (const { start, end } of attempts) {
    expect(start).toBeGreaterThanOrEqual(root.start);
    expect(end).toBeLessThanOrEqual(root.end);
  }
});

test('a failure is told by both spans, and a resumed execution links to the one that it continues', async () => {
  let broken = true;
  stage.behave('web_1.create', () => {
    if (broken) throw new NonRecoverableError('the password is hunter22');
  });
  const deployment = await stage.install({ web: { operations: ['create'] } });
  await deployment.ended();
  const failed = await trace(deployment, deployment.first);
  expect(told(failed)).toEqual([`install ${deployment.id} failed !`, 'web_1 · create failed !']);
  expect(failed[0]?.message).toMatch(/Task failed: test.create/);
  broken = false;
  const resumed = await deployment.execute('install', { resume_of: deployment.first });
  await deployment.ended(resumed);
  const [root] = await trace(deployment, resumed);
  expect(root?.links).toEqual([`${failed[0]?.traceId}/${failed[0]?.spanId}`]);
});

test('a worker that goes away in the middle doubles nothing: replay makes no span, and an attempt that is cut off is told as such', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  stage.behave('slow_1.start', async (ctx, { attempt }) => {
    if (attempt > 1) return await released;
    await new Promise((_, reject) => ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason)));
  });
  const deployment = await stage.install({ slow: { operations: ['create', 'start'] } });
  await until(() => stage.calls.includes('slow_1.start'));
  await stage.restartWorker();
  release();
  await deployment.ended();
  const spans = await trace(deployment, deployment.first);
  expect(told(spans)).toEqual([
    `install ${deployment.id} completed`,
    'slow_1 · create succeeded',
    'slow_1 · start released',
    'slow_1 · start succeeded',
  ]);
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4);
});

test('a check of a policy is a trace of its own, where it fails', async () => {
  let ill = false;
  stage.behave('seen_1.check_status', () => {
    if (ill) throw new Error('dead');
  });
  const { plan, instances } = sketch({ seen: { operations: ['cloudify.interfaces.validation.check_status'] } });
  const properties = { interval: 0.05, failures: 100 };
  const policies = { own: { type: 'caisson.policies.Health', properties, triggers: {} } };
  const groups = { guarded: { members: ['seen'], policies } };
  const model = { plan: { ...plan, groups, workflows: {}, labels: {} } as unknown as typeof plan, instances };
  const deployment = await stage.deploy(model, request('install'));
  const checks = () =>
    collector.spans.filter(
      ({ name, attributes }) => name === 'seen_1 · check_status' && attributes['caisson.deployment'] === deployment.id,
    );
  await until(() => stage.calls.filter((call) => call === 'seen_1.check_status').length > 2);
  expect(checks()).toEqual([]);
  ill = true;
  await until(() => checks().length > 1);
  const [first, second] = checks();
  expect(first).toMatchObject({ parentSpanId: '', message: 'dead', attributes: { 'caisson.outcome': 'failed' } });
  expect(first?.traceId).not.toBe(second?.traceId);
  await deployment.ended(await deployment.execute('uninstall', { queue: true }));
});
