/** The story of an execution, line by line, as the reference tells it. Held by the run, written to the store in parts. */
import { KeptList } from './kept-list.js';
import type { JournalEvent, JournalPage } from './messages.js';

export type EventFields = Omit<JournalEvent, 'sequence' | 'timestamp'>;

const PAGE = 1_000;

export class Journal {
  readonly #events: KeptList<JournalEvent>;

  /** @param first events of earlier runs of the execution */
  constructor(first: number) {
    this.#events = new KeptList(first);
  }

  get length(): number {
    return this.#events.length;
  }

  add(fields: EventFields): void {
    this.#events.add({ sequence: this.length, timestamp: new Date(Date.now()).toISOString(), ...fields });
  }

  page(from: number, closed: boolean): JournalPage {
    const { first } = this.#events;
    const events = this.#events.from(from, PAGE);
    return { events, first, closed: closed && Math.max(from, first) + events.length >= this.length };
  }

  get unsaved(): number {
    return this.#events.unsaved;
  }

  drop(end: number): void {
    this.#events.drop(end);
  }

  takeUnsaved(): readonly JournalEvent[] {
    return this.#events.takeUnsaved();
  }
}
