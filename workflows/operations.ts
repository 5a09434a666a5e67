/** One operation = one activity: its request, its name, its options, and what its failure means. */
import {
  ActivityCancellationType,
  ActivityFailure,
  type ActivityOptions,
  ApplicationFailure,
  createEventGroup,
  isCancellation,
  proxyActivities,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { OperationFailureDetails, OperationRequest, OperationResult } from '../activities/request.js';
import type { Operation } from '../blueprint/plan.js';
import type { OperationCall } from '../graph/steps.js';
import type { ExecutionState } from './execution-state.js';
import {
  AGENT_PATIENCE,
  AGENT_ROUNDS,
  agentFor,
  endsAgent,
  type HostAgent,
  isOfAgent,
  lostAgent,
} from './host-agent.js';
import { type LeanRequest, leanRequest } from './lean-request.js';
import type { FailedOperation, RunningOperation } from './messages.js';
import { packed } from './packed-snapshot.js';
import { operationOf, requestFor } from './request.js';

/** A worker that does not beat for this long is taken for lost, and the operation is run again elsewhere. */
const HEARTBEAT_TIMEOUT = 10_000;
/** The longest an attempt may take when the operation names no timeout of its own. */
const LONGEST_ATTEMPT = 7 * 86_400_000;

type OperationActivity = (request: OperationRequest | LeanRequest) => Promise<OperationResult>;

export type OperationOutcome =
  | { readonly kind: 'succeeded'; readonly result: OperationResult }
  | { readonly kind: 'cancelled' }
  | {
      readonly kind: 'failed';
      readonly failure: FailedOperation;
      readonly details: OperationFailureDetails | undefined;
    };

/** Runs one operation to its end: success, cancel, or a failure that no retry is left for. */
export function callOperation(
  state: ExecutionState,
  call: OperationCall,
  view: RunningOperation,
  end: {
    readonly ended: (outcome: OperationOutcome) => void;
    /** Told of what is no failure of the operation's: a bug of ours. */
    readonly broken: (error: unknown) => void;
  },
): void {
  const operation = operationOf(state, call);
  const failed = (error: unknown): void => {
    if (isCancellation(error)) end.ended({ kind: 'cancelled' });
    else if (error instanceof ActivityFailure) end.ended(failureOf(view, maxRetriesOf(state, operation), error.cause));
    // Its inputs could not be evaluated: the operation has failed before it began.
    else if (error instanceof ApplicationFailure) end.ended(failureOf(view, maxRetriesOf(state, operation), error));
    else end.broken(error);
  };
  const host = agentFor(state, call, operation);
  let begunBefore = false;
  const attempt = (round: number): void => {
    try {
      const agent = host && { ...host, begunBefore };
      schedule(state, call, view, operation, agent).then(
        (result) => end.ended({ kind: 'succeeded', result }),
        (error: unknown) => {
          const lost = host && lostAgent(error);
          if (!lost) return failed(error);
          if (endsAgent(operation)) return end.ended({ kind: 'succeeded', result: {} });
          begunBefore ||= lost.begun;
          const last = isOfAgent(operation) || round === AGENT_ROUNDS;
          const text = `the agent of host ${host.id}${host.address} does not answer: no worker serves ${host.queue}`;
          if (round === 1) state.note('agent_lost', last ? text : `${text}; waiting for it`, host.id, call);
          if (last) failed(ApplicationFailure.nonRetryable(`${text}. See: caisson agents list`, 'AgentLost'));
          else attempt(round + 1);
        },
      );
    } catch (error) {
      // Asynchronous even so: who begins an operation is not told of its end before that.
      void Promise.resolve().then(() => failed(error));
    }
  };
  attempt(1);
}

function schedule(
  state: ExecutionState,
  call: OperationCall,
  view: RunningOperation,
  operation: Operation,
  agent: (HostAgent & { readonly begunBefore: boolean }) | undefined,
): Promise<OperationResult> {
  const activities = proxyActivities<Record<string, OperationActivity>>({
    ...optionsOf(state, operation),
    ...(agent ? { taskQueue: agent.queue, scheduleToStartTimeout: AGENT_PATIENCE } : {}),
  });
  const activity = activities[operation.activity ?? view.implementation] as (typeof activities)[string];
  const { relationship } = call;
  const subject = relationship ? `${relationship.source_id} → ${relationship.target_id}` : call.instance_id;
  return activity.executeWithOptions(
    {
      summary: `${subject} · ${shortName(call.operation)}`,
      activityId: view.activity_id,
      eventGroups: [createEventGroup(call.instance_id, { id: call.instance_id })],
    },
    [agent?.begunBefore ? begunBefore(state, call, view.task_id) : wireRequest(state, call, view.task_id)],
  );
}

/** What a worker can read at the begin of the run is not said again, as long as it holds. */
function wireRequest(state: ExecutionState, call: OperationCall, taskId: string): OperationRequest | LeanRequest {
  return state.modelReplaced ? packed(requestFor(state, call, taskId)) : leanRequest(state, call, taskId);
}

function begunBefore(state: ExecutionState, call: OperationCall, taskId: string): OperationRequest {
  return packed({ ...requestFor(state, call, taskId), begun_before: true });
}

function maxRetriesOf(state: ExecutionState, operation: Operation): number {
  return operation.max_retries ?? state.options.max_retries;
}

export function shortName(operation: string): string {
  return operation.slice(operation.lastIndexOf('.') + 1);
}

function optionsOf(state: ExecutionState, operation: Operation): ActivityOptions {
  const interval = operation.retry_interval ?? state.options.retry_interval;
  const milliseconds = interval === null ? undefined : Math.max(1, Math.round(interval * 1_000));
  return {
    // The runtime ends an attempt at the operation's own timeout; the server's limit is for a runtime that cannot.
    startToCloseTimeout: operation.timeout ? (operation.timeout + 60) * 1_000 : LONGEST_ATTEMPT,
    heartbeatTimeout: HEARTBEAT_TIMEOUT,
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    // No maximum of attempts: the runtime counts retries, so that a lost worker is not charged to them.
    retry:
      milliseconds === undefined
        ? { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' }
        : { initialInterval: milliseconds, backoffCoefficient: 1, maximumInterval: milliseconds },
  };
}

/** A failure that no retry is left for. */
export function failureOf(view: RunningOperation, maxRetries: number, cause: Error | undefined): OperationOutcome {
  const details =
    cause instanceof ApplicationFailure ? (cause.details?.[0] as OperationFailureDetails | undefined) : undefined;
  return {
    kind: 'failed',
    details,
    failure: {
      node_instance_id: view.node_instance_id,
      operation: view.operation,
      implementation: view.implementation,
      ...(view.source_id === undefined ? {} : { source_id: view.source_id }),
      ...(view.target_id === undefined ? {} : { target_id: view.target_id }),
      error_type: cause instanceof ApplicationFailure ? (cause.type ?? 'Error') : (cause?.name ?? 'Error'),
      message:
        cause instanceof TimeoutFailure ? `timed out: ${cause.timeoutType}` : (cause?.message ?? 'unknown failure'),
      attempt: (details?.retry_number ?? 0) + 1,
      attempts: maxRetries < 0 ? null : maxRetries + 1,
      recoverable: details?.recoverable ?? false,
      ...(details?.exit_code === undefined ? {} : { exit_code: details.exit_code }),
      ...(details?.stderr === undefined ? {} : { stderr: details.stderr }),
    },
  };
}
