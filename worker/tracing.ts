/**
 * Traces: one for each execution, with a span for each attempt of each operation.
 *
 * Nothing of it is in workflow code. Ids are made of what Temporal knows an execution and an attempt by, so that each worker
 * finds the trace that an attempt belongs to by itself, replay makes no span, and one that is sent twice because a worker
 * died in between has the same id.
 */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { SaveSnapshotRequest } from '../activities/journal.js';
import type { AttemptEnd, AttemptView, Observer } from '../activities/observe.js';
import { executionWorkflowId } from '../workflows/messages.js';
import { POLICY_CHECKS } from '../workflows/policies/messages.js';
import { type Exporter, exporterTo } from './otlp/exporter.js';
import { type Environment, otlpSettings } from './otlp/settings.js';
import type { AttributeValue, Span } from './otlp/span.js';

export interface TracingOptions {
  readonly namespace: string;
  readonly onFailure: (reason: string) => void;
}

export interface Tracer {
  readonly observer: Observer;
  close(): Promise<void>;
}

/** Undefined when the variables cannot be followed, which is told. */
export function startTracing(environment: Environment, options: TracingOptions): Tracer | undefined {
  const { namespace, onFailure } = options;
  let exporter: Exporter;
  let ratio: number;
  try {
    const settings = otlpSettings(environment);
    const resource = { 'host.name': hostname(), 'process.pid': String(process.pid), ...settings.resource };
    ratio = settings.ratio;
    exporter = exporterTo({ ...settings, resource }, { name: 'caisson', version: '' }, onFailure);
  } catch (error) {
    onFailure((error as Error).message);
    return undefined;
  }
  const add = (span: Span): void => {
    if (isKept(span.traceId, ratio)) exporter.add(span);
  };
  return {
    observer: {
      attemptEnded(attempt, end) {
        // Checks of policies come every few seconds and belong to no execution: those that fail are worth a trace.
        const isWell = attempt.request.execution.id === POLICY_CHECKS && end.outcome === 'succeeded';
        if (!isWell) add(attemptSpan(namespace, attempt, end));
      },
      executionEnded: (execution) => add(executionSpan(namespace, execution)),
      traceparentOf(attempt) {
        const { traceId, spanId } = attemptIds(namespace, attempt);
        return `00-${traceId}-${spanId}-${isKept(traceId, ratio) ? '01' : '00'}`;
      },
    },
    close: async () => await exporter.close(),
  };
}

export function attemptSpan(namespace: string, attempt: AttemptView, end: AttemptEnd): Span {
  const { type, plugin, started_at } = attempt;
  const { execution, deployment, operation, instance_id, source_id, target_id, snapshot, task_id } = attempt.request;
  const subject = source_id === undefined ? (instance_id ?? deployment.id) : `${source_id} → ${target_id}`;
  const shortName = operation.name.slice(operation.name.lastIndexOf('.') + 1);
  const attributes = {
    'caisson.deployment': deployment.id,
    'caisson.execution': execution.id,
    'caisson.workflow': execution.workflow_id,
    'caisson.operation': operation.name,
    'caisson.implementation': operation.implementation ?? type,
    'caisson.plugin': plugin,
    'caisson.task': task_id,
    'caisson.attempt': attempt.attempt,
    'caisson.outcome': end.outcome,
    'caisson.queue_ms': Math.max(0, started_at - attempt.scheduled_at),
    ...given('caisson.node_instance', instance_id),
    ...given('caisson.node', instance_id === undefined ? undefined : snapshot.instances[instance_id]?.node_id),
    ...given('caisson.source', source_id),
    ...given('caisson.target', target_id),
    ...given('caisson.retry', end.retry_number),
    ...given('error.type', end.error?.type),
    'temporal.activity_id': attempt.activity_id,
    'temporal.run_id': attempt.run_id,
  };
  return {
    ...attemptIds(namespace, attempt),
    name: `${subject} · ${shortName}`,
    start: started_at,
    end: end.ended_at,
    attributes,
    ...(end.error ? { error: end.error.message } : {}),
  };
}

function attemptIds(namespace: string, { request, ...attempt }: AttemptView) {
  const { execution, deployment } = request;
  const own = `${attempt.run_id} ${attempt.activity_id} ${attempt.scheduled_at} ${attempt.attempt}`;
  const spanId = digits(16, namespace, own);
  if (execution.id === POLICY_CHECKS) return { traceId: digits(32, namespace, own), spanId };
  const parent = idsOf(namespace, deployment.id, execution.id);
  return { traceId: parent.traceId, parentSpanId: parent.spanId, spanId };
}

export function executionSpan(namespace: string, execution: SaveSnapshotRequest): Span {
  const { deployment_id, execution_id, workflow_id, outcome, started_at, ended_at, error, resume_of, cause } =
    execution;
  const end = ended_at ? Date.parse(ended_at) : Date.now();
  const states: Record<string, number> = {};
  for (const { state } of execution.instances) states[state] = (states[state] ?? 0) + 1;
  const failed = outcome === 'failed' ? { error: error ?? 'failed' } : {};
  return {
    ...idsOf(namespace, deployment_id, execution_id),
    name: `${workflow_id} ${deployment_id}`,
    start: started_at ? Date.parse(started_at) : end,
    end,
    attributes: {
      'caisson.deployment': deployment_id,
      'caisson.execution': execution_id,
      ...given('caisson.workflow', workflow_id),
      'caisson.outcome': outcome === 'terminated' ? 'completed' : outcome,
      ...Object.fromEntries(Object.entries(states).map(([state, count]) => [`caisson.instances.${state}`, count])),
      ...given('caisson.policy', cause ? `${cause.group}/${cause.policy}` : undefined),
      ...given('caisson.policy.reason', cause?.reason),
      'temporal.workflow_id': executionWorkflowId(deployment_id, execution_id),
      'temporal.namespace': namespace,
    },
    ...(resume_of ? { links: [idsOf(namespace, deployment_id, resume_of)] } : {}),
    ...failed,
  };
}

/** Of the span of an execution, which begins its trace. */
function idsOf(namespace: string, deployment: string, execution: string) {
  const workflow = executionWorkflowId(deployment, execution);
  return { traceId: digits(32, namespace, workflow), spanId: digits(16, namespace, workflow) };
}

function digits(count: number, ...parts: readonly string[]): string {
  return createHash('sha256')
    .update(`${count} ${parts.join(' ')}`)
    .digest('hex')
    .slice(0, count);
}

/** By the trace's id: all of its spans, on all workers, or none. */
function isKept(traceId: string, ratio: number): boolean {
  return ratio >= 1 || Number.parseInt(traceId.slice(0, 8), 16) / 0x1_0000_0000 < ratio;
}

function given(name: string, value: AttributeValue | undefined): Record<string, AttributeValue> {
  return value === undefined ? {} : { [name]: value };
}
