/** Who measures what this worker does: metrics and traces, each only where it is asked for. */
import type { DataConverter } from '@temporalio/common';
import { type NativeConnection, Runtime } from '@temporalio/worker';
import type { Observer } from '../activities/observe.js';
import type { Settings } from '../client/settings.js';
import type { WorkerLog } from './log.js';
import { tracesWanted } from './otlp/settings.js';

export interface Watching {
  /** Empty when nothing is asked for. */
  readonly observers: readonly Observer[];
  /** Counts what there is in the namespace. @returns what stops it */
  count(connection: NativeConnection, namespace: string, dataConverter: DataConverter): () => void;
  /** Sends what is left to send. */
  close(): Promise<void>;
}

export interface WatchOptions {
  readonly settings: Settings;
  readonly log: WorkerLog;
  /** With keys and secrets: the variables of OpenTelemetry may hold some. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export async function watch({ settings, log, environment }: WatchOptions): Promise<Watching> {
  const metrics = settings.worker.metrics === undefined ? undefined : await import('./metrics.js');
  const tracing = tracesWanted(environment) ? await import('./tracing.js') : undefined;
  const tracer = tracing?.startTracing(environment, {
    namespace: settings.connection.namespace,
    onFailure: (reason) => log.warn('traces cannot be exported', { reason }),
  });
  const meter = Runtime.instance().metricMeter;
  return {
    observers: [...(metrics ? [metrics.operationMetrics(meter)] : []), ...(tracer ? [tracer.observer] : [])],
    count(connection, namespace, dataConverter) {
      if (!metrics) return () => undefined;
      const onFailure = (error: unknown): void =>
        log.warn('executions and instances cannot be counted for the metrics', { error });
      return metrics.takeCensus({ connection, namespace, dataConverter, meter, onFailure });
    },
    close: async () => await tracer?.close(),
  };
}
