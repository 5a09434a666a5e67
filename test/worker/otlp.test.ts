import { afterEach, beforeEach, expect, test } from 'vitest';
import { exporterTo } from '../../worker/otlp/exporter.js';
import { otlpSettings, tracesWanted } from '../../worker/otlp/settings.js';
import type { Span } from '../../worker/otlp/span.js';
import { type Collector, startCollector } from './collector.js';

let collector: Collector;
beforeEach(async () => {
  collector = await startCollector();
});
afterEach(async () => await collector.close());

const SPAN: Span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: '00f067aa0ba902b7',
  name: 'web_1 · create',
  start: 1_764_000_000_123,
  end: 1_764_000_001_456,
  attributes: { text: 'Grüße', yes: true, no: false, zero: 0, big: 2 ** 40, minus: -3, half: 0.5 },
  links: [{ traceId: 'f'.repeat(32), spanId: '1'.repeat(16) }],
  error: 'no',
};

async function sent(environment: Readonly<Record<string, string>>, spans: readonly Span[] = [SPAN]): Promise<string[]> {
  const failures: string[] = [];
  const settings = otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, ...environment });
  const exporter = exporterTo(settings, { name: 'caisson', version: '1' }, (reason) => failures.push(reason));
  for (const span of spans) exporter.add(span);
  await exporter.close();
  return failures;
}

test.each(['http/json', 'http/protobuf'])('a span arrives as it was sent, by %s', async (protocol) => {
  const environment = {
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20key, x-tenant=a',
    OTEL_EXPORTER_OTLP_COMPRESSION: protocol === 'http/json' ? 'none' : 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=other,deployment.environment=test',
    OTEL_SERVICE_NAME: 'infra',
  };
  expect(await sent(environment)).toEqual([]);
  const { links = [], error, ...rest } = SPAN;
  expect(collector.spans).toEqual([
    {
      ...rest,
      links: links.map(({ traceId, spanId }) => `${traceId}/${spanId}`),
      status: 2,
      message: error,
      resource: { 'service.name': 'infra', 'deployment.environment': 'test' },
    },
  ]);
  expect(collector.requests[0]?.headers).toMatchObject({ authorization: 'Bearer key', 'x-tenant': 'a' });
});

test('what a collector cannot take now is sent again, what it refuses is dropped and told once', async () => {
  const settings = otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '1' });
  const failures: string[] = [];
  const exporter = exporterTo(settings, { name: 'caisson', version: '' }, (reason) => failures.push(reason));
  collector.answer(503, 429, 200, 400);
  exporter.add(SPAN);
  while (collector.spans.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(collector.requests.map(({ status }) => status)).toEqual([503, 429, 200]);
  exporter.add(SPAN);
  await exporter.close();
  expect(failures).toEqual([expect.stringMatching(/^127\.0\.0\.1:\d+ answers with 400/)]);
});

test('a collector that is not there holds nothing up: spans beyond the queue are dropped', async () => {
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_BSP_MAX_QUEUE_SIZE: '2' };
  const failures = await sent(environment, [SPAN, SPAN, SPAN]);
  expect(failures).toEqual([expect.stringMatching(/does not answer/)]);
});

test('nothing is traced unless somebody said where to', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' };
  expect(tracesWanted({})).toBe(false);
  expect(tracesWanted({ OTEL_SERVICE_NAME: 'x', OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c' })).toBe(false);
  expect(tracesWanted(endpoint)).toBe(true);
  expect(tracesWanted({ ...endpoint, OTEL_SDK_DISABLED: 'true' })).toBe(false);
  expect(tracesWanted({ ...endpoint, OTEL_TRACES_EXPORTER: 'none' })).toBe(false);
});

test('the variables of traces go before those of all signals', () => {
  expect(otlpSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318/base/' }).url).toBe('http://c:4318/base/v1/traces');
  const own = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://d/t' };
  expect(otlpSettings(own).url).toBe('http://d/t');
  expect(otlpSettings({ ...own, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/json' }).protocol).toBe('http/json');
  expect(() => otlpSettings({ ...own, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' })).toThrow(/not grpc/);
  const sampled = { ...own, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' };
  expect(otlpSettings(sampled).ratio).toBe(0.25);
});
