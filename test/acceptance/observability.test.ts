/** A real worker, scraped and traced: also through kill -9. */
import { readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '../../client/stack/ports.js';
import { type Collector, type ReceivedSpan, startCollector } from '../worker/collector.js';
import { type Home, openHome, until } from './home.js';
import { layeredBlueprint } from './layers.js';

const example = (name: string): string => fileURLToPath(new URL(`../../examples/monitoring/${name}`, import.meta.url));

let home: Home;
let port: number;
let collector: Collector;
beforeAll(async () => {
  port = await freePort();
  collector = await startCollector();
  home = (await openHome()).with({
    CAISSON_WORKER_METRICS: String(port),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer s3cr3t-of-the-collector',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  expect((await home.run('up')).code).toBe(0);
});
afterAll(async () => {
  await home?.close();
  await collector?.close();
});

async function scrape(): Promise<string> {
  return await fetch(`http://127.0.0.1:${port}/metrics`).then(
    async (response) => await response.text(),
    () => '',
  );
}

const spansOf = (deployment: string): ReceivedSpan[] =>
  collector.spans.filter(({ attributes }) => attributes['caisson.deployment'] === deployment);

test('an install whose worker is killed with -9 is one trace, in which nothing is twice', async () => {
  const layers = await layeredBlueprint({ nodes: 3, width: 3, seconds: 0 });
  await layers.hold('start');
  const install = home.start('install', layers.file, '-d', 'shop');
  const begun = async () => (await layers.journal()).filter((line) => /^begin .*start$/.test(line)).length;
  await until(async () => (await begun()) === 3, 'every start has begun');
  await until(() => spansOf('shop').length === 3, 'every create was told of');
  await home.kill('worker');
  await until(async () => (await begun()) === 6, 'every start has begun again');
  await layers.release('start');
  expect((await install.finished).code).toBe(0);
  await until(() => spansOf('shop').some(({ parentSpanId }) => parentSpanId === ''), 'the execution is told of');
  const spans = spansOf('shop');
  const told = spans.map(
    ({ name, attributes }) =>
      `${name.replace(/^n\d_\w+/, 'node')} ${attributes['caisson.outcome']} ${attributes['caisson.attempt'] ?? ''}`,
  );
  expect(told.sort()).toEqual([
    'install shop completed ',
    ...Array(3).fill('node · create succeeded 1'),
    ...Array(3).fill('node · start succeeded 2'),
  ]);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(7);
  // Two workers have told of it.
  expect(new Set(spans.map(({ resource }) => resource['process.pid'])).size).toBe(2);
  expect(collector.requests[0]?.headers.authorization).toBe('Bearer s3cr3t-of-the-collector');
  await rm(layers.folder, { recursive: true });
});

test('operations, executions and instances are counted', async () => {
  await until(async () => /^caisson_node_instances\{state="started"\} 3$/m.test(await scrape()), 'they are');
  const text = await scrape();
  expect(text).toMatch(/^caisson_operations_total\{operation="script.run",outcome="succeeded",plugin="script"\} 3$/m);
  expect(text).toMatch(/^caisson_operations_resumed_total\{operation="script.run",plugin="script"\} 3$/m);
  expect(text).toMatch(/^caisson_operation_duration_seconds_bucket\{.*plugin="script",le="\+Inf"\} 3$/m);
  expect(text).toMatch(
    /^caisson_executions_ended_total\{outcome="completed",started_by="request",workflow="install"\} 1$/m,
  );
  // There before the first one, which would be no increase otherwise.
  expect(text).toMatch(
    /^caisson_executions_ended_total\{outcome="failed",started_by="request",workflow="install"\} 0$/m,
  );
  expect(text).toMatch(/^caisson_executions\{status="completed"\} 1$/m);
  expect(text).toMatch(/^caisson_deployments 1$/m);
});

test('every metric of the dashboard is one that is exported', async () => {
  const dashboard = JSON.parse(await readFile(example('grafana-dashboard.json'), 'utf8')) as {
    readonly panels: readonly { readonly targets: readonly { readonly expr: string }[] }[];
  };
  const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));
  const names = new Set(expressions.flatMap((expr) => expr.match(/\b(caisson|temporal)_\w+/g) ?? []));
  expect(names.size).toBeGreaterThanOrEqual(12);
  const text = await scrape();
  const missing = [...names].filter((name) => !new RegExp(`^${name}[{ ]`, 'm').test(text));
  expect(missing).toEqual([]);
});
