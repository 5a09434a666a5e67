/** Any value that survives a trip through JSON. Everything that crosses a process boundary is made of it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;

/** A JSON object. Key order is kept and is part of behaviour where the reference's is. */
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof OddScalar);
}

/** A scalar of YAML that JSON has no form of its own for. It passes for a `Json` while a blueprint is compiled. */
export class OddScalar {}

/** A date or time, which is no value that a blueprint may hold: kept apart so that it can be refused by name. */
export class DateScalar extends OddScalar {}

/** `1.0`: in JSON the same as 1, but no integer, and written with its fraction where text is made of it. */
export class WholeFloat extends OddScalar {
  readonly #value: number;

  constructor(value: number) {
    super();
    this.#value = value;
  }

  override valueOf(): number {
    return this.#value;
  }

  toJSON(): number {
    return this.#value;
  }

  override toString(): string {
    return pythonFloat(this.#value);
  }
}

/** A float in the form that Python writes it. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  const size = Math.abs(value);
  if (value !== 0 && (size < 1e-4 || size >= 1e16)) return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** A number of either kind. */
export const isNumber = (value: unknown): boolean => typeof value === 'number' || value instanceof WholeFloat;

/** The object's own member: keys such as `constructor` come from blueprints like any other. */
export function member(object: unknown, key: string): Json | undefined {
  return isObject(object) && Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The member if it is an object, else an empty one. */
export function objectMember(object: unknown, key: string): JsonObject {
  const value = member(object, key);
  return isObject(value) ? value : {};
}

/** The member if it is a list, else an empty one. */
export function listMember(object: unknown, key: string): readonly Json[] {
  const value = member(object, key);
  return Array.isArray(value) ? value : [];
}

/** The member if it is text. */
export function textMember(object: unknown, key: string): string | undefined {
  const value = member(object, key);
  return typeof value === 'string' ? value : undefined;
}

/** The object with changed values; itself where nothing changes. */
export function mapEntries<T>(
  object: Readonly<Record<string, T>>,
  change: (value: T, key: string) => T,
): Readonly<Record<string, T>> {
  let changed: Record<string, T> | undefined;
  for (const key of Object.keys(object)) {
    const value = object[key] as T;
    const own = change(value, key);
    if (own === value) continue;
    changed ??= { ...object };
    Object.defineProperty(changed, key, { value: own, enumerable: true, writable: true, configurable: true });
  }
  return changed ?? object;
}

/** The list with changed items; itself where nothing changes. */
export function mapItems<T>(items: readonly T[], change: (item: T, index: number) => T): readonly T[] {
  let changed: T[] | undefined;
  for (let index = 0; index < items.length; index += 1) {
    const item = items[index] as T;
    const own = change(item, index);
    if (own === item) continue;
    changed ??= [...items];
    changed[index] = own;
  }
  return changed ?? items;
}
