/** What an execution does on an operator's messages: pause, continue, cancel, decisions on operations and approvals. */
import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { ExecutionState, RunningTask } from './execution-state.js';
import {
  continueUpdate,
  decideUpdate,
  deliverUpdate,
  drainUpdate,
  forceCancelSignal,
  type OperationOrder,
  operationUpdate,
  type PauseRecord,
  pauseUpdate,
} from './messages.js';
import { recordApproval, refusalOf } from './wait.js';

export function answerOperator(state: ExecutionState): void {
  const { control } = state;
  setHandler(
    pauseUpdate,
    ({ by, comment }): PauseRecord => {
      control.paused = { by, at: now(), ...(comment === undefined ? {} : { comment }) };
      state.note('workflow_paused', `'${state.workflowId}' workflow execution paused by ${by}${colon(comment)}`);
      control.changed();
      return control.paused;
    },
    {
      description: 'Start nothing new until `continue`; what runs goes on',
      validator: (request) => {
        refuseNameless(request);
        refuseEnded(state);
        if (control.paused) throw conflict(`execution ${state.id} is paused already, by ${control.paused.by}`);
      },
    },
  );
  setHandler(
    continueUpdate,
    ({ by, comment }) => {
      control.paused = undefined;
      state.note('workflow_continued', `'${state.workflowId}' workflow execution continued by ${by}${colon(comment)}`);
      control.changed();
    },
    {
      description: 'Go on after `pause`',
      validator: (request) => {
        refuseNameless(request);
        if (!control.paused) throw conflict(`execution ${state.id} is not paused`);
      },
    },
  );
  setHandler(
    drainUpdate,
    ({ by }) => {
      control.draining = true;
      control.cancelMode = 'drain';
      state.note(
        'workflow_cancelling',
        `'${state.workflowId}' workflow execution: ${by} lets what runs end, then cancels`,
      );
      control.changed();
    },
    {
      description: 'Let what runs end, begin nothing new, then cancel',
      validator: (_: { readonly by: string }) => refuseEnded(state),
    },
  );
  setHandler(
    forceCancelSignal,
    () => {
      control.cancelMode = 'force';
      control.changed();
    },
    { description: 'Do not wait for running operations when a cancel request comes' },
  );
  setHandler(
    operationUpdate,
    (order) => {
      const { action, by, comment, result, force } = order;
      taskOf(state, order).order(
        { action, by, ...(comment === undefined ? {} : { comment }), ...(result === undefined ? {} : { result }) },
        force === true,
      );
    },
    {
      description: 'Retry now, fail, or skip one operation that runs, waits, or is between attempts',
      validator: (order) => {
        refuseNameless(order);
        refuseEnded(state);
        taskOf(state, order);
        if (!['retry', 'fail', 'skip'].includes(order.action)) throw conflict(`an operation cannot be ${order.action}`);
      },
    },
  );
  setHandler(decideUpdate, (decision) => recordApproval(state.running.get(decision.task_id) as RunningTask, decision), {
    description: 'Approve or reject what an operation waits for',
    validator: (decision) => {
      const refusal = refusalOf(state.running.get(decision?.task_id), decision);
      if (refusal) throw refusal;
    },
  });
  setHandler(
    deliverUpdate,
    ({ name, payload, by }) => {
      const waiting = [...state.running.values()].filter(({ view }) => view.waiting?.signal === name);
      state.deliveries.set(name, { name, payload: payload ?? null, by, at: now() });
      state.note('signal_received', `Signal ${name} received from ${by}`);
      return { released: waiting.length };
    },
    {
      description: 'A named signal, for operations that wait for it now or later',
      validator: (request) => {
        refuseNameless(request);
        refuseEnded(state);
        if (typeof request.name !== 'string' || request.name === '') throw conflict('a signal has a name');
      },
    },
  );
}

function taskOf(state: ExecutionState, { task_id }: OperationOrder): RunningTask {
  const task = state.running.get(task_id);
  if (task) return task;
  const running = [...state.running.keys()];
  throw ApplicationFailure.nonRetryable(
    `no operation ${task_id} is running in execution ${state.id}; running: ${running.slice(0, 10).join(', ') || 'none'}`,
    'NoSuchOperation',
  );
}

function refuseNameless(request: { readonly by: string } | undefined): void {
  if (typeof request?.by !== 'string' || request.by === '') throw conflict('say who asks for it (by)');
}

function refuseEnded(state: ExecutionState): void {
  if (state.status !== 'started' && state.status !== 'cancelling')
    throw conflict(`execution ${state.id} has ended: ${state.status}`);
}

function conflict(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'ExecutionConflict');
}

const colon = (comment: string | undefined): string => (comment === undefined ? '' : `: ${comment}`);
const now = (): string => new Date(Date.now()).toISOString();
