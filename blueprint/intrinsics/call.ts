/** What counts as a call of an intrinsic function: an object whose only key, beside `type`, is a function's name. */
import type { Json, JsonObject } from '../json.js';

export const FUNCTION_NAMES = [
  'get_input',
  'get_property',
  'concat',
  'merge',
  'string_find',
  'string_replace',
  'string_split',
  'string_lower',
  'string_upper',
  'get_attribute',
  'get_attributes_list',
  'get_attributes_dict',
  'get_secret',
  'get_capability',
  'get_group_capability',
  'get_environment_capability',
  'get_label',
  'get_sys',
  'get_consumers',
] as const;

export type FunctionName = (typeof FUNCTION_NAMES)[number];

const NAMES: ReadonlySet<string> = new Set(FUNCTION_NAMES);

export interface FunctionCall {
  readonly name: FunctionName;
  readonly argument: Json;
  /** The declared return type, written beside the function. */
  readonly type?: string;
}

export function functionCall(value: Json | undefined): FunctionCall | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const object = value as JsonObject;
  const keys = Object.keys(object);
  if (keys.length === 0 || keys.length > 2) return undefined;
  const name = keys.find((key) => NAMES.has(key)) as FunctionName | undefined;
  if (name === undefined) return undefined;
  const argument = object[name] as Json;
  if (keys.length === 1) return { name, argument };
  return Object.hasOwn(object, 'type') ? { name, argument, type: String(object.type) } : undefined;
}

export function isFunctionCall(value: Json | undefined): boolean {
  return functionCall(value) !== undefined;
}

/** Whether there is a call anywhere in the value. */
export function holdsFunction(value: Json | undefined): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(holdsFunction);
  return isFunctionCall(value) || Object.values(value as JsonObject).some(holdsFunction);
}
