/** Turns what a process writes into lines for the log, as they come, and keeps the end of it for its error. */

/** Characters kept for a failure's report. */
const TAIL = 64 * 1024;
/** A line is cut after so many characters: progress bars never end theirs. */
const LONGEST_LINE = 16 * 1024;

export class Lines {
  #rest = '';
  #tail = '';

  constructor(readonly onLine: ((line: string) => void) | undefined) {}

  /** The last part of everything that was written. */
  get tail(): string {
    return this.#tail;
  }

  add(text: string): void {
    this.#tail = (this.#tail + text).slice(-TAIL);
    if (!this.onLine) return;
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() as string;
    for (const line of lines) this.#emit(line);
    if (this.#rest.length > LONGEST_LINE) this.end();
  }

  /** What came after the last line end. */
  end(): void {
    if (this.#rest !== '') this.#emit(this.#rest);
    this.#rest = '';
  }

  #emit(line: string): void {
    const text = line.replace(/\r$/, '');
    for (let at = 0; at === 0 || at < text.length; at += LONGEST_LINE) this.onLine?.(text.slice(at, at + LONGEST_LINE));
  }
}
