/** A list that an execution adds to over all its runs: this run holds what came in it, and writes it to the store in parts. */
export class KeptList<T> {
  readonly #items: T[] = [];
  /** Items of earlier runs, all of them written. */
  readonly first: number;
  #saved: number;

  constructor(first: number) {
    this.first = first;
    this.#saved = first;
  }

  get length(): number {
    return this.first + this.#items.length;
  }

  add(item: T): void {
    this.#items.push(item);
  }

  /** Items from a position on (of those that this run holds), at most so many. */
  from(position: number, most: number): readonly T[] {
    const start = Math.max(0, position - this.first);
    return this.#items.slice(start, start + most);
  }

  /** Items that are not in the artifact store yet, which the caller is about to write there. */
  takeUnsaved(): readonly T[] {
    const unsaved = this.#items.slice(this.#saved - this.first);
    this.#saved = this.length;
    return unsaved;
  }
}
