/**
 * YAML text to tokens, in the way of the library that Cloudify reads blueprints with: what it lets through (quotes and
 * brackets that ignore indentation) is let through here, what it refuses (tabs between tokens) is refused.
 */
import { blockScalar, plainScalar, quotedScalar } from './scalars.js';
import { Cursor, END, isGap, YamlError } from './text.js';

export type TokenKind =
  | 'end'
  | 'directive'
  | 'document'
  | 'document end'
  | 'block sequence'
  | 'block mapping'
  | 'block end'
  | '['
  | ']'
  | '{'
  | '}'
  | ','
  | '-'
  | 'key'
  | 'value'
  | 'alias'
  | 'anchor'
  | 'tag'
  | 'scalar';

export interface Token {
  readonly kind: TokenKind;
  readonly offset: number;
  /** Text of a scalar, name of an anchor, tag as it is written; else ''. */
  readonly text: string;
  /** A scalar without quotes and block indicators: it may be a number. */
  readonly plain: boolean;
}

/** A place where a key may have begun: known only when its colon comes. */
interface PossibleKey {
  readonly number: number;
  readonly required: boolean;
  readonly offset: number;
  readonly lineStart: number;
}

/** Keys without `?` end on their line, within this many characters. */
const LONGEST_KEY = 1024;

export class Scanner {
  readonly #cursor: Cursor;
  readonly #tokens: Token[] = [];
  #head = 0;
  #taken = 0;
  #done = false;
  #flow = 0;
  #indent = -1;
  readonly #indents: number[] = [];
  #mayBeKey = true;
  /** By level of flow collections. */
  readonly #possible: (PossibleKey | undefined)[] = [];
  #possibleCount = 0;
  #current: Token | undefined;

  constructor(
    text: string,
    readonly depth: number,
  ) {
    this.#cursor = new Cursor(text);
  }

  peek(): Token {
    if (this.#current) return this.#current;
    while (this.#needsMore()) this.#fetch();
    const token = this.#tokens[this.#head] as Token;
    this.#current = token;
    return token;
  }

  /** Of the next token. */
  kind(): TokenKind {
    return (this.#current ?? this.peek()).kind;
  }

  take(): Token {
    const token = this.peek();
    this.#current = undefined;
    this.#head += 1;
    this.#taken += 1;
    if (this.#head === this.#tokens.length) {
      this.#tokens.length = 0;
      this.#head = 0;
    }
    return token;
  }

  #needsMore(): boolean {
    if (this.#done) return false;
    if (this.#head === this.#tokens.length) return true;
    if (this.#possibleCount === 0) return false;
    this.#dropStale();
    for (let level = 0; level <= this.#flow; level += 1) if (this.#possible[level]?.number === this.#taken) return true;
    return false;
  }

  #fetch(): void {
    const cursor = this.#cursor;
    this.#toNextToken();
    this.#dropStale();
    this.#unwind(cursor.column);
    const code = cursor.peek();
    switch (code) {
      case END: {
        this.#end();
        return;
      }
      case 0x25: // %
        if (cursor.column === 0) {
          this.#directive();
          return;
        }
        break;
      case 0x2d: // -
        if (cursor.column === 0 && cursor.isDocumentMark()) {
          this.#documentMark('document');
          return;
        }
        if (isGap(cursor.peek(1))) {
          this.#sequenceEntry();
          return;
        }
        break;
      case 0x2e: // .
        if (cursor.column === 0 && cursor.isDocumentMark()) {
          this.#documentMark('document end');
          return;
        }
        break;
      case 0x5b: {
        this.#flowStart('[');
        return;
      }
      case 0x7b: {
        this.#flowStart('{');
        return;
      }
      case 0x5d: {
        this.#flowEnd(']');
        return;
      }
      case 0x7d: {
        this.#flowEnd('}');
        return;
      }
      case 0x2c: {
        this.#flowEntry();
        return;
      }
      case 0x3f: // ?
        if (this.#flow > 0 || isGap(cursor.peek(1))) {
          this.#explicitKey();
          return;
        }
        break;
      case 0x3a: // :
        if (this.#flow > 0 || isGap(cursor.peek(1))) {
          this.#value();
          return;
        }
        break;
      case 0x2a: // *
        {
          this.#name('alias');
          return;
        }
      case 0x26: // &
        {
          this.#name('anchor');
          return;
        }
      case 0x21: // !
        {
          this.#tag();
          return;
        }
      case 0x7c: // |
      case 0x3e: // >
        if (this.#flow === 0) {
          this.#block();
          return;
        }
        break;
      case 0x27:
      case 0x22: {
        this.#quoted();
        return;
      }
      default:
    }
    if (this.#mayBePlain(code)) {
      this.#plain();
      return;
    }
    cursor.fail(
      code === 9
        ? 'a tab stands where only spaces may: indent with spaces'
        : `${cursor.shown()} cannot begin anything: put the text in quotes`,
    );
  }

  #mayBePlain(code: number): boolean {
    if (isGap(code)) return false;
    if (code > 126 || IS_INDICATOR[code] === 0) return true;
    return !isGap(this.#cursor.peek(1)) && (code === 0x2d || (this.#flow === 0 && (code === 0x3f || code === 0x3a)));
  }

  #toNextToken(): void {
    const cursor = this.#cursor;
    for (;;) {
      cursor.skipSpaces();
      if (cursor.peek() === 0x23) cursor.skipToBreak();
      if (cursor.lineBreak() === '') return;
      if (this.#flow === 0) this.#mayBeKey = true;
    }
  }

  #push(kind: TokenKind, offset = this.#cursor.at, text = '', plain = false): void {
    this.#tokens.push({ kind, offset, text, plain });
  }

  // Indentation

  #unwind(column: number): void {
    if (this.#flow > 0) return;
    while (this.#indent > column) {
      this.#indent = this.#indents.pop() as number;
      this.#push('block end');
    }
  }

  #indentTo(column: number): boolean {
    if (this.#indent >= column) return false;
    this.#indents.push(this.#indent);
    this.#indent = column;
    this.#deeper();
    return true;
  }

  #deeper(): void {
    if (this.#indents.length + this.#flow > this.depth)
      throw new YamlError('limit', `nested deeper than ${this.depth} levels`, this.#cursor.at);
  }

  // Keys

  #dropStale(): void {
    if (this.#possibleCount === 0) return;
    const { at, lineStart } = this.#cursor;
    for (let level = 0; level <= this.#flow; level += 1) {
      const key = this.#possible[level];
      if (key && (key.lineStart !== lineStart || at - key.offset > LONGEST_KEY)) this.#drop(level, key);
    }
  }

  #drop(level: number, key: PossibleKey): void {
    if (key.required) this.#cursor.fail('a colon is missing after this, or it is indented wrongly', key.offset);
    this.#forget(level);
  }

  #forget(level: number): void {
    this.#possible[level] = undefined;
    this.#possibleCount -= 1;
  }

  #dropOwn(): void {
    const key = this.#possible[this.#flow];
    if (key) this.#drop(this.#flow, key);
  }

  #noteKey(): void {
    if (!this.#mayBeKey) return;
    this.#dropOwn();
    const { at, lineStart, column } = this.#cursor;
    this.#possibleCount += 1;
    this.#possible[this.#flow] = {
      number: this.#taken + this.#tokens.length - this.#head,
      required: this.#flow === 0 && this.#indent === column,
      offset: at,
      lineStart,
    };
  }

  // Tokens

  #end(): void {
    this.#unwind(-1);
    this.#dropOwn();
    this.#mayBeKey = false;
    this.#possible.length = 0;
    this.#possibleCount = 0;
    this.#push('end');
    this.#done = true;
  }

  #directive(): void {
    this.#unwind(-1);
    this.#dropOwn();
    this.#mayBeKey = false;
    const { at } = this.#cursor;
    this.#cursor.skipToBreak();
    const text = this.#cursor.text.slice(at, this.#cursor.at);
    if (!DIRECTIVE.test(text)) this.#cursor.fail('% begins no directive that there is: put the text in quotes', at);
    this.#push('directive', at, text);
  }

  #documentMark(kind: 'document' | 'document end'): void {
    this.#unwind(-1);
    this.#dropOwn();
    this.#mayBeKey = false;
    this.#push(kind);
    this.#cursor.at += 3;
  }

  #flowStart(kind: '[' | '{'): void {
    this.#noteKey();
    this.#flow += 1;
    this.#deeper();
    this.#mayBeKey = true;
    this.#push(kind);
    this.#cursor.at += 1;
  }

  #flowEnd(kind: ']' | '}'): void {
    this.#dropOwn();
    this.#flow = Math.max(0, this.#flow - 1);
    this.#mayBeKey = false;
    this.#push(kind);
    this.#cursor.at += 1;
  }

  #flowEntry(): void {
    this.#mayBeKey = true;
    this.#dropOwn();
    this.#push(',');
    this.#cursor.at += 1;
  }

  #sequenceEntry(): void {
    if (this.#flow === 0) {
      if (!this.#mayBeKey) this.#cursor.fail('a list item cannot begin here');
      if (this.#indentTo(this.#cursor.column)) this.#push('block sequence');
    }
    this.#mayBeKey = true;
    this.#dropOwn();
    this.#push('-');
    this.#cursor.at += 1;
  }

  #explicitKey(): void {
    if (this.#flow === 0) {
      if (!this.#mayBeKey) this.#cursor.fail('a key cannot begin here');
      if (this.#indentTo(this.#cursor.column)) this.#push('block mapping');
    }
    this.#mayBeKey = this.#flow === 0;
    this.#dropOwn();
    this.#push('key');
    this.#cursor.at += 1;
  }

  #value(): void {
    const cursor = this.#cursor;
    const key = this.#possible[this.#flow];
    if (key) {
      this.#forget(this.#flow);
      const at = this.#head + key.number - this.#taken;
      const before: Token[] = [{ kind: 'key', offset: key.offset, text: '', plain: false }];
      if (this.#flow === 0 && this.#indentTo(key.offset - key.lineStart))
        before.unshift({ kind: 'block mapping', offset: key.offset, text: '', plain: false });
      this.#tokens.splice(at, 0, ...before);
      this.#mayBeKey = false;
    } else {
      if (this.#flow === 0) {
        if (!this.#mayBeKey) cursor.fail('a colon cannot stand here: put the text in quotes, or break the line');
        if (this.#indentTo(cursor.column)) this.#push('block mapping');
      }
      this.#mayBeKey = this.#flow === 0;
      this.#dropOwn();
    }
    this.#push('value');
    cursor.at += 1;
  }

  #name(kind: 'alias' | 'anchor'): void {
    const cursor = this.#cursor;
    this.#noteKey();
    this.#mayBeKey = false;
    const { at } = cursor;
    cursor.at += 1;
    while (isNameCharacter(cursor.peek())) cursor.at += 1;
    const name = cursor.text.slice(at + 1, cursor.at);
    const next = cursor.peek();
    if (name === '' || !(isGap(next) || AFTER_NAME.has(next)))
      cursor.fail(`a name of letters, digits, - and _ must follow ${kind === 'alias' ? '*' : '&'}`);
    this.#push(kind, at, name);
  }

  #tag(): void {
    const cursor = this.#cursor;
    this.#noteKey();
    this.#mayBeKey = false;
    const { at } = cursor;
    while (!isGap(cursor.peek()) && !(this.#flow > 0 && FLOW_MARKS.has(cursor.peek()))) cursor.at += 1;
    if (!isGap(cursor.peek())) cursor.fail(`a blank must follow a tag, not ${cursor.shown()}`);
    this.#push('tag', at, cursor.text.slice(at, cursor.at));
  }

  #block(): void {
    this.#mayBeKey = true;
    this.#dropOwn();
    const { at } = this.#cursor;
    this.#push('scalar', at, blockScalar(this.#cursor, this.#indent));
  }

  #quoted(): void {
    this.#noteKey();
    this.#mayBeKey = false;
    const { at } = this.#cursor;
    this.#push('scalar', at, quotedScalar(this.#cursor));
  }

  #plain(): void {
    this.#noteKey();
    const { at } = this.#cursor;
    const { text, broken } = plainScalar(this.#cursor, this.#indent + 1, this.#flow > 0);
    this.#mayBeKey = broken;
    this.#push('scalar', at, text, true);
  }
}

const codes = (characters: string): ReadonlySet<number> => new Set([...characters].map((one) => one.charCodeAt(0)));
const IS_INDICATOR = new Uint8Array(128);
for (const code of codes('-?:,[]{}#&*!|>\'"%@`')) IS_INDICATOR[code] = 1;
const AFTER_NAME = codes('?:,]}%@`');
const FLOW_MARKS = codes(',[]{}');

function isNameCharacter(code: number): boolean {
  return (
    (code >= 0x30 && code <= 0x39) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x61 && code <= 0x7a) ||
    code === 0x2d ||
    code === 0x5f
  );
}

const DIRECTIVE = /^%(?:YAML +\d+\.\d+|TAG +!(?:[\w-]*!)? +\S+|(?!(?:YAML|TAG)(?![\w-]))[\w-]+(?: .*)?) *(?: #.*)?$/;

/** Characters that no YAML text may hold. */
export function unprintable(text: string): number | undefined {
  const found = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ud800-\udfff\ue000-\ufffd\ufeff]/.exec(text);
  return found?.index;
}
