/** A list that an execution adds to over all its runs: this run holds what came in it, and writes it to the store in parts. */
export class KeptList<T> {
  readonly #items: T[] = [];
  #first: number;
  #saved: number;

  constructor(first: number) {
    this.#first = first;
    this.#saved = first;
  }

  /** Items before those that are held, all of them written: of earlier runs, and of this one. */
  get first(): number {
    return this.#first;
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

  get unsaved(): number {
    return this.length - this.#saved;
  }

  /** Lets go of items that are in the store by now. */
  drop(end: number): void {
    if (end <= this.#first) return;
    this.#items.splice(0, end - this.#first);
    this.#first = end;
  }

  /** Items that are not in the artifact store yet, which the caller is about to write there. */
  takeUnsaved(): readonly T[] {
    const unsaved = this.#items.slice(this.#saved - this.first);
    this.#saved = this.length;
    return unsaved;
  }
}
