/**
 * Caisson's own metrics, beside those of Temporal's SDK on the same endpoint: operations as this worker ran them, and how
 * many executions and node instances there are, as Temporal tells (every worker tells the same of these).
 */
import { Client, type ConnectionLike } from '@temporalio/client';
import type { DataConverter, MetricMeter } from '@temporalio/common';
import { listedWorkflows } from '../activities/listed-workflows.js';
import type { Observer } from '../activities/observe.js';
import { EXISTING_DEPLOYMENTS } from '../workflows/messages.js';

export function operationMetrics(meter: MetricMeter): Observer {
  const operations = meter.createCounter(
    'caisson_operations_total',
    undefined,
    'Attempts of operations that ended, by outcome',
  );
  const durations = meter.createHistogram(
    'caisson_operation_duration_seconds',
    'float',
    undefined,
    'Seconds that attempts of operations took',
  );
  const running = meter.createGauge('caisson_operations_running', 'int', undefined, 'Operations that run now');
  const lost = meter.createCounter(
    'caisson_operations_resumed_total',
    undefined,
    'Operations that were begun again by this worker, whatever ended their last attempt',
  );
  const executions = meter.createCounter('caisson_executions_ended_total', undefined, 'Executions that ended');
  // Prometheus knows no increase of what was not there before: the first failure would be none.
  for (const [started_by, workflows] of Object.entries(USUAL))
    for (const workflow of workflows)
      for (const outcome of ['completed', 'failed', 'cancelled']) executions.add(0, { workflow, outcome, started_by });
  const counts = new Map<string, number>();
  const count = (plugin: string, change: number): void => {
    const now = (counts.get(plugin) ?? 0) + change;
    counts.set(plugin, now);
    running.set(now, { plugin });
  };
  return {
    attemptBegins({ plugin, type, attempt }) {
      count(plugin, 1);
      if (attempt > 1) lost.add(1, { plugin, operation: type });
    },
    attemptEnded({ plugin, type, started_at }, { outcome, ended_at }) {
      count(plugin, -1);
      const tags = { plugin, operation: type, outcome };
      operations.add(1, tags);
      durations.record((ended_at - started_at) / 1_000, tags);
    },
    executionEnded({ workflow_id, outcome, cause }) {
      const started_by = cause ? 'policy' : 'request';
      executions.add(1, { workflow: workflow_id ?? 'unknown', outcome: told(outcome), started_by });
    },
  };
}

/** Workflows that end on most workers some day, by who starts them. */
const USUAL = { request: ['install', 'uninstall', 'update', 'heal', 'scale'], policy: ['heal', 'scale'] };

const told = (outcome: string): string => (outcome === 'terminated' ? 'completed' : outcome);

/** Temporal's words for how a workflow stands, in Caisson's. */
const STATUSES = {
  Running: 'running',
  Completed: 'completed',
  Failed: 'failed',
  Canceled: 'cancelled',
  Terminated: 'killed',
  TimedOut: 'timed_out',
} as const;

export interface CensusOptions {
  readonly connection: ConnectionLike;
  readonly namespace: string;
  readonly dataConverter: DataConverter;
  readonly meter: MetricMeter;
  /** Told once of what keeps it from counting, until it counts again. */
  readonly onFailure: (error: unknown) => void;
}

const CENSUS_MS = 15_000;

/** Counts again and again what there is in the namespace. @returns what stops it */
export function takeCensus({ connection, namespace, dataConverter, meter, onFailure }: CensusOptions): () => void {
  const client = new Client({ connection, namespace, dataConverter });
  const executions = meter.createGauge('caisson_executions', 'int', undefined, 'Executions that Temporal keeps');
  const deployments = meter.createGauge('caisson_deployments', 'int', undefined, 'Deployments that there are');
  const instances = meter.createGauge(
    'caisson_node_instances',
    'int',
    undefined,
    'Node instances, as the last execution of their deployment left them',
  );
  const states = new Set<string>();
  let failing = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  async function count(): Promise<void> {
    const { groups } = await client.workflow.count("WorkflowId STARTS_WITH 'execution/' GROUP BY ExecutionStatus");
    const byStatus = new Map(groups.map(({ groupValues, count: number }) => [String(groupValues[0]), number]));
    for (const [status, name] of Object.entries(STATUSES)) executions.set(byStatus.get(status) ?? 0, { status: name });
    const byState: Record<string, number> = Object.fromEntries([...states].map((state) => [state, 0]));
    let open = 0;
    for await (const { memo } of listedWorkflows(client, EXISTING_DEPLOYMENTS)) {
      open += 1;
      const told = memo?.instances as Readonly<Record<string, number>> | undefined;
      for (const [state, number] of Object.entries(told ?? {})) byState[state] = (byState[state] ?? 0) + number;
    }
    deployments.set(open);
    for (const [state, number] of Object.entries(byState)) {
      states.add(state);
      instances.set(number, { state });
    }
  }

  async function round(): Promise<void> {
    try {
      await count();
      failing = false;
    } catch (error) {
      if (!failing && !stopped) onFailure(error);
      failing = true;
    }
    if (!stopped) timer = setTimeout(() => void round(), CENSUS_MS);
    timer?.unref();
  }

  void round();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
