/** Answers of the API as runtime properties can hold them, and ways into them. */
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';

export function toJson(value: unknown): Json {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'bigint') return Number(value);
  if (typeof value !== 'object') return value as Json;
  const entries = Object.entries(value).filter(([key, item]) => key !== '$metadata' && item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, toJson(item)]));
}

/** The values at a dotted path; lists on the way are walked through. */
export function valuesAt(value: Json | undefined, path: string): Json[] {
  let found: Json[] = value === undefined ? [] : [value];
  for (const key of path === '' ? [] : path.split('.'))
    found = found.flatMap((item) => {
      const next = isObject(item) ? item[key] : undefined;
      return next === undefined || next === null ? [] : next;
    });
  return found.flat() as Json[];
}

export function objectsAt(value: Json | undefined, path: string): JsonObject[] {
  return valuesAt(value, path).filter(isObject);
}

export function textAt(value: Json | undefined, path: string): string | undefined {
  const [first] = valuesAt(value, path);
  return typeof first === 'string' && first !== '' ? first : typeof first === 'number' ? String(first) : undefined;
}

/** Without what says nothing: null, '', {} and []. */
export function withoutEmpty(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value)));
}

function isEmpty(value: Json): boolean {
  if (value === null || value === '') return true;
  if (Array.isArray(value)) return value.length === 0;
  return isObject(value) && Object.keys(value).length === 0;
}
