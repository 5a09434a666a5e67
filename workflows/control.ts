/**
 * What an operator has asked of a run: to pause, how to cancel, what is to become of one operation. Kept apart from the
 * walk, which only asks whether it may begin something, and is told when the answer may have changed.
 */
import type { Json } from '../blueprint/plan.js';
import type { CancelMode, PauseRecord } from './messages.js';

/** What an operator has decided about a running (or waiting) operation. */
export interface OperationDecision {
  readonly action: 'retry' | 'fail' | 'skip';
  readonly by: string;
  readonly comment?: string;
  /** What a skipped operation is taken to have returned. */
  readonly result?: Json;
}

export class Control {
  paused: PauseRecord | undefined;
  cancelMode: CancelMode = 'graceful';
  /** A drain was asked for: nothing new begins, what runs may end, then the execution is cancelled. */
  draining = false;
  readonly #listeners = new Set<() => void>();

  constructor(paused: PauseRecord | undefined) {
    this.paused = paused;
  }

  /** Calls `listener` after each change until the returned function is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
