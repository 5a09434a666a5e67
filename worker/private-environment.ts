/** What a worker keeps to itself: operations run in its environment and must not find its keys there. */

type Environment = Record<string, string | undefined>;

const PRIVATE =
  /^(CAISSON_SECRETS?_|CAISSON_ENCRYPTION_|CAISSON_S3_SECRET_|TEMPORAL_API_KEY$|TEMPORAL_GRPC_META_|TEMPORAL_TLS_.*_DATA$|OTEL_EXPORTER_OTLP_(TRACES_)?HEADERS$|CAISSON_WORKER_PROMETHEUS$|VAULT_TOKEN$|VAULT_(ROLE|SECRET)_ID$)/;

/**
 * Takes keys and secrets out of an environment.
 *
 * @returns the environment as it was, for the worker's own use
 */
export function takePrivate(environment: Environment): Readonly<Environment> {
  const whole = { ...environment };
  for (const name of Object.keys(environment)) if (PRIVATE.test(name)) delete environment[name];
  return whole;
}
