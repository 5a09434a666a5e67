/**
 * A source: YAML text in, a plain value and its places out.
 *
 * Hostile input ends here: aliases that multiply, nesting without end and files without end are refused by a diagnostic.
 */
import type { DiagnosticCode, Place, Report } from './diagnostics.js';
import { DateScalar, isObject, type Json, OddScalar } from './json.js';
import type { Positions } from './positions.js';
import { readBlocks } from './yaml/blocks.js';
import { type AliasNode, type MappingNode, parseYaml, type ScalarNode, type YamlNode } from './yaml/parser.js';
import { numberOf, plainScalar } from './yaml/plain-scalars.js';
import { YamlError } from './yaml/text.js';

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
  const blocks = readBlocks(text, limits, {
    mapping: (mapping, offset, keys, offsets) => positions.markMapping(mapping, file, offset, keys, offsets),
    list: (list, offset, offsets) => positions.markList(list, file, offset, offsets),
  });
  return blocks ? { file, value: blocks.value ?? {} } : parsedSource(file, text, positions, report, limits);
}

/** What the whole of YAML makes of the text. */
export function parsedSource(
  file: string,
  text: string,
  positions: Positions,
  report: Report,
  limits: SourceLimits,
): Source | undefined {
  try {
    const root = parseYaml(text, limits.depth);
    const value = root ? new Reader(file, positions, report, limits).value(root, 0) : null;
    return { file, value: value ?? {} };
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const unreadable = error.stage === 'limit' ? '' : 'cannot read this YAML: ';
    report(CODES[error.stage], unreadable + error.message, { file, offset: error.offset });
    return undefined;
  }
}

const CODES: Readonly<Record<YamlError['stage'], DiagnosticCode>> = {
  parser: 'C2001',
  limit: 'C2003',
  scanner: 'C2004',
  reader: 'C2005',
  composer: 'C2006',
  constructor: 'C2007',
};

interface Anchored {
  readonly value: Json;
  /** Values in it, aliases counted each time. */
  readonly size: number;
}

const ASCII = /^[\0-\x7f]*$/;

class Reader {
  readonly #anchors = new Map<string, Anchored | undefined>();
  #count = 0;

  constructor(
    readonly file: string,
    readonly positions: Positions,
    readonly report: Report,
    readonly limits: SourceLimits,
  ) {}

  value(node: YamlNode, depth: number): Json {
    this.#grow(1, node);
    if (node.kind === 'alias') return this.#alias(node);
    const { anchor } = node;
    if (anchor === undefined) return this.#content(node, depth);
    this.#anchors.set(anchor, undefined);
    const before = this.#count;
    const value = this.#content(node, depth);
    this.#anchors.set(anchor, { value, size: this.#count - before });
    return value;
  }

  #content(node: Exclude<YamlNode, AliasNode>, depth: number): Json {
    if (node.kind === 'scalar') return this.#scalar(node);
    if (node.tag !== undefined && !COLLECTION_TAGS.has(node.tag)) throw unknownTag(node.tag, node);
    if (node.kind === 'mapping') return this.#mapping(node, depth);
    const list = node.items.map((item) => this.value(item, depth + 1));
    this.positions.markList(
      list,
      this.file,
      node.offset,
      node.items.map(({ offset }) => offset),
    );
    return list;
  }

  #mapping(node: MappingNode, depth: number): Json {
    const places = new Map<string, readonly [key: number, value: number]>();
    const own = new Map<string, Json>();
    const merged: Json[] = [];
    let otherKeys = false;
    for (const [keyNode, valueNode] of node.pairs) {
      const key = this.value(keyNode, depth + 1);
      const value = this.value(valueNode, depth + 1);
      if (key === '<<' && keyNode.kind === 'scalar' && keyNode.plain && keyNode.tag === undefined) {
        merged.push(...this.#mergeSources(value, valueNode));
        continue;
      }
      const isDate = (key as unknown) instanceof DateScalar;
      if (typeof key === 'object' && key !== null && !((key as unknown) instanceof OddScalar))
        throw new YamlError('constructor', 'a mapping or a list cannot be a key', keyNode.offset);
      if (typeof key !== 'string') otherKeys = true;
      const name = isDate && keyNode.kind === 'scalar' ? keyNode.text : String(key);
      places.set(name, [keyNode.offset, valueNode.offset]);
      own.set(name, value);
    }
    // Earlier merged mappings win over later ones, and what is written here over them all.
    const result: Record<string, Json> = {};
    for (const source of merged.reverse())
      for (const [key, value] of Object.entries(source as object)) put(result, key, value);
    for (const [key, value] of own) put(result, key, value);
    this.positions.markMapping(result, this.file, node.offset, [...places.keys()], [...places.values()].flat());
    if (otherKeys) NON_TEXT_KEYS.add(result);
    return result;
  }

  #mergeSources(value: Json, node: YamlNode): Json[] {
    const sources = Array.isArray(value) ? (value as Json[]) : [value];
    if (sources.every(isObject)) return sources;
    throw new YamlError('constructor', '<< merges mappings, or a list of mappings', node.offset);
  }

  #scalar(node: ScalarNode): Json {
    const { text, tag } = node;
    if (!ASCII.test(text))
      this.report('C2002', `only ASCII characters are allowed here, not ${JSON.stringify(text)}`, this.#place(node));
    if (tag === undefined) return (node.plain ? plainScalar(text) : text) as Json;
    return tag === '!' ? text : this.#tagged(tag, node);
  }

  #tagged(tag: string, node: ScalarNode): Json {
    const { text } = node;
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
        if (!Number.isNaN(Number(number))) return number as Json;
        break;
      }
      case 'tag:yaml.org,2002:timestamp':
        return new DateScalar() as never;
      default:
    }
    throw unknownTag(tag, node);
  }

  #alias(node: AliasNode): Json {
    const anchored = this.#anchors.get(node.name);
    if (anchored) {
      this.#grow(anchored.size, node);
      return anchored.value;
    }
    throw new YamlError('composer', `the alias *${node.name} stands within what it stands for`, node.offset);
  }

  #grow(by: number, { offset }: YamlNode): void {
    this.#count += by;
    if (this.#count > this.limits.values)
      throw new YamlError('limit', `more than ${this.limits.values} values, those behind aliases counted`, offset);
  }

  #place({ offset }: YamlNode): Place {
    return { file: this.file, offset };
  }
}

const COLLECTION_TAGS: ReadonlySet<string> = new Set(['!', 'tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq']);

function unknownTag(tag: string, { offset }: YamlNode): YamlError {
  return new YamlError('constructor', `the tag ${tag} cannot be used here`, offset);
}

/** Sets a key as data, whatever its name: `__proto__` is a key like any other. */
function put(object: Record<string, Json>, key: string, value: Json): void {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true });
  else object[key] = value;
}
