/** A cursor over YAML text: characters, lines and columns. */

/** What is wrong with a text, and at which stage Cloudify's YAML library finds it: its error class depends on that. */
export class YamlError extends Error {
  constructor(
    readonly stage: 'reader' | 'scanner' | 'parser' | 'composer' | 'constructor' | 'limit',
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

/** What stands after the last character; no text can hold it. */
export const END = 0;
const TAB = 9;
const LINE_FEED = 10;
const RETURN = 13;
const SPACE = 32;

/** A line break as YAML 1.1 counts them, two of them beyond ASCII. */
export function isBreak(code: number): boolean {
  if (code > RETURN) return code === 0x85 || code === 0x2028 || code === 0x2029;
  return code === LINE_FEED || code === RETURN;
}

/** A blank, a line break or the end. */
export function isGap(code: number): boolean {
  return (
    code === SPACE || (code <= RETURN ? code === END || code === TAB || isBreak(code) : code > 126 && isBreak(code))
  );
}

export class Cursor {
  at = 0;
  /** Offset at which the line begins. */
  lineStart = 0;

  readonly text: string;

  constructor(text: string) {
    // Ends in what looking ahead may meet, so that no look has to check for the end.
    this.text = `${text}\0\0\0\0`;
    if (text.charCodeAt(0) === 0xfeff) this.at = this.lineStart = 1;
  }

  get column(): number {
    return this.at - this.lineStart;
  }

  peek(ahead = 0): number {
    return this.text.charCodeAt(this.at + ahead);
  }

  skipSpaces(): void {
    while (this.text.charCodeAt(this.at) === SPACE) this.at += 1;
  }

  skipToBreak(): void {
    while (this.peek() !== END && !isBreak(this.peek())) this.at += 1;
  }

  /** Passes a line break and returns what it stands for; '' when there is none. */
  lineBreak(): string {
    const code = this.peek();
    if (!isBreak(code)) return '';
    this.at += code === RETURN && this.peek(1) === LINE_FEED ? 2 : 1;
    this.lineStart = this.at;
    return code === 0x2028 || code === 0x2029 ? String.fromCharCode(code) : '\n';
  }

  /** `---` or `...` on its own: nothing of the value goes beyond it. */
  isDocumentMark(): boolean {
    const code = this.peek();
    return (code === 0x2d || code === 0x2e) && this.peek(1) === code && this.peek(2) === code && isGap(this.peek(3));
  }

  fail(message: string, offset = this.at): never {
    throw new YamlError('scanner', message, offset);
  }

  /** The next character, as messages show it. */
  shown(): string {
    const code = this.text.codePointAt(this.at);
    return code === undefined || code === END ? 'the end of the file' : JSON.stringify(String.fromCodePoint(code));
  }
}
