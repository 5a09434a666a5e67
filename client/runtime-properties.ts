/** Runtime properties as flags name them, as patches. */
import { isObject, type Json, type JsonObject } from '../blueprint/json.js';
import type { Patch, PatchOperation, PropertyPath } from '../graph/patch.js';
import { usageError } from './errors.js';
import { readInputs } from './inputs.js';

/** `a.b.c=value` sets one value; files are merged deeply. @throws CaissonError (usage) when there is nothing to write */
export async function writtenPatch(given: readonly string[]): Promise<Patch> {
  if (given.length === 0) throw usageError('nothing to write', 'give -p key=value');
  const values = await readInputs(given, {});
  return Object.entries(values).flatMap(([key, value]) => leaves(key.split('.'), value));
}

function leaves(path: PropertyPath, value: Json): PatchOperation[] {
  if (!isObject(value) || Object.keys(value).length === 0) return [['set', path, value]];
  return Object.entries(value as JsonObject).flatMap(([key, item]) => leaves([...path, key], item));
}

/** @param keys `a.b.c`, several joined by `;` */
export function deletedPatch(keys: readonly string[]): Patch {
  const all = keys.flatMap((key) => key.split(';')).filter((key) => key !== '');
  if (all.length === 0) throw usageError('nothing to delete', 'give -p key');
  return all.map((key): PatchOperation => ['delete', key.split('.')]);
}
