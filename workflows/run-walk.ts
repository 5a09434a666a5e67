/**
 * Drives a walk: starts the calls that the engine says may run, tells it what came of them, until nothing is left, or a
 * failure or a cancel has drained it, or the history of this run has grown long enough to continue as new.
 */
import { ApplicationFailure, CancellationScope, CancelledFailure, workflowInfo } from '@temporalio/workflow';
import type { Ledger, WalkLedger } from '../graph/ledger.js';
import type { OperationCall, Sequence, Step } from '../graph/steps.js';
import { advance, beginWalk, doneSequences, isComplete, isIdle, restart, settle, type Walk } from '../graph/walk.js';
import { tellInUi } from './details.js';
import type { ExecutionState } from './execution-state.js';
import { HistoryFull, MOST_BYTES } from './history-full.js';
import type { FailedOperation } from './messages.js';
import { cancelOperations, perform, suspendWaits } from './perform.js';

export interface WalkOptions {
  /** Unique within the execution: the ledger knows the walk by it. */
  readonly name: string;
  readonly sequences: readonly Sequence[];
  readonly states: WalkLedger['states'];
  readonly on_failure: 'drain' | 'continue';
  /** Steps that give the lifecycle of an instance another try after it failed for good. */
  readonly again?: (instanceId: string) => readonly Step[];
}

/** States of the instances at the walk's begin: those in the ledger if it began in an earlier run. */
export function statesAtBegin(state: ExecutionState, walk: string): WalkLedger['states'] {
  const recorded = state.ledger[walk];
  if (recorded) return recorded.states;
  const states: Record<string, string> = {};
  for (const { id, state: own } of state.instances) if (own !== 'uninitialized') states[id] = own;
  return states;
}

export async function runWalk(state: ExecutionState, options: WalkOptions): Promise<void> {
  const walk = beginWalk(options.sequences, { on_failure: options.on_failure }, state.ledger[options.name]);
  const ledger = (): Ledger => ({ [options.name]: { states: options.states, sequences: doneSequences(walk) } });
  state.openWalk(ledger);
  state.total += countCalls(walk);
  const driver = new Driver(state, walk, options);
  await driver.run();
  state.closeWalk(ledger);
  tellInUi(state);
  if (driver.cancelled) throw new CancelledFailure('cancelled');
  if (isComplete(walk)) return;
  if (walk.failed)
    throw ApplicationFailure.create({ message: failureText(state), type: 'WorkflowFailed', nonRetryable: true });
  if (driver.historyFull) throw new HistoryFull();
  throw new Error(`walk ${options.name} stands still: its sequences wait for each other`);
}

class Driver {
  cancelled = false;
  historyFull = false;
  // A plain promise, not Temporal's Trigger: that would be rejected by a cancel, and a cancelled walk is left only when
  // what runs has ended, which `#pump` sees.
  readonly #idle: Promise<void>;
  #left: () => void = () => undefined;
  #broken: (error: unknown) => void = () => undefined;
  readonly #retriesLeft = new Map<string, number>();
  readonly #restarting = new Set<string>();
  #lastTold = 0;

  constructor(
    readonly state: ExecutionState,
    readonly walk: Walk,
    readonly options: WalkOptions,
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
    const room = state.control.paused ? 0 : state.options.max_in_flight - (walk.running - state.waiting);
    for (const effect of advance(walk, room)) {
      if (effect.kind === 'mark') state.applyMark(effect.instance_id, effect.mark);
      else this.#start(effect.sequence, effect.call);
    }
    if (Date.now() - this.#lastTold >= 1_000) {
      this.#lastTold = Date.now();
      tellInUi(state);
    }
    // A wait has no end of its own: it does not hold up a walk that only waits for what runs.
    if (walk.draining && walk.running > 0 && walk.running === state.waiting) suspendWaits(state);
    if (isIdle(walk) || (this.cancelled && state.control.cancelMode === 'force')) this.#left();
  }

  #start(sequence: string, call: OperationCall): void {
    const settled = perform(this.state, call).then((outcome) => {
      if (outcome.kind === 'failed') return this.#failed(sequence, call, outcome.failure);
      settle(this.walk, sequence, call.key, outcome.kind);
      this.#pump();
    });
    // What is thrown here is a bug of ours: it must stop the walk, not vanish with the promise.
    settled.catch((error) => this.#broken(error));
  }

  #failed(sequence: string, call: OperationCall, failure: FailedOperation) {
    const { state, walk } = this;
    const own = walk.sequences.get(sequence);
    const ignored = own?.sequence.ignore_failure === true;
    if (ignored) state.note('workflow_node_event', `Ignoring task ${failure.implementation} failure`, call.instance_id);
    const again = !ignored && this.options.again !== undefined && this.#mayRetry(sequence);
    if (!again) {
      state.failures.push({ ...failure, ...(ignored ? { ignored: true } : {}) });
      settle(walk, sequence, call.key, 'failed');
    } else {
      // Another try is left, so this is no failure of the walk yet.
      const { failed, draining } = walk;
      settle(walk, sequence, call.key, 'failed');
      walk.failed = failed;
      walk.draining = draining;
      this.#restarting.add(sequence);
    }
    this.#pump();
  }

  /** Re-runs the lifecycles that failed and have a try left, once their last call has ended. */
  #restartFailed(again: (instanceId: string) => readonly Step[]): void {
    for (const id of this.#restarting) {
      const own = this.walk.sequences.get(id);
      if (!own || own.pending > 0) continue;
      this.#restarting.delete(id);
      const { instance_id } = own.sequence;
      this.state.note('workflow_node_event', 'Node lifecycle failed. Attempting to re-run node lifecycle', instance_id);
      restart(this.walk, id, again(instance_id));
    }
  }

  #mayRetry(sequence: string): boolean {
    const left = this.#retriesLeft.get(sequence) ?? this.state.options.subgraph_retries;
    this.#retriesLeft.set(sequence, left - 1);
    return left !== 0;
  }
}

function countCalls(walk: Walk): number {
  let count = 0;
  for (const { status, sequence, done } of walk.sequences.values()) {
    if (status === 'done') continue;
    for (const { calls } of sequence.steps) for (const { key } of calls) if (!done.has(key)) count += 1;
  }
  return count;
}

function failureText(state: ExecutionState): string {
  const failures = state.failures.filter(({ ignored }) => !ignored);
  const texts = failures.map(
    ({ node_instance_id, operation, implementation, message }) =>
      `Task failed: ${implementation} (${node_instance_id}:${operation}): ${message}`,
  );
  return texts.length === 1 ? (texts[0] as string) : `${texts.length} operation errors:\n${texts.join('\n')}`;
}
