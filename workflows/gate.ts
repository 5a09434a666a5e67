/**
 * What a custom workflow passes before each thing it does: it is held while the execution is paused or at its limit of
 * operations in flight, turned back when it is cancelled, and held for good when the history of the run is long enough:
 * then the run continues as new, and the function begins again with what is recorded.
 */
import { CancelledFailure, condition, workflowInfo } from '@temporalio/workflow';
import type { ExecutionState } from './execution-state.js';
import { HistoryFull, MOST_BYTES } from './history-full.js';
import { suspendWaits } from './perform.js';

export class Gate {
  readonly #state: ExecutionState;
  #reject: (error: HistoryFull) => void = () => undefined;
  /** Rejects when the run has to continue as new; never resolves. */
  readonly full: Promise<never>;
  #closed = false;

  constructor(state: ExecutionState) {
    this.#state = state;
    this.full = new Promise((_, reject) => {
      this.#reject = reject;
    });
    this.full.catch(() => undefined);
  }

  /** Resolves when the next thing may be done. @throws CancelledFailure */
  async enter(): Promise<void> {
    if (this.#mayEnter()) return;
    await condition(() => this.#turnedBack() || this.#isFull() || this.#mayEnter());
    if (this.#turnedBack()) throw new CancelledFailure('cancelled');
    if (this.#isFull()) await this.close();
  }

  /** Ends the run once nothing is in flight any more. Never resolves. */
  async close(): Promise<never> {
    if (!this.#closed) {
      this.#closed = true;
      const state = this.#state;
      void condition(() => state.running.size === state.waiting).then(
        () => {
          suspendWaits(state);
          this.#reject(new HistoryFull());
        },
        () => undefined,
      );
    }
    return await new Promise(() => undefined);
  }

  #mayEnter(): boolean {
    const { control, running, waiting, options } = this.#state;
    if (this.#turnedBack() || this.#isFull() || control.paused) return false;
    return running.size - waiting < options.max_in_flight;
  }

  #turnedBack(): boolean {
    return this.#state.status === 'cancelling' || this.#state.control.draining;
  }

  #isFull(): boolean {
    const { historyLength, historySize } = workflowInfo();
    return this.#closed || historyLength > this.#state.options.max_events || historySize > MOST_BYTES;
  }
}
