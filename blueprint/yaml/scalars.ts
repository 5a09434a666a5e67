/** Scalars of every style, from the cursor to their text: as YAML 1.1 folds lines and reads escapes. */
import { type Cursor, END, isBreak, isGap } from './text.js';

const SPACE = 32;
const TAB = 9;
const [QUOTE, DOUBLE, BACKSLASH, HASH, COLON] = [39, 34, 92, 35, 58];

/** What ends a plain scalar in a flow collection. */
const isFlowMark = (code: number): boolean =>
  code === 0x2c || code === 0x5b || code === 0x5d || code === 0x7b || code === 0x7d;

export interface PlainScalar {
  readonly text: string;
  /** It was followed by a line break: a key may begin after it. */
  readonly broken: boolean;
}

export function plainScalar(cursor: Cursor, indent: number, inFlow: boolean): PlainScalar {
  const { text } = cursor;
  let result = '';
  let gap = '';
  let broken = false;
  for (;;) {
    if (cursor.peek() === HASH) break;
    const from = cursor.at;
    let at = from;
    for (;;) {
      const code = text.charCodeAt(at);
      if (code <= SPACE || code > 126) {
        if (isGap(code)) break;
      } else if (code === COLON) {
        const next = text.charCodeAt(at + 1);
        if (isGap(next) || (inFlow && isFlowMark(next))) break;
      } else if (inFlow && (isFlowMark(code) || code === 0x3f)) break;
      at += 1;
    }
    cursor.at = at;
    if (at === from) break;
    broken = false;
    result += gap + text.slice(from, cursor.at);
    const before = cursor.lineStart;
    const found = plainGap(cursor);
    if (cursor.lineStart !== before) broken = true;
    if (found === undefined || found === '' || cursor.peek() === HASH || (!inFlow && cursor.column < indent)) break;
    gap = found;
  }
  return { text: result, broken };
}

/** Blanks and line breaks within a plain scalar; undefined where the document ends. */
function plainGap(cursor: Cursor): string | undefined {
  const from = cursor.at;
  cursor.skipSpaces();
  const blanks = cursor.text.slice(from, cursor.at);
  if (!isBreak(cursor.peek())) return blanks;
  const first = cursor.lineBreak();
  if (cursor.isDocumentMark()) return undefined;
  let breaks = '';
  for (;;) {
    cursor.skipSpaces();
    if (!isBreak(cursor.peek())) break;
    breaks += cursor.lineBreak();
    if (cursor.isDocumentMark()) return undefined;
  }
  return folded(first, breaks);
}

const folded = (first: string, breaks: string): string =>
  first !== '\n' ? first + breaks : breaks === '' ? ' ' : breaks;

/** Quoted text, which may go over lines at any indentation. */
export function quotedScalar(cursor: Cursor): string {
  const start = cursor.at;
  const quote = cursor.peek();
  cursor.at += 1;
  let result = '';
  for (;;) {
    result += quotedText(cursor, quote);
    if (cursor.peek() === quote) {
      cursor.at += 1;
      return result;
    }
    result += quotedGap(cursor, quote, start);
  }
}

function quotedText(cursor: Cursor, quote: number): string {
  let result = '';
  let from = cursor.at;
  for (;;) {
    const code = cursor.peek();
    if (isGap(code)) break;
    if (quote === QUOTE && code === QUOTE) {
      if (cursor.peek(1) !== QUOTE) break;
      result += `${cursor.text.slice(from, cursor.at)}'`;
      cursor.at += 2;
      from = cursor.at;
    } else if (quote === DOUBLE && code === DOUBLE) break;
    else if (quote === DOUBLE && code === BACKSLASH) {
      result += cursor.text.slice(from, cursor.at) + escaped(cursor);
      from = cursor.at;
    } else cursor.at += 1;
  }
  return result + cursor.text.slice(from, cursor.at);
}

function quotedGap(cursor: Cursor, quote: number, start: number): string {
  const from = cursor.at;
  while (cursor.peek() === SPACE || cursor.peek() === TAB) cursor.at += 1;
  if (cursor.peek() === END) cursor.fail(`the text in ${String.fromCharCode(quote)} quotes never ends`, start);
  if (!isBreak(cursor.peek())) return cursor.text.slice(from, cursor.at);
  const first = cursor.lineBreak();
  return folded(first, quotedBreaks(cursor));
}

function quotedBreaks(cursor: Cursor): string {
  let breaks = '';
  for (;;) {
    if (cursor.isDocumentMark()) cursor.fail('a document ends within quotes');
    while (cursor.peek() === SPACE || cursor.peek() === TAB) cursor.at += 1;
    if (!isBreak(cursor.peek())) return breaks;
    breaks += cursor.lineBreak();
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '\\': '\\',
  '/': '/',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
const HEX_LENGTHS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

function escaped(cursor: Cursor): string {
  cursor.at += 1;
  const code = cursor.peek();
  if (isBreak(code)) {
    cursor.lineBreak();
    return quotedBreaks(cursor);
  }
  const key = code === END ? '' : String.fromCharCode(code);
  const plain = Object.hasOwn(ESCAPES, key) ? ESCAPES[key] : undefined;
  if (plain !== undefined) {
    cursor.at += 1;
    return plain;
  }
  const length = Object.hasOwn(HEX_LENGTHS, key) ? HEX_LENGTHS[key] : undefined;
  if (length === undefined) return cursor.fail(`\\${key} is no escape; a backslash itself is written \\\\`);
  const digits = cursor.text.slice(cursor.at + 1, cursor.at + 1 + length);
  const point = Number.parseInt(digits, 16);
  if (digits.length !== length || !/^[0-9a-fA-F]+$/.test(digits) || point > 0x10ffff)
    cursor.fail(`\\${key} needs ${length} hexadecimal digits`);
  cursor.at += 1 + length;
  return String.fromCodePoint(point);
}

/** Text after `|` or `>`. */
export function blockScalar(cursor: Cursor, indent: number): string {
  const isFolded = cursor.peek() === 0x3e;
  cursor.at += 1;
  const { keep, strip, increment } = blockHeader(cursor);
  const least = Math.max(indent + 1, 1);
  let breaks: string;
  let own: number;
  if (increment === undefined) {
    const found = leadingBreaks(cursor);
    own = Math.max(least, found.column);
    breaks = found.breaks;
  } else {
    own = least + increment - 1;
    breaks = blockBreaks(cursor, own);
  }
  let result = '';
  let lineBreak = '';
  while (cursor.column === own && cursor.peek() !== END) {
    result += breaks;
    const indented = cursor.peek() === SPACE || cursor.peek() === TAB;
    const from = cursor.at;
    cursor.skipToBreak();
    result += cursor.text.slice(from, cursor.at);
    lineBreak = cursor.lineBreak();
    breaks = blockBreaks(cursor, own);
    if (cursor.column !== own || cursor.peek() === END) break;
    const next = cursor.peek();
    if (isFolded && lineBreak === '\n' && !indented && next !== SPACE && next !== TAB)
      result += breaks === '' ? ' ' : '';
    else result += lineBreak;
  }
  if (!strip) result += lineBreak;
  return keep ? result + breaks : result;
}

function blockHeader(cursor: Cursor) {
  let keep = false;
  let strip = false;
  let increment: number | undefined;
  for (let count = 0; count < 2; count += 1) {
    const code = cursor.peek();
    if (!keep && !strip && (code === 0x2b || code === 0x2d)) {
      keep = code === 0x2b;
      strip = code === 0x2d;
    } else if (increment === undefined && code >= 0x30 && code <= 0x39) {
      if (code === 0x30) cursor.fail('an indentation of 0 cannot be given');
      increment = code - 0x30;
    } else break;
    cursor.at += 1;
  }
  if (!isGap(cursor.peek()) || cursor.peek() === TAB)
    cursor.fail(`a line break must follow | or >, not ${cursor.shown()}`);
  cursor.skipSpaces();
  if (cursor.peek() === HASH) cursor.skipToBreak();
  if (cursor.peek() !== END && !isBreak(cursor.peek()))
    cursor.fail(`a comment or a line break must follow | or >, not ${cursor.shown()}`);
  cursor.lineBreak();
  return { keep, strip, increment };
}

/** Empty lines at the beginning, and how far the text after them is indented. */
function leadingBreaks(cursor: Cursor): { readonly breaks: string; readonly column: number } {
  let breaks = '';
  let column = 0;
  for (;;) {
    if (isBreak(cursor.peek())) breaks += cursor.lineBreak();
    else if (cursor.peek() === SPACE) {
      cursor.at += 1;
      column = Math.max(column, cursor.column);
    } else return { breaks, column };
  }
}

function blockBreaks(cursor: Cursor, indent: number): string {
  let breaks = '';
  for (;;) {
    while (cursor.column < indent && cursor.peek() === SPACE) cursor.at += 1;
    if (!isBreak(cursor.peek())) return breaks;
    breaks += cursor.lineBreak();
  }
}
