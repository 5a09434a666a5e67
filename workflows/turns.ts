/**
 * Operations of relationships that run for one instance, one after the other. The reference begins them all at once, and
 * runs again those whose properties were written by another meanwhile: in the end each has read what the others wrote, as
 * here.
 */
export class Turns {
  /** What waits for its turn, by the instance that is taken. */
  readonly #waiting = new Map<string, (() => void)[]>();
  readonly #due = new Set<string>();

  /** Begins now, or when the instance is free. */
  take(instance: string, begin: () => void): void {
    const waiting = this.#waiting.get(instance);
    if (waiting) waiting.push(begin);
    else {
      this.#waiting.set(instance, []);
      begin();
    }
  }

  /** What had taken the instance has ended: the next one's turn has come. */
  free(instance: string): void {
    this.#due.add(instance);
  }

  /** Begins those whose turn has come. */
  begin(): void {
    for (const instance of [...this.#due]) {
      if (!this.#due.delete(instance)) continue;
      const next = this.#waiting.get(instance)?.shift();
      if (next) next();
      else this.#waiting.delete(instance);
    }
  }
}
