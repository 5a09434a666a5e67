/**
 * Runtime properties travel as patches: lists of "set this path", "delete this path", "add to the list at this path" and
 * "let an object be at this path", applied one by one by the execution. Two operations that write different paths of one
 * instance at the same time both keep what they wrote, and so do two that add to one list.
 */
import type { Json, JsonObject } from '../blueprint/json.js';

/** Path into a JSON value: object keys and list indexes. The empty path is the whole value. */
export type PropertyPath = readonly (string | number)[];

export type PatchOperation =
  | readonly [op: 'set', path: PropertyPath, value: Json]
  | readonly [op: 'delete', path: PropertyPath]
  /** An object is to be there: of several writers that found none, no one's empties what another has put into it. */
  | readonly [op: 'ensure', path: PropertyPath]
  /** To the end of the list that is there. */
  | readonly [op: 'append', path: PropertyPath, items: readonly Json[]]
  /** The same by a writer that found nothing there. Of several that begin the same list, it is begun once. */
  | readonly [op: 'begin', path: PropertyPath, items: readonly Json[]];

export type Patch = readonly PatchOperation[];

/** Whether a value from outside has the shape of a patch. */
export function isPatch(value: unknown): value is Patch {
  return Array.isArray(value) && value.every(isPatchOperation);
}

function isPatchOperation(value: unknown): value is PatchOperation {
  if (!Array.isArray(value) || !Array.isArray(value[1])) return false;
  if (!value[1].every((key) => typeof key === 'string' || Number.isInteger(key))) return false;
  if (value[0] === 'append' || value[0] === 'begin') return value.length === 3 && Array.isArray(value[2]);
  return value[0] === 'set' ? value.length === 3 : ['delete', 'ensure'].includes(value[0]) && value.length === 2;
}

/** The patch with each value that it sets or adds put through `map`. */
export function mapPatch(patch: Patch, map: (value: Json) => Json): Patch {
  return patch.map((operation) => {
    const [op, path, value] = operation;
    if (op === 'set') return [op, path, map(value)] as const;
    return op === 'append' || op === 'begin' ? ([op, path, value.map(map)] as const) : operation;
  });
}

/**
 * A copy of `properties` with `patch` applied. Intermediate objects that are missing, or are no containers, are made.
 * Setting an index past the end of a list appends; deleting what is not there changes nothing.
 */
export function applyPatch(properties: JsonObject, patch: Patch): JsonObject {
  let result: Json = properties;
  for (const [op, path, value] of patch) {
    if (path.some((key) => key === '__proto__')) continue;
    if (op === 'set') result = setAt(result, path, 0, value);
    else if (op === 'delete') result = deleteAt(result, path, 0);
    else if (op === 'append' || op === 'begin')
      result = setAt(result, path, 0, extended(valueAt(result, path), op, value));
    else if (!isObject(valueAt(result, path))) result = setAt(result, path, 0, {});
  }
  return isObject(result) ? result : {};
}

function extended(list: Json | undefined, op: 'append' | 'begin', items: readonly Json[]): Json {
  if (!Array.isArray(list)) return [...items];
  return op === 'begin' && JSON.stringify(list) === JSON.stringify(items) ? list : [...list, ...items];
}

/** What is at a path; undefined when there is nothing. */
export function valueAt(current: Json | undefined, path: PropertyPath): Json | undefined {
  let value = current;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string | number, Json>)[key];
  }
  return value;
}

function setAt(current: Json | undefined, path: PropertyPath, depth: number, value: Json): Json {
  const key = path[depth];
  if (key === undefined) return value;
  if (Array.isArray(current) && typeof key === 'number') {
    const copy = [...current];
    const index = Math.min(key, copy.length);
    copy[index] = setAt(copy[index], path, depth + 1, value);
    return copy;
  }
  const base = isObject(current) ? current : {};
  return { ...base, [key]: setAt(base[key], path, depth + 1, value) };
}

function deleteAt(current: Json, path: PropertyPath, depth: number): Json {
  const key = path[depth];
  if (key === undefined) return {};
  const last = depth === path.length - 1;
  if (Array.isArray(current)) {
    if (typeof key !== 'number' || key >= current.length) return current;
    const copy = [...current];
    if (last) copy.splice(key, 1);
    else copy[key] = deleteAt(copy[key], path, depth + 1);
    return copy;
  }
  if (!isObject(current) || !Object.hasOwn(current, key)) return current;
  const { [key]: child, ...rest } = current;
  if (last) return rest;
  return { ...current, [key]: deleteAt(child as Json, path, depth + 1) };
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
