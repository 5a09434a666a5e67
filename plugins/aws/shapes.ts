/**
 * What a call of the API accepts, read from the SDK's own description of its inputs. The SDK itself drops parameters
 * it does not know and sends values of any type: a typing error would go unnoticed until the resource is wrong.
 */
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import { suggestion } from '../../blueprint/suggestion.js';

/** The SDK's form: `[kind, namespace, name, traits, …]`, or a number for a simple value, or a function giving one. */
export type Shape = unknown;

const KIND = { simple: 0, list: 1, map: 2, structure: 3, operation: 9 } as const;
const LIST_OF = 64;
const MAP_OF = 128;
const NUMERIC = 1;
const BOOLEAN = 2;
const FIRST_TIMESTAMP = 4;
const LAST_TIMESTAMP = 7;
const BLOB = 21;
const SENSITIVE = 8;

/** An input as the SDK wants it (dates, bytes, numbers), and what is wrong with it. */
export interface CheckedInput {
  readonly input: Record<string, unknown>;
  readonly problems: readonly string[];
}

export function inputShape(operation: Shape): Shape {
  return (resolved(operation) as readonly Shape[])[4];
}

/** Names of the parameters a call takes. */
export function parametersOf(input: Shape): readonly string[] {
  const shape = resolved(input);
  return Array.isArray(shape) && shape[0] === KIND.structure ? (shape[4] as string[]) : [];
}

export function checkInput(shape: Shape, given: JsonObject): CheckedInput {
  const problems: string[] = [];
  const input = structure(resolved(shape) as readonly Shape[], given, '', problems);
  return { input, problems };
}

/** The input without what must not be shown: for logs and for what is stored. */
export function withoutSensitive(shape: Shape, given: JsonObject): JsonObject {
  const [, , , , names, members] = resolved(shape) as readonly [0, 0, 0, 0, string[], Shape[]];
  return Object.fromEntries(Object.entries(given).filter(([key]) => !isSensitive(members[names.indexOf(key)])));
}

function structure(shape: readonly Shape[], given: JsonObject, path: string, problems: string[]) {
  const names = shape[4] as string[];
  const members = shape[5] as Shape[];
  const required = (shape[6] as number | undefined) ?? 0;
  const input: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(flat(given, names))) {
    if (value === null) continue;
    const at = names.indexOf(key);
    if (at < 0) {
      const hint = suggestion(key, names);
      problems.push(`there is no parameter ${path}${key}${hint ? `; ${hint}` : ''}`);
    } else {
      const converted = convert(members[at], value, `${path}${key}`, problems);
      if (converted !== undefined) input[key] = converted;
    }
  }
  for (const name of names.slice(0, required))
    if (input[name] === undefined) problems.push(`parameter ${path}${name} is missing`);
  return input;
}

/** `kwargs` in a structure stands for more members of it. */
function flat(given: JsonObject, names: readonly string[]): JsonObject {
  const { kwargs, ...rest } = given;
  if (names.includes('kwargs') || kwargs === undefined) return given;
  return { ...rest, ...(isObject(kwargs) ? kwargs : {}) };
}

function convert(member: Shape, value: Json, path: string, problems: string[]): unknown {
  const shape = resolved(member);
  if (typeof shape === 'number') return convertSimple(shape, value, path, problems);
  const parts = shape as readonly Shape[];
  if (parts[0] === KIND.simple) return convert(parts[4], value, path, problems);
  if (parts[0] === KIND.list) return convertList(parts[4], value, path, problems);
  if (!isObject(value)) {
    problems.push(`${path} must be a mapping, not ${kindOf(value)}`);
    return undefined;
  }
  if (parts[0] === KIND.map)
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, convert(parts[5], item, `${path}.${key}`, problems)]),
    );
  return structure(parts, value, `${path}.`, problems);
}

function convertList(item: Shape, value: Json, path: string, problems: string[]): unknown {
  if (Array.isArray(value)) return value.map((entry, at) => convert(item, entry, `${path}[${at}]`, problems));
  // Blueprints write a single mapping where the API has a list of them.
  if (isObject(value)) return [convert(item, value, path, problems)];
  problems.push(`${path} must be a list, not ${kindOf(value)}`);
  return undefined;
}

function convertSimple(shape: number, value: Json, path: string, problems: string[]): unknown {
  if (shape >= MAP_OF) return isObject(value) ? value : wrong(path, 'a mapping', value, problems);
  if (shape >= LIST_OF) return convertList(shape - LIST_OF, value, path, problems);
  if (typeof value === 'object') return wrong(path, 'a plain value', value, problems);
  if (shape === NUMERIC) {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    return typeof number === 'number' && Number.isFinite(number) ? number : wrong(path, 'a number', value, problems);
  }
  if (shape === BOOLEAN) {
    if (typeof value === 'boolean') return value;
    const text = String(value).toLowerCase();
    return text === 'true' || text === 'false' ? text === 'true' : wrong(path, 'true or false', value, problems);
  }
  if (shape >= FIRST_TIMESTAMP && shape <= LAST_TIMESTAMP) {
    const date = new Date(typeof value === 'number' ? value * 1_000 : String(value));
    return Number.isNaN(date.getTime()) ? wrong(path, 'a date', value, problems) : date;
  }
  return shape === BLOB ? Buffer.from(String(value)) : String(value);
}

function wrong(path: string, needed: string, value: Json, problems: string[]): undefined {
  problems.push(`${path} must be ${needed}, not ${kindOf(value)}`);
}

function isSensitive(member: Shape): boolean {
  const shape = resolved(member);
  return Array.isArray(shape) && shape[0] === KIND.simple && shape[3] === SENSITIVE;
}

/** A member may be a function giving its shape, or a pair of shape and traits. */
function resolved(shape: Shape): Shape {
  if (typeof shape === 'function') return resolved((shape as () => Shape)());
  if (Array.isArray(shape) && typeof shape[1] !== 'string') return resolved(shape[0]);
  return shape;
}

function kindOf(value: Json): string {
  if (Array.isArray(value)) return 'a list';
  return isObject(value) ? 'a mapping' : JSON.stringify(value);
}
