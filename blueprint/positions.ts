/** Where in the sources a value was written. Values are plain JSON; this remembers their places beside them. */
import type { Place, SourcePosition } from './diagnostics.js';
import type { Json } from './json.js';

/** Places of one container. Most are never asked for, so that offsets become places only when they are. */
interface Marks {
  readonly place: Place;
  /** Names of the keys that have places, of a mapping. */
  readonly names: readonly string[];
  /** Of a key or its value; of an item, whose sides are one. */
  find(key: string | number, side: Side): Place | undefined;
}

type Side = 'key' | 'value';

/** Mappings with more keys than this are searched by an index. */
const SEARCHED = 8;

/** A container as it is in one file. Offsets: of each key and its value in turn, or of each item. */
class Written implements Marks {
  #index: ReadonlyMap<string, number> | undefined;

  constructor(
    readonly file: string,
    readonly offset: number,
    readonly names: readonly string[],
    readonly offsets: readonly number[],
  ) {}

  get place(): Place {
    return { file: this.file, offset: this.offset };
  }

  find(key: string | number, side: Side): Place | undefined {
    const at = typeof key === 'number' ? key : this.#position(key) * 2 + (side === 'value' ? 1 : 0);
    const offset = this.offsets[at];
    return offset === undefined ? undefined : { file: this.file, offset };
  }

  #position(key: string): number {
    if (this.names.length <= SEARCHED) return this.names.indexOf(key);
    this.#index ??= new Map(this.names.map((name, index) => [name, index]));
    return this.#index.get(key) ?? Number.NaN;
  }
}

/** A mapping under other names. */
class Renamed implements Marks {
  readonly #written: ReadonlyMap<string, string>;

  constructor(
    readonly of: Marks,
    rename: (key: string) => string,
  ) {
    this.#written = new Map(of.names.map((name) => [rename(name), name]));
  }

  get place(): Place {
    return this.of.place;
  }

  get names(): readonly string[] {
    return [...this.#written.keys()];
  }

  find(key: string | number, side: Side): Place | undefined {
    const written = typeof key === 'number' ? key : this.#written.get(key);
    return written === undefined ? undefined : this.of.find(written, side);
  }
}

/** A mapping made of several; of two with the same key the earlier one tells its place. */
class United implements Marks {
  constructor(readonly parts: readonly [Marks, ...Marks[]]) {}

  get place(): Place {
    return this.parts[0].place;
  }

  get names(): readonly string[] {
    return this.parts.flatMap(({ names }) => names);
  }

  find(key: string | number, side: Side): Place | undefined {
    for (const part of this.parts) {
      const found = part.find(key, side);
      if (found) return found;
    }
    return undefined;
  }
}

/** A list with the items of several, one after the other. */
class Joined implements Marks {
  readonly names: readonly string[] = [];

  constructor(
    readonly place: Place,
    readonly items: readonly (Place | undefined)[],
  ) {}

  find(key: string | number): Place | undefined {
    return typeof key === 'number' ? this.items[key] : undefined;
  }
}

export class Positions {
  /** Kept as long as the compilation: a weak map of so many is slow. */
  readonly #marks = new Map<object, Marks>();

  /** @param offsets of each key and its value, in turn */
  markMapping(mapping: object, file: string, offset: number, keys: readonly string[], offsets: readonly number[]) {
    this.#marks.set(mapping, new Written(file, offset, keys, offsets));
  }

  /** @param offsets of each item */
  markList(list: object, file: string, offset: number, offsets: readonly number[]): void {
    this.#marks.set(list, new Written(file, offset, NO_NAMES, offsets));
  }

  /** Place of a container itself. */
  of(container: unknown): Place | undefined {
    return this.#of(container)?.place;
  }

  /** Place of a key in its container, else of the container. */
  ofKey(container: unknown, key: string | number): Place | undefined {
    const marks = this.#of(container);
    return marks?.find(key, 'key') ?? marks?.place;
  }

  /** Place of a value in its container, else of the container. */
  ofValue(container: unknown, key: string | number): Place | undefined {
    const marks = this.#of(container);
    return marks?.find(key, 'value') ?? marks?.place;
  }

  /** Gives a copy of a container the places of the original. `rename` tells a key's name in the copy. */
  carry<T extends object>(from: object, to: T, rename?: (key: string) => string): T {
    const marks = this.#marks.get(from);
    if (marks) this.#marks.set(to, rename ? new Renamed(marks, rename) : marks);
    return to;
  }

  /** Gives a mapping made of several others the places of them all, earlier ones first. */
  unite<T extends object>(to: T, ...from: readonly (object | undefined)[]): T {
    const [first, ...others] = from.flatMap((one) => this.#of(one) ?? []);
    if (first) this.#marks.set(to, new United([first, ...others]));
    return to;
  }

  /** Gives a list made of several others, one after the other, the places of them all. */
  join<T extends object>(to: T, from: readonly (readonly unknown[])[]): T {
    const place = this.of(from[0]);
    const items = from.flatMap((list) => list.map((_, index) => this.ofValue(list, index)));
    if (place) this.#marks.set(to, new Joined(place, items));
    return to;
  }

  #of(container: unknown): Marks | undefined {
    return typeof container === 'object' && container !== null ? this.#marks.get(container) : undefined;
  }
}

const NO_NAMES: readonly string[] = [];

/** Turns offsets into lines and columns. */
export class LineTable {
  readonly #starts: readonly number[];

  constructor(text: string) {
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#starts = starts;
  }

  position({ file, offset }: Place): SourcePosition {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: offset - (this.#starts[low] as number) + 1 };
  }
}

/** Tells lines and columns in the given texts, by location. */
export function locator(sources: ReadonlyMap<string, string>): (place: Place) => SourcePosition | undefined {
  const tables = new Map<string, LineTable>();
  return (place) => {
    const text = sources.get(place.file);
    if (text === undefined) return undefined;
    const table = tables.get(place.file) ?? new LineTable(text);
    tables.set(place.file, table);
    return table.position(place);
  };
}

/** A copy of a container with other values, at the same places. */
export function mapValues(
  positions: Positions,
  container: { readonly [key: string]: Json },
  change: (value: Json, key: string) => Json,
  rename?: (key: string) => string,
): { readonly [key: string]: Json } {
  const copy = Object.fromEntries(
    Object.entries(container).map(([key, value]) => [rename ? rename(key) : key, change(value, key)]),
  );
  return positions.carry(container, copy, rename);
}
