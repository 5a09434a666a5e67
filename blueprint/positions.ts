/** Where in the sources a value was written. Values are plain JSON; this remembers their places beside them. */
import type { Place, SourcePosition } from './diagnostics.js';
import type { Json } from './json.js';

interface Marks {
  readonly place: Place;
  readonly keys?: ReadonlyMap<string, KeyMarks>;
  /** Of a list: where its items are. */
  readonly items?: readonly Place[];
}

/** Offsets of a key and its value. There are many of these: one object each. */
export interface KeyMarks {
  readonly file: string;
  readonly key: number;
  readonly value: number;
}

export class Positions {
  /** Kept as long as the compilation: a weak map of so many is slow. */
  readonly #marks = new Map<object, Marks>();

  markMapping(mapping: object, place: Place, keys: ReadonlyMap<string, KeyMarks>): void {
    this.#marks.set(mapping, { place, keys });
  }

  markList(list: object, place: Place, items: readonly Place[]): void {
    this.#marks.set(list, { place, items });
  }

  /** Place of a container itself. */
  of(container: unknown): Place | undefined {
    return this.#of(container)?.place;
  }

  /** Place of a key in its container, else of the container. */
  ofKey(container: unknown, key: string | number): Place | undefined {
    return this.#ofMember(container, key, 'key');
  }

  /** Place of a value in its container, else of the container. */
  ofValue(container: unknown, key: string | number): Place | undefined {
    return this.#ofMember(container, key, 'value');
  }

  #ofMember(container: unknown, key: string | number, side: 'key' | 'value'): Place | undefined {
    const marks = this.#of(container);
    if (!marks) return undefined;
    if (typeof key === 'number') return marks.items?.[key] ?? marks.place;
    const own = marks.keys?.get(key);
    return own ? { file: own.file, offset: own[side] } : marks.place;
  }

  /** Gives a copy of a container the places of the original. `rename` tells a key's name in the copy. */
  carry<T extends object>(from: object, to: T, rename?: (key: string) => string): T {
    const marks = this.#of(from);
    if (!marks) return to;
    const { keys } = marks;
    const renamed = rename && keys ? new Map([...keys].map(([key, own]) => [rename(key), own])) : keys;
    this.#marks.set(to, renamed === keys ? marks : { ...marks, ...(renamed ? { keys: renamed } : {}) });
    return to;
  }

  /** Gives a container made of several others the places of them all, earlier ones first. */
  unite<T extends object>(to: T, ...from: readonly (object | undefined)[]): T {
    const all = from.flatMap((one) => this.#of(one) ?? []);
    const [first] = all;
    if (first)
      this.#marks.set(to, { place: first.place, keys: new Map(all.flatMap(({ keys = [] }) => [...keys]).reverse()) });
    return to;
  }

  #of(container: unknown): Marks | undefined {
    return typeof container === 'object' && container !== null ? this.#marks.get(container) : undefined;
  }
}

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
