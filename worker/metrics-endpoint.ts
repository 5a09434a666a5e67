/** Where a worker serves its metrics, and in which steps it counts durations. Metrics themselves are in metrics.ts. */
import type { PrometheusMetricsExporter } from '@temporalio/worker';

/** Seconds. */
const STEPS = [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1_800, 3_600];

/** @param setting HOST:PORT; a port alone is one of the loopback address */
export function metricsEndpoint(setting: string): PrometheusMetricsExporter {
  return {
    prometheus: {
      bindAddress: /^\d+$/.test(setting) ? `127.0.0.1:${setting}` : setting,
      histogramBucketOverrides: { caisson_operation_duration_seconds: STEPS },
    },
  };
}
