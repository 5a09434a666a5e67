/**
 * A source: YAML text in, a plain value and its places out. The only user of the YAML library.
 *
 * Hostile input ends here: aliases that multiply, nesting without end and files without end are refused by a diagnostic.
 */
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import type { Place, Report } from './diagnostics.js';
import { isObject, type Json } from './json.js';
import type { Positions } from './positions.js';
import { numberOf, plainScalar } from './yaml-scalars.js';

export interface SourceLimits {
  readonly characters: number;
  /** Values in the file, those behind aliases counted each time. */
  readonly values: number;
  readonly depth: number;
}

export const SOURCE_LIMITS: SourceLimits = { characters: 16 * 1024 * 1024, values: 2_000_000, depth: 200 };

/** Keys that are no text stay known, since most mappings may not have them. */
export const NON_TEXT_KEYS = new WeakSet<object>();

export interface Source {
  readonly file: string;
  readonly value: Json;
}

/** @returns undefined when the text cannot be read, which has been reported */
export function readSource(
  file: string,
  text: string,
  positions: Positions,
  report: Report,
  limits: SourceLimits = SOURCE_LIMITS,
): Source | undefined {
  if (text.length > limits.characters) {
    report('C2003', `the file has ${text.length} characters; at most ${limits.characters} are read`, {
      file,
      offset: 0,
    });
    return undefined;
  }
  const contents = parse(file, text, report);
  if (contents === undefined) return undefined;
  try {
    const reader = new Reader(file, positions, report, limits);
    const value = contents === null ? {} : reader.value(contents, 0);
    return reader.failed ? undefined : { file, value: value === null ? {} : value };
  } catch (error) {
    if (!(error instanceof TooMuch)) throw error;
    report('C2003', error.message, { file, offset: error.offset });
    return undefined;
  }
}

function parse(file: string, text: string, report: Report): Node | null | undefined {
  try {
    // The failsafe schema leaves scalars as they are written: what they mean is decided by `plainScalar`.
    const document = parseDocument(text, {
      version: '1.1',
      schema: 'failsafe',
      uniqueKeys: false,
      prettyErrors: false,
      logLevel: 'silent',
    });
    for (const { message, pos } of document.errors)
      report('C2001', `cannot read this YAML: ${message}`, { file, offset: pos[0] });
    return document.errors.length > 0 ? undefined : (document.contents as Node | null);
  } catch (error) {
    // The library recurses: nesting without end overflows its stack.
    if (!(error instanceof RangeError)) throw error;
    report('C2003', 'the file is nested too deep to be read', { file, offset: 0 });
    return undefined;
  }
}

class TooMuch extends Error {
  constructor(
    message: string,
    readonly offset: number,
  ) {
    super(message);
  }
}

interface Anchored {
  readonly value: Json;
  /** Values in it, aliases counted each time. */
  readonly size: number;
}

const ASCII = /^[\0-\x7f]*$/;

class Reader {
  failed = false;
  readonly #anchors = new Map<string, Anchored | undefined>();
  #count = 0;

  constructor(
    readonly file: string,
    readonly positions: Positions,
    readonly report: Report,
    readonly limits: SourceLimits,
  ) {}

  value(node: Node, depth: number): Json {
    this.#grow(1, node);
    if (depth > this.limits.depth) throw new TooMuch(`nested deeper than ${this.limits.depth} levels`, offsetOf(node));
    if (isAlias(node)) return this.#alias(node);
    const anchor = (node as Scalar).anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, undefined);
    const before = this.#count;
    const value = this.#content(node, depth);
    if (anchor !== undefined) this.#anchors.set(anchor, { value, size: this.#count - before });
    return value;
  }

  #content(node: Node, depth: number): Json {
    if (isScalar(node)) return this.#scalar(node);
    if (isMap(node)) return this.#mapping(node, depth);
    if (!isSeq(node)) throw new Error('the YAML library returned a node of an unknown kind');
    const marks = new Map<number, { key: Place; value: Place }>();
    const list = node.items.map((item, index) => {
      const place = this.#place(item as Node);
      marks.set(index, { key: place, value: place });
      return item ? this.value(item as Node, depth + 1) : null;
    });
    this.positions.mark(list, this.#place(node), marks);
    return list;
  }

  #mapping(node: YAMLMap, depth: number): Json {
    const marks = new Map<string, { key: Place; value: Place }>();
    const own = new Map<string, Json>();
    const merged: Json[] = [];
    let otherKeys = false;
    for (const pair of node.items) {
      const keyNode = pair.key as Node | null;
      const key = keyNode ? this.value(keyNode, depth + 1) : null;
      const value = pair.value ? this.value(pair.value as Node, depth + 1) : null;
      if (isScalar(keyNode) && key === '<<' && keyNode.type === 'PLAIN') {
        merged.push(...this.#mergeSources(value, pair.value as Node | null));
        continue;
      }
      if (typeof key === 'object' && key !== null) {
        this.#fail('a mapping or a list cannot be a key', keyNode as Node);
        continue;
      }
      if (typeof key !== 'string') otherKeys = true;
      const name = String(key);
      const place = this.#place(keyNode ?? node);
      marks.set(name, { key: place, value: pair.value ? this.#place(pair.value as Node) : place });
      own.set(name, value);
    }
    // Earlier merged mappings win over later ones, and what is written here over them all.
    const result: Record<string, Json> = {};
    for (const source of merged.reverse())
      for (const [key, value] of Object.entries(source as object)) put(result, key, value);
    for (const [key, value] of own) put(result, key, value);
    this.positions.mark(result, this.#place(node), marks);
    if (otherKeys) NON_TEXT_KEYS.add(result);
    return result;
  }

  #mergeSources(value: Json, node: Node | null): Json[] {
    const sources = Array.isArray(value) ? (value as Json[]) : [value];
    if (sources.every(isObject)) return sources;
    this.#fail('<< merges mappings, or a list of mappings', node);
    return [];
  }

  #scalar(node: Scalar): Json {
    const text = String(node.value ?? '');
    if (!ASCII.test(text)) {
      this.failed = true;
      this.report('C2002', `only ASCII characters are allowed here, not ${JSON.stringify(text)}`, this.#place(node));
    }
    const { tag } = node;
    if (tag === undefined || tag === '!')
      return (node.type === 'PLAIN' && tag === undefined ? plainScalar(text) : text) as Json;
    return this.#tagged(tag, text, node);
  }

  #tagged(tag: string, text: string, node: Scalar): Json {
    const plain = plainScalar(text);
    switch (tag) {
      case 'tag:yaml.org,2002:str':
        return text;
      case 'tag:yaml.org,2002:null':
        return null;
      case 'tag:yaml.org,2002:bool':
        if (typeof plain === 'boolean') return plain;
        break;
      case 'tag:yaml.org,2002:int':
      case 'tag:yaml.org,2002:float': {
        const number = numberOf(text) ?? Number(text);
        if (!Number.isNaN(number)) return number;
        break;
      }
      case 'tag:yaml.org,2002:timestamp':
        return new Date(Number.NaN) as never;
      default:
    }
    this.#fail(`the tag ${tag} cannot be used here`, node);
    return null;
  }

  #alias(node: Alias): Json {
    const anchored = this.#anchors.get(node.source);
    if (anchored) {
      this.#grow(anchored.size, node);
      return anchored.value;
    }
    const problem = this.#anchors.has(node.source)
      ? 'stands within what it stands for'
      : 'stands for nothing before it';
    this.#fail(`the alias *${node.source} ${problem}`, node);
    return null;
  }

  #grow(by: number, node: Node): void {
    this.#count += by;
    if (this.#count > this.limits.values)
      throw new TooMuch(`more than ${this.limits.values} values, those behind aliases counted`, offsetOf(node));
  }

  #fail(message: string, node: Node | null): void {
    this.failed = true;
    this.report(
      'C2001',
      `cannot read this YAML: ${message}`,
      node ? this.#place(node) : { file: this.file, offset: 0 },
    );
  }

  #place(node: Node | null): Place {
    return { file: this.file, offset: node ? offsetOf(node) : 0 };
  }
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** Sets a key as data, whatever its name: `__proto__` is a key like any other. */
function put(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  else object[key] = value;
}
