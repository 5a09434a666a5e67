/**
 * Drives a walk: starts the calls that the engine says may run, tells it what came of them, until nothing is left, or a
 * failure or a cancel has drained it, or the history of this run has grown long enough to continue as new.
 */
import {
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  patched,
  sleep,
  workflowInfo,
} from '@temporalio/workflow';
import type { Ledger, Restart, WalkLedger } from '../graph/ledger.js';
import type { InstanceState, NodeInstance } from '../graph/state.js';
import type { OperationCall, Sequence, Step } from '../graph/steps.js';
import {
  advance,
  beginWalk,
  type Effect,
  isComplete,
  isIdle,
  isPassedOver,
  leaveEnded,
  ledgerOf,
  type Progress,
  restart,
  settle,
  type Walk,
} from '../graph/walk.js';
import type { StatesAtBegin } from '../graph/walks.js';
import { tellInUi } from './details.js';
import { retryText, taskName } from './event-texts.js';
import type { ExecutionState } from './execution-state.js';
import { failureText } from './failure-text.js';
import { HistoryFull, MOST_BYTES } from './history-full.js';
import { begin, cancelOperations, type Performed, suspendWaits } from './perform.js';
import { Turns } from './turns.js';

export interface WalkOptions {
  /** Unique within the execution: the ledger knows the walk by it. */
  readonly name: string;
  /** Made from the states at the walk's begin; not asked for when the walk is done already. */
  readonly sequences: (states: StatesAtBegin) => readonly Sequence[];
  /** From which state an instance's sequence begins. @default the state it has */
  readonly begin?: (instance: NodeInstance) => InstanceState;
  /** @default the execution's: `drain`, unless it is to go on */
  readonly on_failure?: 'drain' | 'continue';
  /** How the lifecycle of an instance is tried again after it failed for good. */
  readonly again?: Again;
  /** Of failures that are passed over nothing is said: what comes of them is. */
  readonly quiet?: boolean;
  /** Told of every call that ended, but for those that were cancelled, before the walk goes on. */
  readonly settled?: (call: OperationCall, performed: Exclude<Performed, { kind: 'cancelled' }>) => void;
}

export interface Again {
  /** What the subgraph is called then. @default what it was called */
  readonly name?: (instance: NodeInstance) => string;
  /** @param atBegin the state from which its sequence began in this walk */
  readonly from: (instance: NodeInstance, atBegin: InstanceState) => InstanceState;
  readonly steps: (instance: NodeInstance, from: InstanceState) => readonly Step[];
}

export async function runWalk(state: ExecutionState, options: WalkOptions): Promise<void> {
  const { name } = options;
  const recorded = state.ledger[name];
  if (recorded?.complete) return;
  const states = recorded?.states ?? statesAtBegin(state, options.begin);
  const walk = walkFrom(state, options, states, recorded);
  const ledger = (): Ledger => ({ [name]: ledgerOf(walk, states) });
  state.openWalk(ledger);
  state.total += countCalls(walk);
  const driver = new Driver(state, walk, options, states);
  await driver.run();
  state.closeWalk(ledger);
  tellInUi(state);
  if (driver.cancelled) throw new CancelledFailure('cancelled');
  if (isComplete(walk)) return;
  const goesOn = driver.historyFull && (walk.held || walk.ready.length > 0);
  if (walk.failed && (walk.policy.on_failure === 'drain' || !goesOn))
    throw ApplicationFailure.create({ message: failureOf(state), type: 'WorkflowFailed', nonRetryable: true });
  if (driver.historyFull) throw new HistoryFull();
  throw new Error(`walk ${name} stands still: its sequences wait for each other`);
}

function walkFrom(
  state: ExecutionState,
  options: WalkOptions,
  states: WalkLedger['states'],
  recorded: WalkLedger | undefined,
): Walk {
  const policy = { on_failure: options.on_failure ?? (state.options.on_failure === 'continue' ? 'continue' : 'drain') };
  const sequences = options.sequences(new Map(Object.entries(states)));
  if (!recorded) return beginWalk(sequences, policy);
  const sameExecution = state.input.continued !== undefined;
  const { again } = options;
  const walk = beginWalk(sequences, policy, {
    ledger: recorded,
    sameExecution,
    ...(again ? { again: (id: string, { from }: Restart) => again.steps(state.instance(id), from) } : {}),
  });
  // A resumption has a budget of its own.
  if (!sameExecution) for (const [id, { from }] of walk.restarted) walk.restarted.set(id, { tries: 0, from });
  return walk;
}

function statesAtBegin(state: ExecutionState, begins: WalkOptions['begin']): WalkLedger['states'] {
  const states: Record<string, InstanceState> = {};
  for (const instance of state.instances) {
    const own = begins ? begins(instance) : instance.state;
    if (own !== 'uninitialized') states[instance.id] = own;
  }
  return states;
}

class Driver {
  cancelled = false;
  historyFull = false;
  // A plain promise, not Temporal's Trigger: that would be rejected by a cancel, and a cancelled walk is left only when
  // what runs has ended, which `#pump` sees.
  readonly #idle: Promise<void>;
  #left: () => void = () => undefined;
  #broken: (error: unknown) => void = () => undefined;
  readonly #restarting = new Set<string>();
  readonly #clock = new CancellationScope();
  readonly #turns = new Turns();
  #clockRuns = false;
  #lastTold = 0;

  constructor(
    readonly state: ExecutionState,
    readonly walk: Walk,
    readonly options: WalkOptions,
    readonly states: WalkLedger['states'],
  ) {
    this.#idle = new Promise((resolve, reject) => {
      this.#left = resolve;
      this.#broken = reject;
    });
  }

  async run(): Promise<void> {
    const { control } = this.state;
    let over = false;
    CancellationScope.current().cancelRequested.catch(() => {
      if (over) return;
      this.#cancel();
      cancelOperations(this.state);
    });
    const forget = control.onChange(() => {
      if (control.draining) this.#cancel();
      else this.#pump();
    });
    if (control.draining) this.#cancel();
    else this.#pump();
    await this.#idle;
    over = true;
    forget();
    this.#clock.cancel();
    if (this.historyFull && this.options.again) this.#leaveRestarts(this.options.again);
  }

  #cancel(): void {
    this.cancelled = true;
    this.walk.draining = true;
    this.state.status = 'cancelling';
    this.#pump();
  }

  /** Does what can be done now. Called at the begin and whenever a call ended. */
  #pump(): void {
    const { state, walk } = this;
    const { historyLength, historySize } = workflowInfo();
    if ((historyLength > state.options.max_events || historySize > MOST_BYTES) && !walk.draining) {
      this.historyFull = true;
      walk.draining = true;
    }
    if (this.options.again && this.#restarting.size > 0) this.#restartFailed(this.options.again);
    // What waits takes no room: nothing of it is in flight.
    const room = state.options.max_in_flight - (walk.running - state.waiting);
    const paused = state.control.paused !== undefined && !walk.draining;
    if (!paused) this.#turns.begin();
    for (const effect of paused ? leaveEnded(walk) : advance(walk, room)) {
      if (effect.kind === 'mark') state.applyMark(effect.instance_id, effect.mark);
      else if (effect.kind === 'subgraph') this.#tell(effect);
      else this.#start(effect.sequence, effect.call);
    }
    if (Date.now() - this.#lastTold >= 1_000) {
      this.#lastTold = Date.now();
      tellInUi(state);
    }
    if (walk.failed && !walk.draining) this.#startClock();
    // A wait has no end of its own: it does not hold up a walk that only waits for what runs.
    if (walk.draining && walk.running > 0 && walk.running === state.waiting) suspendWaits(state);
    if (isIdle(walk) || (this.cancelled && state.control.cancelMode === 'force')) this.#left();
  }

  #tell({ name, became, retry }: Extract<Effect, { kind: 'subgraph' }>): void {
    const again = retryText(retry, this.state.options.subgraph_retries);
    this.state.note(`task_${became}`, `Subgraph ${became} '${name}'${again}`);
  }

  #start(sequence: string, asked: OperationCall): void {
    const own = this.walk.sequences.get(sequence) as Progress;
    const call = isPassedOver(own, asked.key) ? { ...asked, ignore_failure: true } : asked;
    // A bug of ours must stop the walk, not vanish.
    const broken = (error: unknown): void => this.#broken(error);
    if (call.relationship === undefined || !this.state.options.legacy || !patched('turns')) {
      begin(this.state, call, { ended: (performed) => this.#settled(sequence, call, performed), broken });
      return;
    }
    const ended = (performed: Performed): void => {
      this.#turns.free(call.instance_id);
      this.#settled(sequence, call, performed);
    };
    this.#turns.take(call.instance_id, () => {
      if (this.cancelled) ended({ kind: 'cancelled' });
      else begin(this.state, call, { ended, broken });
    });
  }

  #settled(sequence: string, call: OperationCall, performed: Performed): void {
    if (performed.kind !== 'cancelled') this.options.settled?.(call, performed);
    if (performed.kind === 'failed') this.#failed(sequence, call, performed);
    else settle(this.walk, sequence, call.key, performed.kind);
    this.#pump();
  }

  #failed(sequence: string, call: OperationCall, performed: Extract<Performed, { kind: 'failed' }>): void {
    const { state, walk } = this;
    const { failure } = performed;
    // The reference: an operation that asked to be run again once too often fails for good even so.
    const hard = state.options.legacy && performed.asked_again;
    const ignored = call.ignore_failure === true && !hard;
    const abandoned = walk.sequences.get(sequence)?.sequence.abandon === true;
    if (ignored && !this.options.quiet)
      state.note('workflow_node_event', `Ignoring task ${taskName(failure.implementation)} failure`, call.instance_id);
    const again = !ignored && !abandoned && this.options.again !== undefined && this.#mayRetry(sequence);
    if (!again) {
      state.failures.push({ ...failure, ...(ignored || abandoned ? { ignored: true } : {}) });
      settle(walk, sequence, call.key, 'failed', hard);
      return;
    }
    // Another try is left, so this is no failure of the walk yet.
    const { failed, draining } = walk;
    settle(walk, sequence, call.key, 'failed', hard);
    walk.failed = failed;
    walk.draining = draining;
    this.#restarting.add(sequence);
  }

  /** Re-runs the lifecycles that failed and have a try left, once their last call has ended. */
  #restartFailed(again: Again): void {
    // Before continuing as new none is begun: the next run does.
    if (this.walk.draining) return;
    for (const id of this.#restarting) {
      const own = this.walk.sequences.get(id);
      if (!own || own.pending > 0) continue;
      this.#restarting.delete(id);
      const instance = this.state.instance(own.sequence.instance_id);
      const from = this.#beginAgain(again, instance);
      const how = { tries: this.#tries(id) + 1, from };
      restart(this.walk, id, again.steps(instance, from), how, again.name?.(instance));
    }
  }

  /** Lifecycles that have a try left are left for the next run to begin. */
  #leaveRestarts(again: Again): void {
    for (const id of this.#restarting) {
      const own = this.walk.sequences.get(id) as Progress;
      const from = this.#beginAgain(again, this.state.instance(own.sequence.instance_id));
      this.walk.restarted.set(id, { tries: this.#tries(id) + 1, from });
      own.status = 'waiting';
      own.done.clear();
      this.walk.held = true;
    }
  }

  #beginAgain(again: Again, instance: NodeInstance): InstanceState {
    return again.from(instance, this.states[instance.id] ?? 'uninitialized');
  }

  #mayRetry(sequence: string): boolean {
    const { subgraph_retries } = this.state.options;
    return subgraph_retries < 0 || this.#tries(sequence) < subgraph_retries;
  }

  #tries(sequence: string): number {
    return this.walk.restarted.get(sequence)?.tries ?? 0;
  }

  /** After the first failure other branches may go on for a while, then nothing more begins. */
  #startClock(): void {
    const { wait_after_fail } = this.state.options;
    if (this.#clockRuns || wait_after_fail === null || wait_after_fail === undefined) return;
    this.#clockRuns = true;
    this.#clock
      .run(async () => await sleep(Math.max(1, wait_after_fail * 1_000), { summary: 'wait_after_fail' }))
      .then(
        () => {
          this.walk.draining = true;
          this.#pump();
        },
        () => undefined,
      );
  }
}

function countCalls(walk: Walk): number {
  let count = 0;
  for (const { status, steps, done } of walk.sequences.values()) {
    if (status === 'done') continue;
    for (const { calls } of steps) for (const { key } of calls) if (!done.has(key)) count += 1;
  }
  return count;
}

function failureOf({ failures, options }: ExecutionState): string {
  return failureText(
    failures.filter(({ ignored }) => !ignored),
    options.legacy,
  );
}
