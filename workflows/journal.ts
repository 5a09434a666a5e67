/** The story of an execution, line by line, as the reference tells it. Held by the run, written to the store in parts. */
import type { JournalEvent, JournalPage } from './messages.js';

export type EventFields = Omit<JournalEvent, 'sequence' | 'timestamp'>;

const PAGE = 1_000;

export class Journal {
  readonly #events: JournalEvent[] = [];
  readonly #first: number;
  #saved: number;

  /** @param first events of earlier runs of the execution */
  constructor(first: number) {
    this.#first = first;
    this.#saved = first;
  }

  get length(): number {
    return this.#first + this.#events.length;
  }

  add(fields: EventFields): void {
    this.#events.push({ sequence: this.length, timestamp: new Date(Date.now()).toISOString(), ...fields });
  }

  page(from: number, closed: boolean): JournalPage {
    const start = Math.max(0, from - this.#first);
    const events = this.#events.slice(start, start + PAGE);
    return { events, first: this.#first, closed: closed && start + events.length >= this.#events.length };
  }

  /** Events that are not in the artifact store yet, which the caller is about to write there. */
  takeUnsaved(): readonly JournalEvent[] {
    const unsaved = this.#events.slice(this.#saved - this.#first);
    this.#saved = this.length;
    return unsaved;
  }
}
