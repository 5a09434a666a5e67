/**
 * One operation from its begin to its end, with all that the execution notes about it: used by walks, custom workflows
 * and workflow scripts alike.
 *
 * Each operation has a scope of its own, out of reach of the run's cancellation, so that it is this code that decides
 * what a cancel, or an operator's word on the one operation, does to it.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import type { Json, JsonObject } from '../blueprint/plan.js';
import type { OperationCall } from '../graph/steps.js';
import type { OperationDecision } from './control.js';
import { resultText, retryText, taskName } from './event-texts.js';
import type { ExecutionState, RunningTask } from './execution-state.js';
import type { FailedOperation, RunningOperation } from './messages.js';
import { OperationScope } from './operation-scope.js';
import { callOperation, failureOf, type OperationOutcome } from './operations.js';
import { implementationOf, operationOf, requestFor } from './request.js';
import { callKey, isWait, tellWaits, waitAs, waitFor } from './wait.js';

export type Performed =
  | { readonly kind: 'succeeded'; readonly result: Json | null }
  | { readonly kind: 'cancelled' }
  | {
      readonly kind: 'failed';
      readonly failure: FailedOperation;
      /** It had asked to be run again, and nothing of the budget is left. */
      readonly asked_again: boolean;
    };

export function perform(state: ExecutionState, call: OperationCall): Promise<Performed> {
  return new Promise((resolve, reject) => begin(state, call, { ended: resolve, broken: reject }));
}

/** Where the end of an operation goes. */
export interface End<T> {
  readonly ended: (how: T) => void;
  /** A bug of ours. */
  readonly broken: (error: unknown) => void;
}

/**
 * Begins an operation.
 *
 * It says how it ended by a call, not by a promise, here and below: Temporal's runtime notes for each promise where in the
 * code it was made, which costs more than all else that a walk does.
 */
export function begin(state: ExecutionState, call: OperationCall, end: End<Performed>): void {
  const task = beginTask(state, call);
  if (state.options.dry_run) {
    void Promise.resolve().then(() => end.ended(succeeded(state, task, null)));
    return;
  }
  state.running.set(task.view.task_id, task);
  const start = (settled: End<OperationOutcome>): void => startOperation(state, task, settled);
  decided(state, task, start, { ...end, ended: (outcome) => end.ended(concluded(state, task, outcome)) });
}

function concluded(state: ExecutionState, task: RunningTask, outcome: OperationOutcome): Performed {
  const { call } = task;
  state.running.delete(task.view.task_id);
  if (task.view.waiting) tellWaits(state);
  state.applied.add(task.view.task_id);
  if (outcome.kind === 'succeeded') {
    state.applyPatches(outcome.result.patches);
    state.succeeded(call);
    return succeeded(state, task, outcome.result.result ?? null, outcome.result.retry_number);
  }
  if (outcome.kind === 'cancelled') return outcome;
  state.applyPatches(outcome.details?.patches);
  const { failure } = outcome;
  const askedAgain = outcome.details?.asked_again === true;
  const became = askedAgain ? 'rescheduled' : 'failed';
  const retry = retryText(failure.attempt - 1, failure.attempts === null ? -1 : failure.attempts - 1);
  const text = `Task ${became} '${taskName(task.view.implementation)}' -> ${failure.message}${retry}`;
  state.note(`task_${became}`, text, call.instance_id, call);
  return { kind: 'failed', failure, asked_again: askedAgain };
}

/** A wait of a custom workflow, which belongs to no node instance. */
export async function performWait(
  state: ExecutionState,
  key: string,
  kind: string,
  inputs: JsonObject,
): Promise<Performed> {
  const suspended = state.takeSuspended(key);
  if (!suspended) state.taskCount += 1;
  const taskId = suspended?.task_id ?? `${state.id}/${state.taskCount}`;
  const task: RunningTask = {
    call: { key, instance_id: '', operation: `wait.${kind}` },
    view: {
      task_id: taskId,
      activity_id: taskId.slice(taskId.lastIndexOf('/') + 1),
      node_instance_id: '',
      operation: `wait.${kind}`,
      implementation: `wait.${kind}`,
      started_at: suspended?.started_at ?? new Date(Date.now()).toISOString(),
    },
    request: () => {
      throw new Error('a wait has no request');
    },
    cancel: () => undefined,
    order: () => undefined,
    resumed: suspended !== undefined,
  };
  if (state.options.dry_run) return { kind: 'succeeded', result: null };
  state.running.set(taskId, task);
  const start = (end: End<OperationOutcome>): void => {
    waitAs(state, task, kind, inputs).then(end.ended, end.broken);
  };
  const outcome = await new Promise<OperationOutcome>((resolve, reject) =>
    decided(state, task, start, { ended: resolve, broken: reject }),
  );
  state.running.delete(taskId);
  if (task.view.waiting) tellWaits(state);
  if (outcome.kind === 'succeeded') return { kind: 'succeeded', result: outcome.result.result ?? null };
  return outcome.kind === 'cancelled' ? outcome : { kind: 'failed', failure: outcome.failure, asked_again: false };
}

/** Tells every running operation that it is cancelled. */
export function cancelOperations(state: ExecutionState): void {
  for (const task of state.running.values()) task.cancel();
}

/** Ends the waits of this run without an end: the next run of the execution takes them up again. */
export function suspendWaits(state: ExecutionState): void {
  for (const [id, task] of state.running) {
    if (task.view.waiting === undefined) continue;
    state.suspended[task.call.instance_id === '' ? task.call.key : callKey(task.call)] = {
      task_id: id,
      started_at: task.view.started_at,
    };
    task.cancel();
  }
}

function beginTask(state: ExecutionState, call: OperationCall): RunningTask {
  const operation = operationOf(state, call);
  const implementation = implementationOf(operation);
  const suspended = state.takeSuspended(callKey(call));
  if (!suspended) state.taskCount += 1;
  const activityId = suspended?.task_id.split('/').at(-1) ?? String(state.taskCount);
  const taskId = suspended?.task_id ?? `${state.id}/${activityId}`;
  const view: RunningOperation = {
    task_id: taskId,
    activity_id: activityId,
    node_instance_id: call.instance_id,
    operation: call.operation,
    implementation,
    ...(call.relationship ? { source_id: call.relationship.source_id, target_id: call.relationship.target_id } : {}),
    started_at: suspended?.started_at ?? new Date(Date.now()).toISOString(),
  };
  if (!suspended) state.note('task_started', `Task started '${taskName(implementation)}'`, call.instance_id, call);
  if (!state.options.dry_run) state.began(call);
  return {
    call,
    view,
    request: () => requestFor(state, call, taskId, { whole: true }),
    cancel: () => undefined,
    order: () => undefined,
    resumed: suspended !== undefined,
  };
}

/** Runs the operation until it has ended by itself, or as an operator said. */
function decided(
  state: ExecutionState,
  task: RunningTask,
  start: (end: End<OperationOutcome>) => void,
  end: End<OperationOutcome>,
): void {
  const { activity_id } = task.view;
  const round = (number: number): void => {
    // A round is an activity of its own; the task, by which plugins tell their resources, stays the same.
    if (number > 1) begunAnew(task, `${activity_id}.${number}`);
    interruptible(state, task, start, {
      broken: end.broken,
      ended({ outcome, decision }) {
        if (outcome.kind !== 'cancelled' || decision === undefined) return end.ended(outcome);
        noteDecision(state, task, decision);
        if (decision.action === 'skip')
          return end.ended({ kind: 'succeeded', result: { result: decision.result ?? null } });
        if (decision.action === 'fail') return end.ended(failedByHand(task, decision));
        return state.status === 'cancelling' ? end.ended(outcome) : round(number + 1);
      },
    });
  };
  round(1);
}

function begunAnew(task: RunningTask, activityId: string): void {
  const { waiting: _, ...view } = task.view;
  task.view = { ...view, activity_id: activityId, started_at: new Date(Date.now()).toISOString() };
  task.approval = undefined;
}

interface Interrupted {
  readonly outcome: OperationOutcome;
  readonly decision: OperationDecision | undefined;
}

function interruptible(
  state: ExecutionState,
  task: RunningTask,
  start: (end: End<OperationOutcome>) => void,
  end: End<Interrupted>,
): void {
  let decision: OperationDecision | undefined;
  let over = false;
  const ended = (outcome: OperationOutcome): void => {
    if (over) return;
    over = true;
    // A scope serves one operation after another, as long as it was not cancelled.
    if (!scope.consideredCancelled) state.scopes.push(scope);
    try {
      end.ended({ outcome, decision });
    } catch (error) {
      end.broken(error);
    }
  };
  const scope = state.scopes.pop() ?? new OperationScope({ cancellable: true, parent: state.shelter });
  task.cancel = () => scope.cancel();
  task.order = (order, force) => {
    decision = order;
    scope.cancel();
    if (force) ended({ kind: 'cancelled' });
  };
  scope.within(() => start({ ended, broken: end.broken }));
}

function startOperation(state: ExecutionState, task: RunningTask, end: End<OperationOutcome>): void {
  const operation = operationOf(state, task.call);
  if (isWait(operation)) waitFor(state, task, operation).then(end.ended, end.broken);
  else callOperation(state, task.call, task.view, end);
}

function succeeded(state: ExecutionState, { call, view }: RunningTask, result: Json | null, retry = 0): Performed {
  const most = operationOf(state, call).max_retries ?? call.max_retries ?? state.options.max_retries;
  const text = `Task succeeded '${taskName(view.implementation)}'${resultText(result)}${retryText(retry, most)}`;
  state.note('task_succeeded', text, call.instance_id, call);
  state.finished += 1;
  return { kind: 'succeeded', result };
}

function noteDecision(state: ExecutionState, { call, view }: RunningTask, decision: OperationDecision): void {
  const verb = { retry: 'retried now', fail: 'failed', skip: 'skipped' }[decision.action];
  const comment = decision.comment === undefined ? '' : `: ${decision.comment}`;
  state.note(
    'operator_decision',
    `Task '${taskName(view.implementation)}' ${verb} by ${decision.by}${comment}`,
    call.instance_id === '' ? undefined : call.instance_id,
    call,
  );
}

function failedByHand({ view }: RunningTask, decision: OperationDecision): OperationOutcome {
  const comment = decision.comment === undefined ? '' : `: ${decision.comment}`;
  const cause = ApplicationFailure.nonRetryable(`failed by hand by ${decision.by}${comment}`, 'FailedByOperator');
  return failureOf(view, 0, cause);
}
