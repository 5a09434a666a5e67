/**
 * Most of what blueprints are made of, read in one go: indented mappings and lists, flow collections, scalars, anchors.
 *
 * Everything else (tags, characters beyond ASCII, equal keys, whatever may be wrong) is left to the scanner and the
 * parser, which then read the whole text from its beginning. So nothing is reported here, and where a rule is subtle it
 * need not be known: to be in doubt is to stop. What is read here is what they would have read, which is tested.
 */
import { isObject, type Json } from '../json.js';
import { plainScalar as scalarOf } from './plain-scalars.js';
import { blockScalar, plainScalar, quotedScalar } from './scalars.js';
import { Cursor, END, YamlError } from './text.js';

/** Told of every collection, innermost first, with the offsets of what is in it. */
export interface BlockMarking {
  /** @param offsets of each key and its value, in turn */
  mapping(mapping: object, offset: number, keys: readonly string[], offsets: readonly number[]): void;
  /** @param offsets of each item */
  list(list: object, offset: number, offsets: readonly number[]): void;
}

export interface BlockLimits {
  readonly values: number;
  readonly depth: number;
}

/** @returns undefined when the text holds anything that is not read here */
export function readBlocks(
  text: string,
  limits: BlockLimits,
  marking: BlockMarking,
): { readonly value: Json } | undefined {
  if (UNUSUAL.test(text)) return undefined;
  try {
    return { value: new BlockReader(text, limits, marking).document() };
  } catch (error) {
    if (error instanceof InDoubt || error instanceof YamlError) return undefined;
    throw error;
  }
}

/** The text may mean something that is not read here. */
class InDoubt extends Error {}

function doubt(): never {
  throw new InDoubt();
}

const UNUSUAL = /[^\n\x20-\x7e]/;

/** Blanks, comments and line breaks, up to the next token. */
const TO_TOKEN = / *(?:#[^\n\0]*)?(?:\n *(?:#[^\n\0]*)?)*/y;
/** A key without blanks, colons and hashes in it. */
const PLAIN_KEY = /[\w./$~<(][!-"$-9;-~]*(?=:[ \n\0])/y;
/** A scalar that ends on its line. */
const LINE_TEXT = /[\w./$~^(<+=](?:[!-9;-~]|:(?=[!-~])| +(?=[!-"$-9;-~]|:[!-~]))*(?= *[\n\0]| +#)/y;
/** A scalar in a flow collection, where something of the collection follows. */
const FLOW_TEXT = /[\w./$~^(+](?:[\w./$~^()+*<>=@-]|:(?=[\w./])| (?=[\w./(]))*(?= *[,\]}]|:[ \n])/y;
/** What may follow a quoted scalar or a flow collection: the end of its line, or the colon that makes it a key. */
const AFTER_CLOSING = / *(?:[\n\0:]|(?<= )#)/y;

const [SPACE, LINE_FEED, DASH, DOT, COLON, COMMA] = [32, 10, 45, 46, 58, 44];
const [QUOTE, DOUBLE, PIPE, GREATER, AMPERSAND, STAR] = [39, 34, 124, 62, 38, 42];
const [LIST_START, LIST_END, MAPPING_START, MAPPING_END] = [91, 93, 123, 125];
/** What begins no plain scalar, or one that is doubtful. */
const INDICATORS: ReadonlySet<number> = new Set([...'?:,[]{}#&*!|>\'"%@`'].map((one) => one.charCodeAt(0)));
/** The name of an anchor, of which nothing but letters, digits and dashes is certain. */
const NAME = /[&*][\w-]+(?=[ \n\0,\]}])/y;

/** Of a key without a question mark. */
const LONGEST_KEY = 1024;

interface Anchored {
  readonly value: Json;
  /** Values in it, aliases counted each time. */
  readonly size: number;
}

class BlockReader {
  readonly #cursor: Cursor;
  readonly #text: string;
  #depth = 0;
  #count = 0;
  /** Where the value that was read last begins. */
  #offset = 0;
  /** Undefined while the value is being read. */
  readonly #anchors = new Map<string, Anchored | undefined>();
  /** Where the anchor of the collection that comes next is: it begins there. */
  #anchorAt: number | undefined;

  constructor(
    text: string,
    readonly limits: BlockLimits,
    readonly marking: BlockMarking,
  ) {
    this.#cursor = new Cursor(text);
    this.#text = this.#cursor.text;
  }

  document(): Json {
    if (this.#text.startsWith('---\n')) this.#cursor.at = 3;
    else if (this.#cursor.isDocumentMark()) doubt();
    this.#toToken();
    if (this.#code() === END) return null;
    const value = this.#block(-1);
    if (this.#code() !== END) doubt();
    return value;
  }

  #code(): number {
    return this.#text.charCodeAt(this.#cursor.at);
  }

  #toToken(): void {
    const cursor = this.#cursor;
    TO_TOKEN.lastIndex = cursor.at;
    TO_TOKEN.test(this.#text);
    this.#moveTo(TO_TOKEN.lastIndex);
  }

  #moveTo(at: number): void {
    const cursor = this.#cursor;
    if (at === cursor.at) return;
    cursor.at = at;
    cursor.lineStart = this.#text.lastIndexOf('\n', at - 1) + 1;
    if (at !== cursor.lineStart) return;
    const code = this.#code();
    if ((code === DASH || code === DOT) && cursor.isDocumentMark()) doubt();
  }

  /** Begins a collection; returns where. */
  #enter(): number {
    this.#depth += 1;
    if (this.#depth > this.limits.depth) doubt();
    this.#grow();
    const start = this.#anchorAt ?? this.#cursor.at;
    this.#anchorAt = undefined;
    return start;
  }

  #grow(by = 1): void {
    this.#count += by;
    if (this.#count > this.limits.values) doubt();
  }

  // What is indented. Each of these leaves the cursor at the next token.

  /** A value further right than `container`, the column of what it is in. */
  #block(container: number): Json {
    if (this.#isDash()) return this.#list(this.#cursor.column, container);
    const cursor = this.#cursor;
    const { at, lineStart, column } = cursor;
    PLAIN_KEY.lastIndex = at;
    if (PLAIN_KEY.test(this.#text)) return this.#mapping(column);
    const text = this.#lineText(container);
    if (text !== undefined) return text;
    const value = this.#longer(container);
    if (!this.#isAtColon()) return this.#ended(value, container);
    // It was a key, in quotes or with blanks in it.
    cursor.at = at;
    cursor.lineStart = lineStart;
    return this.#mapping(column);
  }

  /** A value on the line of its key. */
  #inline(container: number): Json {
    if (this.#isDash()) doubt();
    return this.#lineText(container) ?? this.#ended(this.#longer(container), container);
  }

  #isDash(): boolean {
    return this.#code() === DASH && this.#isGap(this.#cursor.at + 1);
  }

  #isGap(at: number): boolean {
    const code = this.#text.charCodeAt(at);
    return code === SPACE || code === LINE_FEED || code === END;
  }

  #mapping(column: number): Json {
    const cursor = this.#cursor;
    const start = this.#enter();
    const entries = new Entries();
    do {
      const keyAt = cursor.at;
      const key = this.#key();
      entries.add(key, keyAt, this.#valueOfKey(column), this.#offset);
    } while (cursor.column === column && this.#code() !== END);
    if (cursor.column > column && this.#code() !== END) doubt();
    return this.#marked(entries, start);
  }

  #marked(entries: Entries, start: number): Json {
    const result = entries.result();
    this.#depth -= 1;
    this.#offset = start;
    this.marking.mapping(result, start, entries.keys, entries.offsets);
    return result;
  }

  /** Passes a key, up to its colon. */
  #key(): string {
    const cursor = this.#cursor;
    const { at } = cursor;
    PLAIN_KEY.lastIndex = at;
    if (!PLAIN_KEY.test(this.#text)) return this.#otherKey(false);
    cursor.at = PLAIN_KEY.lastIndex;
    return this.#named(this.#text.slice(at, cursor.at), true, at);
  }

  #otherKey(inFlow: boolean): string {
    const cursor = this.#cursor;
    const { at, lineStart } = cursor;
    const code = this.#code();
    const isPlain = code !== QUOTE && code !== DOUBLE;
    if (isPlain) this.#mustBeginPlain();
    const name = isPlain ? plainScalar(cursor, cursor.column + 1, inFlow).text : quotedScalar(cursor);
    if (!this.#isAtColon() || cursor.lineStart !== lineStart) doubt();
    if (!inFlow && !this.#isGap(cursor.at + 1)) doubt();
    return this.#named(name, isPlain, at);
  }

  #named(name: string, isPlain: boolean, at: number): string {
    if (isPlain && typeof scalarOf(name) !== 'string') doubt();
    if (name === '__proto__' || (!isPlain && name === MERGE) || this.#cursor.at - at > LONGEST_KEY) doubt();
    this.#grow();
    return name;
  }

  #isAtColon(): boolean {
    this.#cursor.skipSpaces();
    return this.#code() === COLON;
  }

  /** @param column of the mapping */
  #valueOfKey(column: number): Json {
    const cursor = this.#cursor;
    const { at: colon, lineStart } = cursor;
    cursor.at += 1;
    this.#toToken();
    if (this.#code() === END) return this.#nothing(colon);
    if (cursor.lineStart === lineStart)
      return this.#code() === AMPERSAND ? this.#anchored(column) : this.#inline(column);
    if (cursor.column > column) return this.#block(column);
    // A list may stand right below its key.
    return cursor.column === column && this.#isDash() ? this.#list(column, column) : this.#nothing(colon);
  }

  /** A value with an anchor before it, on the line of its key or dash. */
  #anchored(container: number): Json {
    const cursor = this.#cursor;
    const { at, lineStart } = cursor;
    const name = this.#name();
    if (this.#anchors.has(name)) doubt();
    this.#anchors.set(name, undefined);
    const before = this.#count;
    this.#toToken();
    if (this.#code() === END || (cursor.lineStart !== lineStart && cursor.column <= container)) doubt();
    this.#anchorAt = at;
    const value = cursor.lineStart === lineStart ? this.#inline(container) : this.#block(container);
    this.#anchorAt = undefined;
    this.#anchors.set(name, { value, size: this.#count - before });
    return value;
  }

  #name(): string {
    const { at } = this.#cursor;
    NAME.lastIndex = at;
    if (!NAME.test(this.#text)) doubt();
    this.#cursor.at = NAME.lastIndex;
    return this.#text.slice(at + 1, NAME.lastIndex);
  }

  #alias(): Json {
    const { at } = this.#cursor;
    const anchored = this.#anchors.get(this.#name());
    if (!anchored) return doubt();
    this.#grow(anchored.size);
    this.#offset = at;
    return anchored.value;
  }

  /** @param container column of what the list is in, which may be the list's own */
  #list(column: number, container: number): Json {
    const cursor = this.#cursor;
    const start = this.#enter();
    const result: Json[] = [];
    const offsets: number[] = [];
    do {
      const dash = cursor.at;
      cursor.at += 1;
      this.#toToken();
      result.push(this.#item(column, dash));
      offsets.push(this.#offset);
    } while (cursor.column === column && this.#isDash());
    if (cursor.column > container && this.#code() !== END) doubt();
    this.#depth -= 1;
    this.#offset = start;
    this.marking.list(result, start, offsets);
    return result;
  }

  #item(column: number, dash: number): Json {
    if (this.#cursor.column <= column || this.#code() === END) return this.#nothing(dash);
    return this.#code() === AMPERSAND ? this.#anchored(column) : this.#block(column);
  }

  #nothing(offset: number): null {
    this.#grow();
    this.#offset = offset;
    return null;
  }

  // Scalars and flow collections among what is indented

  /** A plain scalar that takes up the rest of its line and no more; null is not among what is told apart here. */
  #lineText(container: number): Json | undefined {
    const cursor = this.#cursor;
    const { at, lineStart } = cursor;
    LINE_TEXT.lastIndex = at;
    if (!LINE_TEXT.test(this.#text)) return undefined;
    const end = LINE_TEXT.lastIndex;
    cursor.at = end;
    this.#toToken();
    if (cursor.column > container && this.#code() !== END) {
      cursor.at = at;
      cursor.lineStart = lineStart;
      return undefined;
    }
    const value = scalarOf(this.#text.slice(at, end));
    if (value === null) {
      cursor.at = at;
      cursor.lineStart = lineStart;
      return undefined;
    }
    this.#grow();
    this.#offset = at;
    return value as Json;
  }

  /** Any other: the cursor is left where it ends. */
  #longer(container: number): Json {
    const cursor = this.#cursor;
    const { at } = cursor;
    const code = this.#code();
    if (code === LIST_START || code === MAPPING_START) {
      const value = this.#flow();
      this.#mayEndHere();
      return value;
    }
    this.#grow();
    if (code === STAR) {
      const value = this.#alias();
      this.#mayEndHere();
      return value;
    }
    this.#offset = at;
    if (code === QUOTE || code === DOUBLE) {
      const text = quotedScalar(cursor);
      this.#mayEndHere();
      return text;
    }
    if (code === PIPE || code === GREATER) return blockScalar(cursor, container);
    this.#mustBeginPlain();
    return scalarOf(plainScalar(cursor, container + 1, false).text) as Json;
  }

  #mayEndHere(): void {
    AFTER_CLOSING.lastIndex = this.#cursor.at;
    if (!AFTER_CLOSING.test(this.#text)) doubt();
  }

  /** The value, if what comes after it belongs to a container of it. */
  #ended(value: Json, container: number): Json {
    if (this.#isAtColon()) doubt();
    this.#toToken();
    if (this.#cursor.column > container && this.#code() !== END) doubt();
    return value;
  }

  #mustBeginPlain(): void {
    const { at } = this.#cursor;
    const code = this.#code();
    if (this.#isGap(at) || INDICATORS.has(code) || (code === DASH && this.#isGap(at + 1))) doubt();
  }

  // Flow collections. These leave the cursor behind what they have read.

  #flow(): Json {
    return this.#code() === LIST_START ? this.#flowList() : this.#flowMapping();
  }

  #flowList(): Json {
    const start = this.#enter();
    const result: Json[] = [];
    const offsets: number[] = [];
    this.#pass();
    while (this.#code() !== LIST_END) {
      result.push(this.#flowValue());
      offsets.push(this.#offset);
      this.#passComma(LIST_END);
    }
    this.#cursor.at += 1;
    this.#depth -= 1;
    this.#offset = start;
    this.marking.list(result, start, offsets);
    return result;
  }

  #flowMapping(): Json {
    const cursor = this.#cursor;
    const start = this.#enter();
    const entries = new Entries();
    this.#pass();
    while (this.#code() !== MAPPING_END) {
      const keyAt = cursor.at;
      const key = this.#flowKey();
      this.#pass();
      entries.add(key, keyAt, this.#flowValue(), this.#offset);
      this.#passComma(MAPPING_END);
    }
    cursor.at += 1;
    return this.#marked(entries, start);
  }

  /** Passes the mark at the cursor and what separates it from the next token. */
  #pass(): void {
    this.#cursor.at += 1;
    this.#toToken();
  }

  #passComma(end: number): void {
    this.#toToken();
    if (this.#code() === COMMA) this.#pass();
    else if (this.#code() !== end) doubt();
  }

  #flowKey(): string {
    const cursor = this.#cursor;
    const { at } = cursor;
    FLOW_TEXT.lastIndex = at;
    if (!FLOW_TEXT.test(this.#text)) return this.#otherKey(true);
    cursor.at = FLOW_TEXT.lastIndex;
    const name = this.#text.slice(at, cursor.at);
    if (!this.#isAtColon()) doubt();
    return this.#named(name, true, at);
  }

  #flowValue(): Json {
    const cursor = this.#cursor;
    const { at } = cursor;
    const code = this.#code();
    if (code === LIST_START || code === MAPPING_START) return this.#flow();
    this.#grow();
    if (code === STAR) return this.#alias();
    this.#offset = at;
    FLOW_TEXT.lastIndex = at;
    if (FLOW_TEXT.test(this.#text)) {
      cursor.at = FLOW_TEXT.lastIndex;
      return scalarOf(this.#text.slice(at, cursor.at)) as Json;
    }
    if (code === QUOTE || code === DOUBLE) return quotedScalar(cursor);
    this.#mustBeginPlain();
    return scalarOf(plainScalar(cursor, 0, true).text) as Json;
  }
}

/** The plain key whose value is laid under the mapping that it stands in. */
const MERGE = '<<';

/** A mapping while it is being read. */
class Entries {
  readonly keys: string[] = [];
  readonly offsets: number[] = [];
  readonly #own: Record<string, Json> = {};
  #merged: Record<string, Json>[] | undefined;

  add(key: string, keyAt: number, value: Json, valueAt: number): void {
    if (key === MERGE) {
      const sources = (Array.isArray(value) ? value : [value]) as Json[];
      if (!sources.every(isObject)) doubt();
      this.#merged = [...(this.#merged ?? []), ...(sources as Record<string, Json>[])];
      return;
    }
    if (Object.hasOwn(this.#own, key)) doubt();
    this.#own[key] = value;
    this.keys.push(key);
    this.offsets.push(keyAt, valueAt);
  }

  /** Earlier merged mappings win over later ones, and what is written here over them all. */
  result(): Record<string, Json> {
    return this.#merged ? Object.assign({}, ...this.#merged.reverse(), this.#own) : this.#own;
  }
}
