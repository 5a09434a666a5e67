/** Tokens to nodes: the structure of one document, with the places of everything in it. */
import { Scanner, type Token, type TokenKind, unprintable } from './scanner.js';
import { YamlError } from './text.js';

export type YamlNode = ScalarNode | MappingNode | SequenceNode | AliasNode;

interface NodeBase {
  readonly offset: number;
  readonly anchor: string | undefined;
  /** In full: `tag:yaml.org,2002:str`, or `!` for "as it is written". */
  readonly tag: string | undefined;
}
export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly text: string;
  readonly plain: boolean;
}
export interface MappingNode extends NodeBase {
  readonly kind: 'mapping';
  readonly pairs: readonly (readonly [key: YamlNode, value: YamlNode])[];
}
export interface SequenceNode extends NodeBase {
  readonly kind: 'sequence';
  readonly items: readonly YamlNode[];
}
export interface AliasNode {
  readonly kind: 'alias';
  readonly offset: number;
  readonly name: string;
}

/**
 * The document of a text, undefined when it is empty.
 *
 * @param depth how deep values may be nested
 * @throws YamlError
 */
export function parseYaml(text: string, depth: number): YamlNode | undefined {
  const odd = unprintable(text);
  if (odd !== undefined)
    throw new YamlError('reader', `the character ${JSON.stringify(text[odd])} cannot stand in YAML`, odd);
  return new Parser(new Scanner(text, depth)).document();
}

type Properties = Pick<NodeBase, 'anchor' | 'tag'>;

class Parser {
  readonly #handles = new Map([
    ['!', '!'],
    ['!!', 'tag:yaml.org,2002:'],
  ]);

  readonly #anchors = new Set<string>();

  constructor(readonly scanner: Scanner) {}

  document(): YamlNode | undefined {
    const { scanner } = this;
    if (scanner.kind() === 'end') return undefined;
    let root: YamlNode | undefined;
    if (scanner.kind() === 'directive' || scanner.kind() === 'document') {
      while (scanner.kind() === 'directive') this.#directive(scanner.take());
      if (scanner.kind() !== 'document') this.#fail('--- must follow directives');
      scanner.take();
      root = DOCUMENT_ENDS.has(scanner.kind()) ? empty(scanner.peek().offset) : this.#node(true, false);
    } else root = this.#node(true, false);
    while (scanner.kind() === 'document end') scanner.take();
    if (scanner.kind() === 'end') return root;
    const another = scanner.kind() === 'directive' || scanner.kind() === 'document';
    while (scanner.kind() === 'directive') this.#directive(scanner.take());
    if (another && scanner.kind() === 'document')
      throw new YamlError('composer', 'a file holds one document; here begins another', scanner.peek().offset);
    return this.#fail('here is something after the end of the document; is it indented wrongly?');
  }

  #directive({ text, offset }: Token): void {
    const [name, handle, prefix] = text.slice(1).split(/ +/);
    if (name === 'TAG' && handle !== undefined && prefix !== undefined) this.#handles.set(handle, prefix);
    else if (name === 'YAML' && !/^1\./.test(handle ?? ''))
      throw new YamlError('parser', `this is YAML ${handle ?? ''}; only YAML 1 can be read`, offset);
  }

  #node(block: boolean, indentless: boolean): YamlNode {
    const { scanner } = this;
    const first = scanner.peek();
    const { offset } = first;
    if (first.kind === 'scalar') {
      scanner.take();
      return { kind: 'scalar', offset, anchor: undefined, tag: undefined, text: first.text, plain: first.plain };
    }
    if (first.kind === 'alias') return { kind: 'alias', offset, name: this.#known(scanner.take()) };
    const properties = first.kind === 'anchor' || first.kind === 'tag' ? this.#properties() : NO_PROPERTIES;
    const base = { offset, anchor: properties.anchor, tag: properties.tag };
    const { kind } = scanner.peek();
    if (indentless && kind === '-') return { kind: 'sequence', ...base, items: this.#indentlessItems() };
    if (kind === 'scalar') {
      const { text, plain, offset: at } = scanner.take();
      return { kind: 'scalar', ...base, offset: at, text, plain };
    }
    if (kind === '[') return { kind: 'sequence', ...base, items: this.#flowItems() };
    if (kind === '{') return { kind: 'mapping', ...base, pairs: this.#flowPairs() };
    if (block && kind === 'block sequence') return { kind: 'sequence', ...base, items: this.#blockItems() };
    if (block && kind === 'block mapping') return { kind: 'mapping', ...base, pairs: this.#blockPairs() };
    if (properties.anchor !== undefined || properties.tag !== undefined)
      return { kind: 'scalar', ...base, text: '', plain: properties.tag === undefined };
    return this.#fail(`a value is expected here, not ${SHOWN[kind] ?? kind}`);
  }

  #properties(): Properties {
    const { scanner } = this;
    let anchor: string | undefined;
    let tag: string | undefined;
    for (;;) {
      if (anchor === undefined && scanner.kind() === 'anchor') anchor = this.#new(scanner.take());
      else if (tag === undefined && scanner.kind() === 'tag') tag = this.#resolved(scanner.take());
      else return { anchor, tag };
    }
  }

  #known({ text, offset }: Token): string {
    if (!this.#anchors.has(text))
      throw new YamlError('composer', `the alias *${text} stands for nothing before it`, offset);
    return text;
  }

  #new({ text, offset }: Token): string {
    if (this.#anchors.has(text)) throw new YamlError('composer', `the anchor &${text} is there already`, offset);
    this.#anchors.add(text);
    return text;
  }

  #resolved({ text, offset }: Token): string {
    if (text.startsWith('!<') && text.endsWith('>')) return text.slice(2, -1);
    const [, handle = '!', suffix = ''] = /^(!\w*!|!)(.*)$/s.exec(text) ?? [];
    const prefix = this.#handles.get(handle);
    if (prefix === undefined) throw new YamlError('parser', `the tag handle ${handle} is not declared`, offset);
    return prefix + suffix;
  }

  #blockItems(): YamlNode[] {
    const { scanner } = this;
    scanner.take();
    const items: YamlNode[] = [];
    while (scanner.kind() === '-') {
      const { offset } = scanner.take();
      items.push(scanner.kind() === '-' || scanner.kind() === 'block end' ? empty(offset) : this.#node(true, false));
    }
    if (scanner.kind() !== 'block end') this.#fail('a list goes on here with something that is no item');
    scanner.take();
    return items;
  }

  #indentlessItems(): YamlNode[] {
    const { scanner } = this;
    const items: YamlNode[] = [];
    while (scanner.kind() === '-') {
      const { offset } = scanner.take();
      items.push(ITEM_ENDS.has(scanner.kind()) ? empty(offset) : this.#node(true, false));
    }
    return items;
  }

  #blockPairs(): [YamlNode, YamlNode][] {
    const { scanner } = this;
    scanner.take();
    const pairs: [YamlNode, YamlNode][] = [];
    while (scanner.kind() === 'key') {
      let key = empty(scanner.take().offset);
      if (!PAIR_ENDS.has(scanner.kind())) key = this.#node(true, true);
      let value = empty(scanner.peek().offset);
      if (scanner.kind() === 'value') {
        value = empty(scanner.take().offset);
        if (!PAIR_ENDS.has(scanner.kind())) value = this.#node(true, true);
      }
      pairs.push([key, value]);
    }
    if (scanner.kind() !== 'block end')
      this.#fail('a mapping goes on here with something that is no key; is it indented wrongly?');
    scanner.take();
    return pairs;
  }

  #flowItems(): YamlNode[] {
    const { scanner } = this;
    scanner.take();
    const items: YamlNode[] = [];
    while (scanner.kind() !== ']') {
      if (items.length > 0) {
        if (scanner.kind() !== ',') this.#fail('a comma or ] is expected here');
        scanner.take();
        if (scanner.kind() === ']') break;
      }
      if (scanner.kind() === 'key') {
        const { offset } = scanner.take();
        items.push({ kind: 'mapping', offset, anchor: undefined, tag: undefined, pairs: [this.#flowPair(']')] });
      } else items.push(this.#node(false, false));
    }
    scanner.take();
    return items;
  }

  #flowPairs(): [YamlNode, YamlNode][] {
    const { scanner } = this;
    scanner.take();
    const pairs: [YamlNode, YamlNode][] = [];
    while (scanner.kind() !== '}') {
      if (pairs.length > 0) {
        if (scanner.kind() !== ',') this.#fail('a comma or } is expected here');
        scanner.take();
        if (scanner.kind() === '}') break;
      }
      if (scanner.kind() === 'key') {
        scanner.take();
        pairs.push(this.#flowPair('}'));
      } else {
        const key = this.#node(false, false);
        pairs.push([key, empty(key.offset)]);
      }
    }
    scanner.take();
    return pairs;
  }

  #flowPair(end: ']' | '}'): [YamlNode, YamlNode] {
    const { scanner } = this;
    const key =
      scanner.kind() === 'value' || scanner.kind() === ',' || scanner.kind() === end
        ? empty(scanner.peek().offset)
        : this.#node(false, false);
    if (scanner.kind() !== 'value') return [key, empty(key.offset)];
    const { offset } = scanner.take();
    return [key, scanner.kind() === ',' || scanner.kind() === end ? empty(offset) : this.#node(false, false)];
  }

  #fail(message: string): never {
    throw new YamlError('parser', message, this.scanner.peek().offset);
  }
}

const empty = (offset: number): YamlNode => ({
  kind: 'scalar',
  offset,
  anchor: undefined,
  tag: undefined,
  text: '',
  plain: true,
});

const NO_PROPERTIES: Properties = { anchor: undefined, tag: undefined };
const DOCUMENT_ENDS: ReadonlySet<TokenKind> = new Set(['directive', 'document', 'document end', 'end']);
const ITEM_ENDS: ReadonlySet<TokenKind> = new Set(['-', 'key', 'value', 'block end']);
const PAIR_ENDS: ReadonlySet<TokenKind> = new Set(['key', 'value', 'block end']);

const SHOWN: Partial<Record<Token['kind'], string>> = {
  end: 'the end of the file',
  'block end': 'the end of what is indented',
  document: '---',
  value: 'a colon',
  key: 'a key',
};
