/**
 * What an execution changed about node instances, change by change: with it the state of every instance can be told as it
 * was after any event. Held by the run, and written to the store with the journal.
 */
import type { NodeInstance } from '../graph/state.js';
import { KeptList } from './kept-list.js';
import type { ChangesPage, InstanceChange } from './messages.js';

/** Changes of one answer at most. */
const PAGE = 500;

export class Changes {
  readonly #changes: KeptList<InstanceChange>;

  /** @param first changes of earlier runs of the execution */
  constructor(first: number) {
    this.#changes = new KeptList(first);
  }

  get length(): number {
    return this.#changes.length;
  }

  /** @param sequence of the event that tells of the change, or comes next */
  one(sequence: number, id: string, fields: Partial<NodeInstance>): void {
    this.#changes.add({ sequence, timestamp: now(), id, fields });
  }

  /** All instances, in the place of those that were there. */
  all(sequence: number, instances: readonly NodeInstance[]): void {
    this.#changes.add({ sequence, timestamp: now(), instances });
  }

  page(from: number): ChangesPage {
    return { changes: this.#changes.from(from, PAGE), first: this.#changes.first, length: this.length };
  }

  drop(end: number): void {
    this.#changes.drop(end);
  }

  takeUnsaved(): readonly InstanceChange[] {
    return this.#changes.takeUnsaved();
  }
}

const now = (): string => new Date(Date.now()).toISOString();
