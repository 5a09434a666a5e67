/**
 * What an execution changed about node instances, change by change: with it the state of every instance can be told as it
 * was after any event. Held by the run, and written to the store with the journal.
 */
import type { NodeInstance } from '../graph/state.js';
import type { ChangesPage, InstanceChange } from './messages.js';

/** Changes of one answer at most. */
const PAGE = 500;

export class Changes {
  readonly #changes: InstanceChange[] = [];
  readonly #first: number;
  #saved: number;

  /** @param first changes of earlier runs of the execution */
  constructor(first: number) {
    this.#first = first;
    this.#saved = first;
  }

  get length(): number {
    return this.#first + this.#changes.length;
  }

  /** @param sequence of the event that tells of the change, or comes next */
  one(sequence: number, id: string, fields: Partial<NodeInstance>): void {
    this.#changes.push({ sequence, timestamp: now(), id, fields });
  }

  /** All instances, in the place of those that were there. */
  all(sequence: number, instances: readonly NodeInstance[]): void {
    this.#changes.push({ sequence, timestamp: now(), instances });
  }

  page(from: number): ChangesPage {
    const start = Math.max(0, from - this.#first);
    return { changes: this.#changes.slice(start, start + PAGE), first: this.#first, length: this.length };
  }

  /** Changes that are not in the artifact store yet, which the caller is about to write there. */
  takeUnsaved(): readonly InstanceChange[] {
    const unsaved = this.#changes.slice(this.#saved - this.#first);
    this.#saved = this.length;
    return unsaved;
  }
}

const now = (): string => new Date(Date.now()).toISOString();
