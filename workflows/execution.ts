/**
 * What every execution workflow has in common: it takes the state in, answers queries, runs its program, and hands the
 * state back to the deployment whatever its end.
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  makeContinueAsNewFunc,
  proxyActivities,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { JournalActivities } from '../activities/journal.js';
import type { Json } from '../blueprint/json.js';
import { answerOperator } from './control-messages.js';
import { tellInUi } from './details.js';
import { ExecutionState } from './execution-state.js';
import { HistoryFull } from './history-full.js';
import {
  changesQuery,
  deploymentWorkflowId,
  type ExecutionInput,
  eventsQuery,
  executionWorkflowId,
  type Handover,
  handoverQuery,
  patchSignal,
  planQuery,
  progressQuery,
  requestQuery,
  settledSignal,
  stateQuery,
} from './messages.js';

/** The part of an execution that differs: which walks, in which order. */
export type Program = (state: ExecutionState) => Promise<Json | undefined> | Promise<void>;

/** A workflow function, and the program it runs unless the blueprint maps its name to another. */
export interface ExecutionWorkflow {
  (input: ExecutionInput): Promise<ExecutionResult>;
  readonly program: Program;
}

export interface ExecutionResult {
  readonly execution_id: string;
  readonly operations: number;
  readonly states: Readonly<Record<string, number>>;
  /** What a custom workflow returned. */
  readonly result?: Json;
}

/**
 * The worker has not taken in the code of a workflow yet. No failure of the workflow's: it fails the workflow task, which
 * is given out again until a worker has.
 */
export class NotTakenIn extends Error {
  override readonly name = 'NotTakenIn';

  constructor(workflow: string) {
    super(`this worker has not taken in ${workflow} yet`);
  }
}

let mappedProgram: (input: ExecutionInput) => Program | undefined = () => undefined;

/** Sets how an execution finds the program that its blueprint maps its workflow's name to. */
export function resolvePrograms(resolve: (input: ExecutionInput) => Program | undefined): void {
  mappedProgram = resolve;
}

const { saveJournal } = proxyActivities<JournalActivities>({
  startToCloseTimeout: '5m',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/** Makes a workflow function of a program. Its export name is the workflow's name. */
export function execution(program: Program): ExecutionWorkflow {
  const run = async (input: ExecutionInput): Promise<ExecutionResult> => {
    const state = new ExecutionState(input);
    const journal = writtenInParts(state);
    answerMessages(state);
    answerOperator(state);
    if (input.continued === undefined) {
      const verb = input.request.resume_of === undefined ? 'Starting' : 'Resuming';
      state.note('workflow_started', `${verb} '${input.request.workflow_id}' workflow execution`);
      const { cause } = input.request;
      if (cause)
        state.note('policy_triggered', `Policy ${cause.policy} of ${cause.group}: ${cause.subject}: ${cause.reason}`);
    }
    tellInUi(state);
    let result: Awaited<ReturnType<Program>>;
    try {
      result = await withinTime(state, async () => await (mappedProgram(input) ?? program)(state));
    } catch (error) {
      if (error instanceof HistoryFull) return await continueWith(state, input, journal);
      if (error instanceof NotTakenIn) throw error;
      throw await ended(state, error, journal);
    }
    state.note('workflow_succeeded', `'${input.request.workflow_id}' workflow execution succeeded`);
    await settle(state, 'terminated', journal);
    return {
      execution_id: state.id,
      operations: state.finished,
      states: state.progress().states,
      ...(result === undefined || result === null ? {} : { result }),
    };
  };
  return Object.assign(run, { program });
}

function answerMessages(state: ExecutionState): void {
  setHandler(stateQuery, () => ({ instances: state.instances, running: null }), {
    description: 'The node instances: state, runtime properties, relationships',
  });
  setHandler(planQuery, () => state.plan, { description: 'The compiled blueprint' });
  setHandler(progressQuery, () => state.progress(), { description: 'Operations done and running, instances by state' });
  setHandler(eventsQuery, ({ from }) => state.journal.page(from, !['started', 'cancelling'].includes(state.status)), {
    description: 'The events of this execution from a position on',
  });
  setHandler(changesQuery, ({ from }) => state.changes.page(from), {
    description: 'What was changed about node instances, from a position on',
  });
  setHandler(handoverQuery, () => ({ ...state.handover('cancelled'), applied: [...state.applied] }), {
    description: 'What the deployment takes over if this run is terminated',
  });
  setHandler(requestQuery, ({ task_id }) => {
    const task = state.running.get(task_id);
    return task ? JSON.parse(JSON.stringify(task.request())) : null;
  });
  setHandler(patchSignal, (message) => state.applyFlush(message), {
    description: 'Runtime properties that a running operation stored',
  });
}

/** Runs within the execution's timeout, if it has one: cancelled when that has passed, as if somebody had asked for it. */
async function withinTime<Result>(state: ExecutionState, run: () => Promise<Result>): Promise<Result> {
  const { timeout } = state.options;
  if (timeout === undefined || timeout === null) return await run();
  const left = Date.parse(state.startedAt) + timeout * 1_000 - Date.now();
  const work = new CancellationScope();
  const clock = new CancellationScope();
  clock
    .run(async () => await sleep(Math.max(1, left), { summary: 'timeout of the execution' }))
    .then(
      () => {
        state.timedOut = true;
        work.cancel();
      },
      () => undefined,
    );
  try {
    return await work.run(run);
  } finally {
    clock.cancel();
  }
}

/** Notes how it ended, hands the state over, and says what the run is to fail with. */
async function ended(state: ExecutionState, error: unknown, journal: WrittenJournal): Promise<unknown> {
  const name = state.input.request.workflow_id;
  if (isCancellation(error) && !state.timedOut) {
    state.note('workflow_cancelled', `'${name}' workflow execution cancelled`);
    await settle(state, 'cancelled', journal);
    if (state.control.draining) await closingCancel();
    return new CancelledFailure(`'${name}' workflow execution cancelled`);
  }
  if (isCancellation(error)) return await ended(state, timeoutFailure(state), journal);
  if (!(error instanceof ApplicationFailure)) throw error; // A bug of ours: the task fails until it is mended.
  state.error = error.message;
  state.note('workflow_failed', `'${name}' workflow execution failed: ${error.message}`);
  await settle(state, 'failed', journal);
  return error;
}

function timeoutFailure(state: ExecutionState): ApplicationFailure {
  state.timedOut = false;
  const message = `the execution took longer than its timeout of ${state.options.timeout} s; what ran was cancelled`;
  return ApplicationFailure.nonRetryable(message, 'ExecutionTimeout');
}

/** A drained run was never asked by Temporal to cancel: the deployment asks now, so that it closes as cancelled. */
async function closingCancel(): Promise<void> {
  await sleep('10s', { summary: 'the deployment closes this execution' }).catch(() => undefined);
}

/** Saves the journal and tells the deployment. Done even while the run is being cancelled. */
async function settle(state: ExecutionState, outcome: Handover['outcome'], journal: WrittenJournal): Promise<void> {
  state.status = outcome;
  tellInUi(state);
  await CancellationScope.nonCancellable(async () => {
    await journal.whole();
    try {
      const deployment = getExternalWorkflowHandle(deploymentWorkflowId(state.input.deployment_id));
      await deployment.signal(settledSignal, state.handover(outcome));
    } catch (error) {
      log.warn('the deployment could not be told of the end of its execution', { error });
    }
  });
}

interface WrittenJournal {
  /** Resolves when all of it is in the store. */
  whole(): Promise<void>;
}

/** Writes the journal whenever it has grown long, out of reach of cancels; what is written, the run lets go of. */
function writtenInParts(state: ExecutionState): WrittenJournal {
  let writing: Promise<void> = Promise.resolve();
  let due = false;
  const write = (): void => {
    if (due) return;
    due = true;
    const before = writing;
    // One part after the other: what is let go of has been written, and all before it.
    writing = CancellationScope.nonCancellable(async () => {
      await before;
      due = false;
      await save(state);
    });
    // Told to who waits for the whole.
    writing.catch(() => undefined);
  };
  state.writeJournal = write;
  return {
    async whole() {
      write();
      await writing;
    },
  };
}

async function save(state: ExecutionState): Promise<void> {
  const events = state.journal.takeUnsaved();
  const changes = state.changes.takeUnsaved();
  if (events.length === 0) return;
  const first = state.journal.length - events.length;
  const end = { events: state.journal.length, changes: state.changes.length };
  await saveJournal.executeWithOptions({ summary: `${events.length} events`, activityId: `journal-${first}` }, [
    {
      workflow_id: executionWorkflowId(state.input.deployment_id, state.id),
      first,
      events,
      changes: { first: state.changes.length - changes.length, changes },
    },
  ]);
  if (isOpen(state)) {
    state.journal.drop(end.events);
    state.changes.drop(end.changes);
  }
}

/** What an ended run has told can be asked of it, as long as the server knows it. */
function isOpen({ status }: ExecutionState): boolean {
  return status === 'started' || status === 'cancelling';
}

async function continueWith(
  state: ExecutionState,
  input: ExecutionInput,
  journal: WrittenJournal,
): Promise<ExecutionResult> {
  await journal.whole();
  const { modification: _, ...rest } = input;
  const next: ExecutionInput = {
    ...rest,
    blueprint: state.blueprint,
    plan: state.plan,
    instances: state.instances,
    ledger: state.ledger,
    ...(state.modification ? { modification: state.modification } : {}),
    continued: {
      started_at: state.startedAt,
      finished_operations: state.finished,
      task_count: state.taskCount,
      journal_length: state.journal.length,
      changes_length: state.changes.length,
      ...(state.failures.length > 0 ? { failures: state.failures } : {}),
      ...(state.planChanged ? { plan_changed: true } : {}),
      ...(state.control.paused ? { paused: state.control.paused } : {}),
      waits: state.suspended,
      deliveries: Object.fromEntries(state.deliveries),
    },
  };
  const continueAsNew = makeContinueAsNewFunc<(input: ExecutionInput) => Promise<ExecutionResult>>({
    workflowType: workflowInfo().workflowType,
  });
  return await continueAsNew(next);
}
