/** The one place where what a plugin threw becomes what Temporal understands. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import { type ErrorCause, errorKind, ProcessException } from '../plugins/sdk/errors.js';
import type { OperationFailureDetails, OperationRequest, Patches } from './request.js';

/** Last part of a script's stderr that travels with the failure; all of it is in the log. */
const MOST_STDERR = 2_000;

export interface FailureContext {
  readonly request: OperationRequest;
  /** Business retries before this attempt. */
  readonly retryNumber: number;
  readonly patches: Patches;
}

export interface ClassifiedFailure {
  readonly failure: ApplicationFailure;
  /** Temporal will run the operation again. */
  readonly retried: boolean;
  /** It asked to be run again, rather than failed. */
  readonly rescheduled: boolean;
}

/** Whether the error is the cancellation of the attempt coming back out of the plugin. */
export function isCancelled(error: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return error === signal.reason || error instanceof CancelledFailure || (error as Error)?.name === 'AbortError';
}

export function toFailure(error: unknown, { request, retryNumber, patches }: FailureContext): ClassifiedFailure {
  const kind = errorKind(error) ?? 'recoverable';
  const { max_retries } = request.operation;
  const recoverable = kind !== 'non-recoverable';
  const again = kind === 'retry' || request.operation.no_retries !== true;
  const retried = recoverable && again && (max_retries < 0 || retryNumber < max_retries);
  const thrown = error instanceof Error ? error : new Error(String(error));
  const retryAfter = recoverable ? secondsOf((error as { retryAfter?: unknown }).retryAfter) : undefined;
  const details: OperationFailureDetails = {
    retry_number: retryNumber,
    max_retries,
    recoverable,
    ...(kind === 'retry' && !retried ? { asked_again: true } : {}),
    ...(Object.keys(patches).length > 0 ? { patches } : {}),
    ...causesOf(thrown),
    ...processOf(thrown),
  };
  const failure = ApplicationFailure.create({
    message: thrown.message,
    type: thrown.name,
    nonRetryable: !retried,
    details: [details],
    ...(retried && retryAfter !== undefined ? { nextRetryDelay: Math.max(1, Math.round(retryAfter * 1_000)) } : {}),
  });
  return { failure, retried, rescheduled: kind === 'retry' };
}

/** What is no number of seconds would end the worker when the failure is written: it is left out. */
function secondsOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function causesOf(error: Error): Pick<OperationFailureDetails, 'causes'> {
  const causes = (error as { causes?: readonly ErrorCause[] }).causes ?? [];
  return causes.length > 0 ? { causes } : {};
}

function processOf(error: Error): Pick<OperationFailureDetails, 'exit_code' | 'stderr'> {
  if (!(error instanceof ProcessException) && error.name !== 'ProcessException') return {};
  const { exitCode, stderr } = error as ProcessException;
  return { exit_code: exitCode, stderr: stderr.slice(-MOST_STDERR) };
}
