/** Following an execution to its end, however often worker, server or this client are gone in between. */
import { isGrpcServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { type ExecutionRecord, executionWorkflowId, type ProgressView, progressQuery } from '../workflows/messages.js';
import { ask } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { CaissonError } from './errors.js';
import { EventReader, type ExecutionEvent } from './events/reader.js';
import { type ExecutionReference, getExecution, isEnded, settledExecution } from './executions.js';

/** What Temporal knows of an operation that is running or waits for its next attempt. */
export interface PendingOperation {
  readonly activity_id: string;
  /** From 1. Counts lost workers too. */
  readonly attempt: number;
  /** Why the attempt before failed. */
  readonly last_failure?: string;
  /** When the next attempt begins; absent while one runs. RFC 3339. */
  readonly next_attempt_at?: string;
}

/** What has happened since the last one. */
export type WatchUpdate =
  | { readonly kind: 'events'; readonly events: readonly ExecutionEvent[] }
  | { readonly kind: 'progress'; readonly progress: ProgressView; readonly pending: readonly PendingOperation[] }
  /** Nobody answers for now; watching goes on. */
  | { readonly kind: 'silence'; readonly reason: string }
  | { readonly kind: 'ended'; readonly record: ExecutionRecord };

/** How an execution is watched. */
export interface WatchOptions {
  /** Ends the watching, not the execution. */
  readonly signal?: AbortSignal;
  /** Milliseconds between looks. @default 250 */
  readonly interval?: number;
  readonly events?: boolean;
  readonly progress?: boolean;
}

/**
 * Yields what happens in an execution from its begin to its end, then `ended`.
 *
 * @example for await (const update of watchExecution(connection, { deployment_id: 'shop', id })) …
 */
export async function* watchExecution(
  connection: CaissonConnection,
  reference: ExecutionReference,
  { signal, interval = 250, events = true, progress = true }: WatchOptions = {},
): AsyncGenerator<WatchUpdate> {
  const reader = new EventReader(connection, reference);
  let over = false;
  let closed = () => {};
  const closing = new Promise<void>((resolve) => {
    closed = resolve;
  });
  void waitForEnd(connection, reference, signal).then(() => {
    over = true;
    closed();
  });
  // The stack's keeper may have died too: then it is up to us.
  const keeping = setInterval(() => void connection.keepUp().catch(() => undefined), 1_000);
  try {
    yield* looks();
  } finally {
    clearInterval(keeping);
  }

  async function* looks(): AsyncGenerator<WatchUpdate> {
    while (!signal?.aborted) {
      const last = over;
      try {
        // A queued execution has no run to be asked yet.
        if (progress && !last) yield await look(connection, reference);
        if (events) {
          const found = await reader.next();
          if (found.length > 0) yield { kind: 'events', events: found };
        }
      } catch (error) {
        if (!isPassing(error)) throw error;
        yield { kind: 'silence', reason: (error as Error).message };
      }
      if (last) {
        yield { kind: 'ended', record: await settledExecution(connection, reference) };
        return;
      }
      await Promise.race([closing, pause(interval, signal)]);
    }
  }
}

async function look(connection: CaissonConnection, { deployment_id, id }: ExecutionReference): Promise<WatchUpdate> {
  const workflowId = executionWorkflowId(deployment_id, id);
  const [progress, description] = await Promise.all([
    ask(connection, workflowId, progressQuery, [], () => undefined),
    connection.client.workflow.getHandle(workflowId).describe(),
  ]);
  const pending = (description.raw.pendingActivities ?? []).map((activity): PendingOperation => {
    const next = activity.nextAttemptScheduleTime ?? (activity.state === 1 ? activity.scheduledTime : undefined);
    const waits = (activity.attempt ?? 1) > 1 && activity.state === 1 && next;
    return {
      activity_id: activity.activityId ?? '',
      attempt: activity.attempt ?? 1,
      ...(activity.lastFailure?.message ? { last_failure: activity.lastFailure.message } : {}),
      ...(waits ? { next_attempt_at: new Date(Number(next.seconds ?? 0) * 1_000).toISOString() } : {}),
    };
  });
  return { kind: 'progress', progress, pending };
}

/** Resolves when the deployment says that it has ended, or the run itself is closed. Outlives silence. */
async function waitForEnd(
  connection: CaissonConnection,
  reference: ExecutionReference,
  signal: AbortSignal | undefined,
): Promise<void> {
  const handle = connection.client.workflow.getHandle(executionWorkflowId(reference.deployment_id, reference.id));
  while (!signal?.aborted) {
    try {
      // Long polls; whatever the result is, the record tells it better.
      await handle.result();
      return;
    } catch (error) {
      if (!isPassing(error) && !(error instanceof WorkflowNotFoundError)) return;
      const record = await getExecution(connection, reference).catch(() => undefined);
      if (record && isEnded(record)) return;
      await pause(500, signal);
    }
  }
}

/** A server that restarts, a worker that is replaced, a run that has not begun: it will be different soon. */
function isPassing(error: unknown): boolean {
  if (error instanceof CaissonError) return error.kind === 'unreachable';
  if (error instanceof WorkflowNotFoundError) return true;
  return isGrpcServiceError(error) || isGrpcServiceError((error as Error)?.cause);
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
