/**
 * Runtime properties that record what is done to them. Reads and writes look like those of a plain object, at any
 * depth; every change becomes an operation of a patch, so that concurrent writers of other paths are left alone.
 */
import type { Json, JsonObject } from '../../blueprint/json.js';
import { type PatchOperation, type PropertyPath, valueAt } from '../../graph/patch.js';
import { NonRecoverableError } from './errors.js';

export interface Tracked {
  /** The live view: assign, delete and push as on a plain object. */
  readonly view: Record<string, Json>;
  /** Replaces everything. */
  replace(properties: JsonObject): void;
  /** Changes since the last call. */
  takePatch(): PatchOperation[];
  readonly dirty: boolean;
}

/** @param readOnly the message to refuse writes with; absent = writable */
export function track(properties: JsonObject, readOnly?: string): Tracked {
  let root = clone(properties) as Record<string, Json>;
  let patch: PatchOperation[] = [];
  /** What the changes since the last call began from. */
  let base: JsonObject | undefined = properties;

  function record(operation: PatchOperation): void {
    patch = [...patch.filter(([, path]) => !covers(operation[1], path)), operation];
  }

  function wrap(target: object, path: PropertyPath): object {
    return new Proxy(target, {
      get(owner, key, receiver) {
        const value = Reflect.get(owner, key, receiver);
        if (typeof key === 'symbol' || typeof value !== 'object' || value === null) return value;
        return wrap(value, [...path, keyOf(owner, key)]);
      },
      set(owner, key, value) {
        refuseWrite();
        if (typeof key === 'symbol') throw new NonRecoverableError('runtime properties have no symbol keys');
        if (Array.isArray(owner)) return setItem(owner, key, value, path);
        const stored = checked(value, [...path, key]);
        if (key === '__proto__') throw new NonRecoverableError('a runtime property cannot be called __proto__');
        // Several operations may find an object missing, make it, and each put something of its own into it.
        const made = isEmptyObject(stored) && !Object.hasOwn(owner, key);
        record(made ? ['ensure', [...path, key]] : ['set', [...path, key], stored]);
        return Reflect.set(owner, key, clone(stored));
      },
      deleteProperty(owner, key) {
        refuseWrite();
        if (typeof key === 'symbol' || !Object.hasOwn(owner, key)) return true;
        if (Array.isArray(owner)) {
          Reflect.deleteProperty(owner, key);
          record(['set', path, clone(owner as Json)]);
          return true;
        }
        record(['delete', [...path, key]]);
        return Reflect.deleteProperty(owner, key);
      },
      defineProperty() {
        throw new NonRecoverableError('runtime properties are assigned, not defined: only JSON values are stored');
      },
    });
  }

  /** Lists change as a whole: an index says little once somebody else has changed the list too. */
  function setItem(owner: Json[], key: string, value: unknown, path: PropertyPath): boolean {
    if (key === 'length') owner.length = Number(value);
    else owner[Number(key)] = clone(checked(value, [...path, Number(key)]));
    record(['set', path, clone(owner)]);
    return true;
  }

  /** Called before every change. */
  function refuseWrite(): void {
    if (readOnly !== undefined) throw new NonRecoverableError(readOnly);
    base ??= clone(root as JsonObject);
  }

  const live = new Proxy({} as Record<string, Json>, {
    get: (_, key) => Reflect.get(wrap(root, []), key),
    set: (_, key, value) => Reflect.set(wrap(root, []), key, value),
    deleteProperty: (_, key) => Reflect.deleteProperty(wrap(root, []), key),
    has: (_, key) => Reflect.has(root, key),
    ownKeys: () => Reflect.ownKeys(root),
    defineProperty: (_, key, descriptor) => Reflect.defineProperty(wrap(root, []), key, descriptor),
    getOwnPropertyDescriptor(_, key) {
      const descriptor = Reflect.getOwnPropertyDescriptor(root, key);
      if (!descriptor) return undefined;
      return { ...descriptor, value: Reflect.get(wrap(root, []), key), configurable: true };
    },
  });

  return {
    view: live,
    replace(next) {
      refuseWrite();
      root = clone(checked(next, [])) as Record<string, Json>;
      patch = [['set', [], clone(root as Json)]];
    },
    takePatch() {
      const taken = patch.map((operation, at) => addition(operation, patch.slice(0, at), base ?? {}));
      patch = [];
      if (taken.length > 0) base = undefined;
      return taken;
    },
    get dirty() {
      return patch.length > 0;
    },
  };
}

/**
 * A list that has only grown at its end is told by what was added, so that operations that add to one list at the same
 * time all keep what they added.
 */
function addition(operation: PatchOperation, earlier: readonly PatchOperation[], base: JsonObject): PatchOperation {
  const [op, path, list] = operation;
  if (op !== 'set' || !Array.isArray(list) || path.length === 0 || path.some((key) => typeof key === 'number'))
    return operation;
  if (earlier.some(([kind, other]) => kind !== 'ensure' && covers(other, path))) return operation;
  const before = valueAt(base, path);
  if (before === undefined) return list.length > 0 ? ['begin', path, list] : operation;
  if (!Array.isArray(before) || list.length <= before.length) return operation;
  const grown = before.every((item, at) => JSON.stringify(item) === JSON.stringify(list[at]));
  return grown ? ['append', path, list.slice(before.length)] : operation;
}

/** A value as JSON will have it, or an error that names the path of what JSON has no form for. */
export function checked(value: unknown, path: PropertyPath): Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return value;
    throw unfit(path, String(value));
  }
  if (Array.isArray(value)) return value.map((item, at) => checked(item, [...path, at]));
  if (value instanceof Date) return value.toISOString();
  if (typeof value === 'object') {
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype && !isForeignPlain(prototype))
      throw unfit(path, prototype.constructor?.name ?? 'object');
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, checked(item, [...path, key])]));
  }
  throw unfit(path, typeof value);
}

function isEmptyObject(value: Json): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

function isForeignPlain(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && prototype.constructor?.name === 'Object';
}

function unfit(path: PropertyPath, what: string): NonRecoverableError {
  return new NonRecoverableError(`runtime property ${path.join('.')} cannot hold ${what}: only JSON values are stored`);
}

function covers(path: PropertyPath, other: PropertyPath): boolean {
  return path.length <= other.length && path.every((key, at) => key === other[at]);
}

function keyOf(owner: object, key: string): string | number {
  return Array.isArray(owner) && /^\d+$/.test(key) ? Number(key) : key;
}

function clone<T extends Json>(value: T): T {
  return structuredClone(value) as T;
}
