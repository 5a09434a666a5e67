/**
 * Operations of the plugin `wait`: for a person's approval, a named signal, a time. They are done here, in workflow
 * code: no activity runs while an execution waits, and a wait survives whatever the workflow survives.
 */
import { ApplicationFailure, condition, isCancellation, upsertMemo } from '@temporalio/workflow';
import type { Json, JsonObject, Operation } from '../blueprint/plan.js';
import type { OperationCall } from '../graph/steps.js';
import { durationMs, timeMs } from './duration.js';
import { evaluateFor } from './evaluation.js';
import type { ExecutionState, RunningTask } from './execution-state.js';
import type { ApprovalDecision, ApprovalRecord, Delivery, WaitingView } from './messages.js';
import { failureOf, type OperationOutcome } from './operations.js';

const PREFIX = 'wait.';

/** The longest timer that is set at once: beyond this the server's limits on timers come near. */
const LONGEST_WAIT_MS = 5 * 365 * 86_400_000;

/** Whether an operation is one that the workflow itself does. */
export function isWait(operation: Operation): boolean {
  return (operation.activity ?? `${operation.plugin}.${operation.operation}`).startsWith(PREFIX);
}

/** Names a call among those of an execution, over continue-as-new. */
export function callKey({ instance_id, operation, relationship }: OperationCall): string {
  return relationship === undefined
    ? `${instance_id} ${operation}`
    : `${relationship.source_id}>${relationship.target_id} ${operation} ${relationship.side} ${relationship.index}`;
}

/** Does an operation of the plugin `wait`. */
export async function waitFor(
  state: ExecutionState,
  task: RunningTask,
  operation: Operation,
): Promise<OperationOutcome> {
  return await waiting(state, task, kindOf(operation), () => {
    return evaluateFor(state, task.call, { ...operation.inputs, ...task.call.kwargs }) as JsonObject;
  });
}

/** Waits as a custom workflow has asked. */
export async function waitAs(
  state: ExecutionState,
  task: RunningTask,
  kind: string,
  inputs: JsonObject,
): Promise<OperationOutcome> {
  return await waiting(state, task, kind, () => inputs);
}

async function waiting(
  state: ExecutionState,
  task: RunningTask,
  kind: string,
  inputs: () => JsonObject,
): Promise<OperationOutcome> {
  try {
    const wait = readWait(checkedKind(kind), inputs(), Date.parse(task.view.started_at));
    task.view = { ...task.view, waiting: wait.view };
    tellWaits(state);
    if (!task.resumed) note(state, task, textOf(wait.view));
    if (wait.view.kind === 'approval') return await approval(state, task, wait);
    return await signalOrTime(state, task, wait);
  } catch (error) {
    if (isCancellation(error)) return { kind: 'cancelled' };
    if (error instanceof ApplicationFailure) return failureOf(task.view, 0, error);
    throw error;
  }
}

/** A custom workflow's own wait belongs to no instance. */
function note(state: ExecutionState, { call }: RunningTask, text: string): void {
  if (call.instance_id === '') state.note('workflow_stage', text);
  else state.note('workflow_node_event', text, call.instance_id);
}

/** At most this many waits are named in the memo; `progress` knows them all. */
const MOST_NAMED = 10;

/**
 * Writes what the run waits for into its memo, once for all that changed at one moment.
 *
 * By the memo lists find runs that wait. It also marks the point in the history: a task of a workflow that issued
 * nothing is passed over in a replay, and a decision would then be checked before the wait that it is about has begun.
 */
export function tellWaits(state: ExecutionState): void {
  if (state.tellingWaits) return;
  state.tellingWaits = true;
  void Promise.resolve().then(() => {
    state.tellingWaits = false;
    const waiting = [...state.running.values()].filter(({ view }) => view.waiting !== undefined);
    const named = waiting.slice(0, MOST_NAMED).map(({ view }) => `${view.waiting?.kind} ${view.task_id}`);
    upsertMemo({ waiting: named.length > 0 ? named : null });
  });
}

/** Why a decision cannot be taken; undefined when it can. */
export function refusalOf(task: RunningTask | undefined, decision: ApprovalDecision): ApplicationFailure | undefined {
  const waiting = task?.view.waiting;
  if (waiting?.kind !== 'approval' || task?.approval !== undefined)
    return ApplicationFailure.nonRetryable(`nothing waits for an approval as ${decision.task_id}`, 'NotWaiting');
  if (typeof decision.by !== 'string' || decision.by === '')
    return ApplicationFailure.nonRetryable('an approval names who gives it', 'NotAllowed');
  if (waiting.approvers && !waiting.approvers.includes(decision.by))
    return ApplicationFailure.nonRetryable(
      `${decision.by} is none of the approvers of ${decision.task_id}: ${waiting.approvers.join(', ')}`,
      'NotAllowed',
    );
  return undefined;
}

export function recordApproval(task: RunningTask, decision: ApprovalDecision): ApprovalRecord {
  task.approval = {
    decision: decision.approved ? 'approved' : 'rejected',
    by: decision.by,
    at: new Date(Date.now()).toISOString(),
    comment: decision.comment ?? null,
  };
  return task.approval;
}

interface Wait {
  readonly view: WaitingView;
  /** Milliseconds since the epoch at which it ends by itself. */
  readonly end: number | undefined;
  /** Its end is a failure, rather than what was waited for. */
  readonly fails: boolean;
}

async function approval(state: ExecutionState, task: RunningTask, wait: Wait): Promise<OperationOutcome> {
  await until(() => task.approval !== undefined, wait.end);
  const record = task.approval;
  const { instance_id } = task.call;
  if (!record) throw ApplicationFailure.nonRetryable(`nobody decided until ${wait.view.until}`, 'ApprovalTimedOut');
  const comment = record.comment === null ? '' : `: ${record.comment}`;
  note(state, task, `${capital(record.decision)} by ${record.by}${comment}`);
  state.applyPatches({ [instance_id]: [['set', ['approval'], record as unknown as Json]] });
  if (record.decision === 'rejected')
    throw ApplicationFailure.nonRetryable(`rejected by ${record.by}${comment}`, 'ApprovalRejected');
  return { kind: 'succeeded', result: { result: record as unknown as Json } };
}

async function signalOrTime(state: ExecutionState, task: RunningTask, wait: Wait): Promise<OperationOutcome> {
  const { signal } = wait.view;
  const delivered = (): Delivery | undefined => (signal === undefined ? undefined : state.deliveries.get(signal));
  await until(() => delivered() !== undefined, wait.end);
  const delivery = delivered();
  if (!delivery) {
    if (wait.fails)
      throw ApplicationFailure.nonRetryable(`signal ${signal} did not come until ${wait.view.until}`, 'WaitTimedOut');
    return { kind: 'succeeded', result: { result: { reason: 'time', at: wait.view.until ?? null } } };
  }
  const { instance_id } = task.call;
  state.applyPatches({ [instance_id]: [['set', ['signals', delivery.name], delivery as unknown as Json]] });
  const { name, payload, by, at } = delivery;
  return { kind: 'succeeded', result: { result: { reason: 'signal', name, payload, by, at } } };
}

async function until(holds: () => boolean, end: number | undefined): Promise<void> {
  if (end === undefined) return await condition(holds);
  while (!holds()) {
    const left = end - Date.now();
    if (left <= 0) return;
    await condition(holds, Math.min(left, LONGEST_WAIT_MS));
  }
}

type Kind = 'approval' | 'signal' | 'timer' | 'until' | 'for';

function kindOf(operation: Operation): string {
  return (operation.activity ?? `${operation.plugin}.${operation.operation}`).slice(PREFIX.length);
}

function checkedKind(name: string): Kind {
  if (['approval', 'signal', 'timer', 'until', 'for'].includes(name)) return name as Kind;
  throw refused(
    `there is no operation wait.${name}; there are wait.approval, wait.signal, wait.timer, wait.until, wait.for`,
  );
}

function readWait(kind: Kind, inputs: JsonObject, began: number): Wait {
  const given = (name: string): Json | undefined => {
    const value = inputs[name];
    return value === null || value === '' ? undefined : value;
  };
  const timeout = readDuration(given('timeout'), 'timeout');
  if (kind === 'approval') {
    const end = timeout === undefined ? undefined : began + timeout;
    const approvers = readApprovers(given('approvers'));
    const message = given('message');
    return {
      end,
      fails: true,
      view: {
        kind: 'approval',
        ...(message === undefined ? {} : { message: String(message) }),
        ...(approvers.length > 0 ? { approvers } : {}),
        ...untilOf(end),
      },
    };
  }
  const name = kind === 'signal' || kind === 'for' ? given('signal') : undefined;
  const duration = kind === 'timer' || kind === 'for' ? readDuration(given('duration'), 'duration') : undefined;
  const time = kind === 'until' || kind === 'for' ? readTime(given('until')) : undefined;
  if (name === undefined && duration === undefined && time === undefined)
    throw refused(
      `wait.${kind} needs ${{ signal: 'a signal', timer: 'a duration', until: 'a time (until)', for: 'a signal, a duration or a time (until)' }[kind]}`,
    );
  const ends = [duration === undefined ? undefined : began + duration, time].filter((end) => end !== undefined);
  const fails = ends.length === 0;
  if (fails && timeout !== undefined) ends.push(began + timeout);
  const end = ends.length === 0 ? undefined : Math.min(...ends);
  return {
    end,
    fails,
    view: {
      kind: name === undefined ? 'time' : 'signal',
      ...(name === undefined ? {} : { signal: String(name) }),
      ...untilOf(end),
    },
  };
}

function untilOf(end: number | undefined): { readonly until?: string } {
  return end === undefined ? {} : { until: new Date(end).toISOString() };
}

function readDuration(value: Json | undefined, name: string): number | undefined {
  if (value === undefined) return undefined;
  const ms = durationMs(value);
  if (ms === undefined)
    throw refused(`${name} is a number of seconds, or text such as 90s, 5m, 1h30m, 2d; not ${JSON.stringify(value)}`);
  return ms;
}

function readTime(value: Json | undefined): number | undefined {
  if (value === undefined) return undefined;
  const at = timeMs(value);
  if (at === undefined) throw refused(`until is a time such as 2026-05-01T08:00:00Z; not ${JSON.stringify(value)}`);
  return at;
}

function readApprovers(value: Json | undefined): string[] {
  if (value === undefined) return [];
  return typeof value === 'string' ? value.split(',').map((name) => name.trim()) : (value as Json[]).map(String);
}

function textOf({ kind, message, signal, until: end }: WaitingView): string {
  const limit = end === undefined ? '' : ` until ${end}`;
  if (kind === 'approval') return `Waiting for approval${limit}${message === undefined ? '' : `: ${message}`}`;
  return kind === 'signal' ? `Waiting for signal ${signal}${limit}` : `Waiting${limit}`;
}

function refused(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'WaitRefused');
}

const capital = (text: string): string => `${text[0]?.toUpperCase()}${text.slice(1)}`;
