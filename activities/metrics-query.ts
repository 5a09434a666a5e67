/** Asks a Prometheus for the values that policies go by. */
import { ApplicationFailure } from '@temporalio/activity';
import { takeCredentials } from '../plugins/basic-authorization.js';

export interface MetricQuestion {
  /** Names the answer. */
  readonly id: string;
  /** A metric, a name of Diamond's, or a PromQL expression; absent: whether the instances are up. */
  readonly query?: string;
  /** Address of the Prometheus. @default the worker's */
  readonly url?: string;
}

export interface MetricAnswers {
  /** By node instance id: the label `node_instance`. */
  readonly values?: Readonly<Record<string, number>>;
  /** The value of an expression that is of no one instance. */
  readonly overall?: number;
  readonly error?: string;
}

export interface MetricsActivities {
  queryMetrics(request: {
    readonly deployment_id: string;
    readonly questions: readonly MetricQuestion[];
  }): Promise<Readonly<Record<string, MetricAnswers>>>;
}

/** @param ownUrl address of the Prometheus that is asked where a policy names none */
export function metricsActivities(ownUrl: string | undefined): MetricsActivities {
  return {
    async queryMetrics({ deployment_id, questions }) {
      const answers = await Promise.all(
        questions.map(async ({ id, query, url = ownUrl }) => [id, await answer(deployment_id, query, url)] as const),
      );
      return Object.fromEntries(answers);
    },
  };
}

const PATIENCE_MS = 10_000;

async function answer(deployment: string, query: string | undefined, url: string | undefined): Promise<MetricAnswers> {
  if (url === undefined)
    return { error: 'no Prometheus is known: set the policy property `prometheus`, or the setting worker.prometheus' };
  const asked = new URL('api/v1/query', url.endsWith('/') ? url : `${url}/`);
  asked.searchParams.set('query', expressionOf(deployment, query));
  const headers = takeCredentials(asked);
  const response = await fetch(asked, { headers, signal: AbortSignal.timeout(PATIENCE_MS) }).catch((error: Error) => {
    throw ApplicationFailure.retryable(`${asked.host} does not answer: ${reasonOf(error)}`, 'PrometheusUnreachable');
  });
  const text = await response.text();
  if (response.status === 401 || response.status === 403)
    return { error: `${asked.host} refuses the login: give user and password in its address, http://USER:PASSWORD@…` };
  if (response.status >= 500) throw ApplicationFailure.retryable(`${asked.host} answers with ${response.status}`);
  return read(text, response.status);
}

/** Diamond's names, by which existing blueprints call metrics, in terms of the node exporter. */
const DIAMOND: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['user', 'system', 'idle', 'iowait', 'steal', 'nice'].map((mode) => [
      `cpu.total.${mode}`,
      `avg by (node_instance) (rate(node_cpu_seconds_total{mode="${mode}",$deployment}[2m])) * 100`,
    ]),
  ),
  'loadavg.01': 'node_load1{$deployment}',
  'loadavg.05': 'node_load5{$deployment}',
  'loadavg.15': 'node_load15{$deployment}',
  'memory.MemTotal': 'node_memory_MemTotal_bytes{$deployment} / 1024',
  'memory.MemFree': 'node_memory_MemFree_bytes{$deployment} / 1024',
  'memory.MemAvailable': 'node_memory_MemAvailable_bytes{$deployment} / 1024',
};

/** `$deployment` in an expression stands for the label matcher of the deployment. */
export function expressionOf(deployment: string, query: string | undefined): string {
  const matcher = `deployment=${JSON.stringify(deployment)}`;
  if (query === undefined) return `min by (node_instance) (up{${matcher}})`;
  const known = DIAMOND[query] ?? (/^[A-Za-z_:][\w:]*$/.test(query) ? `${query}{$deployment}` : query);
  return known.replaceAll('$deployment', matcher);
}

interface Sample {
  readonly metric?: Readonly<Record<string, string>>;
  readonly value?: readonly [number, string];
}

function read(text: string, status: number): MetricAnswers {
  let document: {
    readonly status?: string;
    readonly error?: string;
    readonly data?: { readonly resultType?: string; readonly result?: unknown };
  };
  try {
    document = JSON.parse(text);
  } catch {
    return { error: `not the answer of a Prometheus (status ${status})` };
  }
  if (document.status !== 'success') return { error: `Prometheus refuses the query: ${document.error ?? status}` };
  const { resultType, result } = document.data ?? {};
  if (resultType === 'scalar') return { overall: Number((result as readonly unknown[])[1]) };
  const values: Record<string, number> = {};
  let overall: number | undefined;
  for (const { metric, value } of (result ?? []) as readonly Sample[]) {
    const number = Number(value?.[1]);
    const instance = metric?.node_instance;
    if (Number.isNaN(number)) continue;
    if (instance === undefined) overall = number;
    // Several values of one instance: a policy is about the highest.
    else values[instance] = Math.max(values[instance] ?? Number.NEGATIVE_INFINITY, number);
  }
  return { values, ...(overall === undefined ? {} : { overall }) };
}

function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error && cause.message !== '' ? cause.message : message;
}
