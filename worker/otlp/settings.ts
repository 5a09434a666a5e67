/** Where and how traces go, as OpenTelemetry's own variables say. */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface OtlpSettings {
  readonly url: string;
  readonly protocol: 'http/json' | 'http/protobuf';
  readonly headers: Readonly<Record<string, string>>;
  readonly compressed: boolean;
  /** Milliseconds that one export may take. */
  readonly timeout: number;
  /** Milliseconds between two exports. */
  readonly delay: number;
  /** Spans that wait at most; further ones are dropped. */
  readonly mostWaiting: number;
  readonly mostAtOnce: number;
  /** Part of the traces that is kept, from 0 to 1. */
  readonly ratio: number;
  /** Attributes of the resource: which service, which process. */
  readonly resource: Readonly<Record<string, string>>;
}

/** Whether somebody has said where traces are to go. */
export function tracesWanted(environment: Environment): boolean {
  const { OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER } = environment;
  if (OTEL_SDK_DISABLED?.toLowerCase() === 'true') return false;
  const exporters = (OTEL_TRACES_EXPORTER || 'otlp').split(',').map((name) => name.trim());
  return exporters.includes('otlp') && endpointOf(environment) !== undefined;
}

/** @throws Error for a protocol that there is not here */
export function otlpSettings(environment: Environment): OtlpSettings {
  const specific = (name: string): string | undefined =>
    environment[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || environment[`OTEL_EXPORTER_OTLP_${name}`] || undefined;
  const protocol = specific('PROTOCOL') ?? 'http/protobuf';
  if (protocol !== 'http/protobuf' && protocol !== 'http/json')
    throw new Error(`OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf or http/json here, not ${protocol}`);
  return {
    url: endpointOf(environment) ?? '',
    protocol,
    headers: pairs(specific('HEADERS')),
    compressed: specific('COMPRESSION') === 'gzip',
    timeout: numberOf(specific('TIMEOUT'), 10_000),
    delay: numberOf(environment.OTEL_BSP_SCHEDULE_DELAY, 5_000),
    mostWaiting: numberOf(environment.OTEL_BSP_MAX_QUEUE_SIZE, 2_048),
    mostAtOnce: numberOf(environment.OTEL_BSP_MAX_EXPORT_BATCH_SIZE, 512),
    ratio: ratioOf(environment),
    resource: {
      'service.name': 'caisson',
      ...pairs(environment.OTEL_RESOURCE_ATTRIBUTES),
      ...(environment.OTEL_SERVICE_NAME ? { 'service.name': environment.OTEL_SERVICE_NAME } : {}),
    },
  };
}

function endpointOf(environment: Environment): string | undefined {
  const own = environment.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT;
  if (own) return own;
  const base = environment.OTEL_EXPORTER_OTLP_ENDPOINT;
  return base ? `${base.replace(/\/$/, '')}/v1/traces` : undefined;
}

/** Samplers by name; those that go by a parent are the others here, since executions have none. */
function ratioOf({ OTEL_TRACES_SAMPLER = '', OTEL_TRACES_SAMPLER_ARG }: Environment): number {
  const sampler = OTEL_TRACES_SAMPLER.replace('parentbased_', '');
  if (sampler === 'always_off') return 0;
  return sampler === 'traceidratio' ? Math.min(1, Math.max(0, numberOf(OTEL_TRACES_SAMPLER_ARG, 1))) : 1;
}

/** `key=value,key=value`, percent-encoded. */
function pairs(text: string | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const part of (text ?? '').split(',')) {
    const at = part.indexOf('=');
    if (at > 0) found[part.slice(0, at).trim()] = decoded(part.slice(at + 1).trim());
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function numberOf(text: string | undefined, fallback: number): number {
  const number = Number(text);
  return text === undefined || text === '' || Number.isNaN(number) ? fallback : number;
}
