/** How an execution runs, as flags say it. */
import { DEFAULT_OPTIONS, type ExecutionOptions, LEGACY_OPTIONS } from '../workflows/messages.js';
import { parseDuration } from './duration.js';
import { usageError } from './errors.js';

/** Flags by their names; absent ones have the defaults. */
export interface ExecutionFlags {
  readonly maxRetries?: string | undefined;
  readonly retryInterval?: string | undefined;
  readonly subgraphRetries?: string | undefined;
  readonly onFailure?: string | undefined;
  /** How long after the first failure other branches may still begin something, e.g. `10m`. */
  readonly waitAfterFail?: string | undefined;
  readonly maxInFlight?: string | undefined;
  /** How long the execution may take, e.g. `2h`. */
  readonly executionTimeout?: string | undefined;
  readonly legacy?: boolean | undefined;
  readonly dryRun?: boolean | undefined;
}

/** @throws CaissonError (usage) for a flag that is no number, or out of its range */
export function executionOptions(flags: ExecutionFlags): ExecutionOptions {
  const base = flags.legacy ? LEGACY_OPTIONS : DEFAULT_OPTIONS;
  const interval = numberOf('--retry-interval', flags.retryInterval, 0);
  return {
    ...base,
    max_retries: integerOf('--max-retries', flags.maxRetries, -1) ?? base.max_retries,
    retry_interval: interval ?? base.retry_interval,
    subgraph_retries: integerOf('--subgraph-retries', flags.subgraphRetries, -1) ?? base.subgraph_retries,
    on_failure: policyOf(flags.onFailure) ?? base.on_failure,
    max_in_flight: integerOf('--max-in-flight', flags.maxInFlight, 1) ?? base.max_in_flight,
    dry_run: flags.dryRun === true,
    ...(flags.waitAfterFail === undefined
      ? {}
      : { wait_after_fail: parseDuration(flags.waitAfterFail, '--wait-after-fail') / 1_000 }),
    ...(flags.executionTimeout === undefined
      ? {}
      : { timeout: parseDuration(flags.executionTimeout, '--execution-timeout') / 1_000 }),
  };
}

function policyOf(text: string | undefined): ExecutionOptions['on_failure'] | undefined {
  if (text === undefined || text === 'drain' || text === 'rollback' || text === 'continue') return text;
  throw usageError(`--on-failure must be drain, rollback or continue, not ${text}`);
}

function integerOf(flag: string, text: string | undefined, least: number): number | undefined {
  const value = numberOf(flag, text, least);
  if (value !== undefined && !Number.isInteger(value)) throw usageError(`${flag} must be a whole number, not ${text}`);
  return value;
}

function numberOf(flag: string, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < least)
    throw usageError(`${flag} must be a number from ${least} up, not ${text}`);
  return value;
}
