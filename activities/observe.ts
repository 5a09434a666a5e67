/**
 * Telling those who measure what a worker does. Nobody measures by default, and then nothing here is between Temporal and
 * an operation.
 */
import { ApplicationFailure, activityInfo, CancelledFailure, Context } from '@temporalio/activity';
import type { SaveSnapshotRequest } from './journal.js';
import type { OperationFailureDetails, OperationRequest, OperationResult } from './request.js';

/**
 * How an attempt ended. `retried`: it failed, or asked for it, and is run again; `waiting`: what it waits for is not so yet;
 * `failed`: for good; `released`: the worker is shut down, another one runs it again.
 */
export type AttemptOutcome = 'succeeded' | 'retried' | 'waiting' | 'failed' | 'cancelled' | 'released';

/** One attempt of one operation. */
export interface AttemptView {
  readonly plugin: string;
  /** Activity type: `docker.container.create`. */
  readonly type: string;
  readonly request: OperationRequest;
  /** Temporal's number of the attempt, from 1: lost workers count. */
  readonly attempt: number;
  readonly activity_id: string;
  readonly run_id: string;
  /** Milliseconds. */
  readonly scheduled_at: number;
  readonly started_at: number;
}

export interface AttemptEnd {
  readonly outcome: AttemptOutcome;
  /** Milliseconds. */
  readonly ended_at: number;
  /** Business retries before it, where it failed. */
  readonly retry_number?: number;
  /** Without secrets. */
  readonly error?: { readonly type: string; readonly message: string };
}

export interface Observer {
  attemptBegins?(attempt: AttemptView): void;
  attemptEnded?(attempt: AttemptView, end: AttemptEnd): void;
  executionEnded?(execution: SaveSnapshotRequest): void;
  /** What goes with the attempt to whatever it calls: a W3C trace context. */
  traceparentOf?(attempt: AttemptView): string | undefined;
}

type Run = (request: OperationRequest, traceparent?: string) => Promise<OperationResult>;

/** The same operation, watched. */
export function observedOperation(
  type: string,
  run: Run,
  observers: readonly Observer[],
): (request: OperationRequest) => Promise<OperationResult> {
  const plugin = type.slice(0, type.indexOf('.'));
  return async (request) => {
    const info = activityInfo();
    const attempt: AttemptView = {
      plugin,
      type,
      request,
      attempt: info.attempt,
      activity_id: info.activityId,
      run_id: info.workflowExecution?.runId ?? '',
      scheduled_at: info.scheduledTimestampMs,
      started_at: Date.now(),
    };
    for (const observer of observers) observer.attemptBegins?.(attempt);
    const ended = (end: Omit<AttemptEnd, 'ended_at'>): void => {
      for (const observer of observers) observer.attemptEnded?.(attempt, { ...end, ended_at: Date.now() });
    };
    try {
      const result = await run(request, observers.map((one) => one.traceparentOf?.(attempt)).find(Boolean));
      ended({ outcome: 'succeeded' });
      return result;
    } catch (error) {
      ended(endOf(error));
      throw error;
    }
  };
}

function endOf(error: unknown): Omit<AttemptEnd, 'ended_at'> {
  if (error instanceof CancelledFailure)
    return { outcome: Context.current().cancellationDetails?.workerShutdown ? 'released' : 'cancelled' };
  if (!(error instanceof ApplicationFailure))
    return { outcome: 'retried', error: { type: (error as Error).name, message: (error as Error).message } };
  if (error.type === 'NotYet') return { outcome: 'waiting' };
  if (error.type === 'WorkerShutdown' || error.type === 'ServedElsewhere') return { outcome: 'released' };
  const details = error.details?.[0] as OperationFailureDetails | undefined;
  return {
    outcome: error.nonRetryable ? 'failed' : 'retried',
    error: { type: error.type ?? 'Error', message: error.message },
    ...(details?.retry_number === undefined ? {} : { retry_number: details.retry_number }),
  };
}
