/**
 * Whether a value is as a JSON Schema says, for secrets: what is wrong with it is told without any part of the value.
 * The keywords are those that say something about one document; a schema with others is refused, not taken half.
 */
import { isObject, type Json, type JsonObject, listMember, objectMember } from '../blueprint/json.js';

/** What is told of a value that does not fit: where, and what it should be. */
export type Misfits = string[];

type Check = (value: Json, given: Json, at: string, schema: JsonObject) => Misfits;

const TYPES: Readonly<Record<string, (value: Json) => boolean>> = {
  string: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  integer: (value) => Number.isInteger(value),
  boolean: (value) => typeof value === 'boolean',
  array: (value) => Array.isArray(value),
  object: (value) => isObject(value),
  null: (value) => value === null,
};

const must = (fits: boolean, at: string, what: string): Misfits => (fits ? [] : [`${at} ${what}`]);
const same = (one: Json, other: Json): boolean => JSON.stringify(one) === JSON.stringify(other);
const textual =
  (check: (text: string, limit: never) => boolean, what: string): Check =>
  (value, limit, at) =>
    typeof value === 'string' ? must(check(value, limit as never), at, `${what} ${limit}`) : [];
const numeric =
  (check: (value: number, limit: number) => boolean, what: string): Check =>
  (value, limit, at) =>
    typeof value === 'number' ? must(check(value, Number(limit)), at, `${what} ${limit}`) : [];
const counted =
  (check: (count: number, limit: number) => boolean, what: string): Check =>
  (value, limit, at) =>
    Array.isArray(value) ? must(check(value.length, Number(limit)), at, `${what} ${limit} items`) : [];
const matching = (value: Json, all: Json, at: string): Misfits[] =>
  (Array.isArray(all) ? all : []).map((one) => misfits(value, one as Json, at));

const CHECKS: Readonly<Record<string, Check>> = {
  type: (value, given, at) => {
    const types = (Array.isArray(given) ? given : [given]).map(String);
    return must(
      types.some((type) => TYPES[type]?.(value) === true),
      at,
      `must be of the type ${types.join(' or ')}`,
    );
  },
  enum: (value, given, at) =>
    must(Array.isArray(given) && given.some((one) => same(one as Json, value)), at, 'must be one of those allowed'),
  const: (value, given, at) => must(same(given, value), at, 'must be what is prescribed'),
  minLength: textual((text, limit) => [...text].length >= limit, 'must not be shorter than'),
  maxLength: textual((text, limit) => [...text].length <= limit, 'must not be longer than'),
  pattern: textual((text, pattern) => new RegExp(pattern, 'u').test(text), 'must match'),
  minimum: numeric((value, limit) => value >= limit, 'must not be less than'),
  maximum: numeric((value, limit) => value <= limit, 'must not be more than'),
  exclusiveMinimum: numeric((value, limit) => value > limit, 'must be more than'),
  exclusiveMaximum: numeric((value, limit) => value < limit, 'must be less than'),
  minItems: counted((count, limit) => count >= limit, 'must have at least'),
  maxItems: counted((count, limit) => count <= limit, 'must have at most'),
  items: (value, given, at) =>
    Array.isArray(value) ? value.flatMap((item, index) => misfits(item as Json, given, `${at}[${index}]`)) : [],
  required: (value, given, at) =>
    isObject(value) && Array.isArray(given)
      ? given.filter((name) => !Object.hasOwn(value, String(name))).map((name) => `${at} must have ${String(name)}`)
      : [],
  properties: (value, given, at) =>
    isObject(value)
      ? Object.entries(isObject(given) ? given : {}).flatMap(([name, schema]) =>
          Object.hasOwn(value, name) ? misfits(value[name] as Json, schema, `${at}.${name}`) : [],
        )
      : [],
  additionalProperties: (value, given, at, schema) => {
    if (!isObject(value)) return [];
    const known = Object.keys(objectMember(schema, 'properties'));
    const others = Object.keys(value).filter((name) => !known.includes(name));
    if (given === false) return others.map((name) => `${at} must not have ${name}`);
    return others.flatMap((name) => misfits(value[name] as Json, given, `${at}.${name}`));
  },
  allOf: (value, given, at) => matching(value, given, at).flat(),
  anyOf: (value, given, at) =>
    must(
      matching(value, given, at).some((found) => found.length === 0),
      at,
      'must be as one of its forms says',
    ),
  oneOf: (value, given, at) =>
    must(
      matching(value, given, at).filter((found) => found.length === 0).length === 1,
      at,
      'must be as exactly one of its forms says',
    ),
  not: (value, given, at) => must(misfits(value, given, at).length > 0, at, 'must not be as it is'),
};

const ANNOTATIONS = ['$schema', '$id', '$comment', 'title', 'description', 'default', 'examples', 'deprecated'];

/** @returns what does not fit; empty when all does */
export function misfits(value: Json, schema: Json, at = 'the value'): Misfits {
  if (schema === false) return [`${at} must not be there`];
  if (!isObject(schema)) return [];
  return Object.entries(schema).flatMap(([keyword, given]) => CHECKS[keyword]?.(value, given, at, schema) ?? []);
}

/** Keywords of a schema, at any depth, that are not understood. */
export function unknownKeywords(schema: Json): string[] {
  if (!isObject(schema)) return [];
  const own = Object.keys(schema).filter(
    (keyword) => !Object.hasOwn(CHECKS, keyword) && !ANNOTATIONS.includes(keyword),
  );
  const inside = [
    ...Object.values(objectMember(schema, 'properties')),
    ...['items', 'additionalProperties', 'not'].flatMap((name) =>
      isObject(schema[name]) ? [schema[name] as Json] : [],
    ),
    ...['allOf', 'anyOf', 'oneOf'].flatMap((name) => listMember(schema, name)),
  ];
  return [...new Set([...own, ...inside.flatMap((one) => unknownKeywords(one as Json))])];
}
