/**
 * Runtime properties travel as patches: lists of "set this path", "delete this path" and "let an object be at this
 * path", applied one by one by the execution. Two operations that write different paths of one instance at the same
 * time both keep what they wrote.
 */
import type { Json, JsonObject } from '../blueprint/json.js';

/** Path into a JSON value: object keys and list indexes. The empty path is the whole value. */
export type PropertyPath = readonly (string | number)[];

export type PatchOperation =
  | readonly [op: 'set', path: PropertyPath, value: Json]
  | readonly [op: 'delete', path: PropertyPath]
  /** An object is to be there: of several writers that found none, no one's empties what another has put into it. */
  | readonly [op: 'ensure', path: PropertyPath];

export type Patch = readonly PatchOperation[];

/** Whether a value from outside has the shape of a patch. */
export function isPatch(value: unknown): value is Patch {
  return Array.isArray(value) && value.every(isPatchOperation);
}

function isPatchOperation(value: unknown): value is PatchOperation {
  if (!Array.isArray(value) || !Array.isArray(value[1])) return false;
  if (!value[1].every((key) => typeof key === 'string' || Number.isInteger(key))) return false;
  return value[0] === 'set' ? value.length === 3 : ['delete', 'ensure'].includes(value[0]) && value.length === 2;
}

/** The patch with each value that it sets put through `map`. */
export function mapPatch(patch: Patch, map: (value: Json) => Json): Patch {
  return patch.map((operation) =>
    operation[0] === 'set' ? (['set', operation[1], map(operation[2])] as const) : operation,
  );
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
    else if (!isObject(valueAt(result, path))) result = setAt(result, path, 0, {});
  }
  return isObject(result) ? result : {};
}

function valueAt(current: Json | undefined, path: PropertyPath): Json | undefined {
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
