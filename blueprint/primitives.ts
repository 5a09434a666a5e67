/** Types that need no definition, and which values they take. Nothing is ever converted; `string` takes anything. */
import { isNumber, isObject, type Json } from './json.js';

export const PRIMITIVE_TYPES = ['string', 'integer', 'float', 'boolean', 'list', 'dict', 'regex', 'textarea'] as const;
const OBJECT_TYPES_1_4 = [
  'blueprint_id',
  'deployment_id',
  'capability_value',
  'scaling_group',
  'node_id',
  'node_type',
  'node_instance',
  'secret_key',
] as const;
/** Names of things that live elsewhere: any value fits, whether the thing exists is asked when it is bound. */
export const OBJECT_TYPES: ReadonlySet<string> = new Set([...OBJECT_TYPES_1_4, 'operation_name']);
/** All types that need no definition. */
export const KNOWN_TYPES: ReadonlySet<string> = new Set([...PRIMITIVE_TYPES, ...OBJECT_TYPES]);

export const isKnownType = (type: string): boolean => KNOWN_TYPES.has(type);

export function fits(value: Json, type: string): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'float':
      return isNumber(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'dict':
      return isObject(value);
    case 'regex':
      return typeof value === 'string' && patternOf(value) !== undefined;
    default:
      return true;
  }
}

/** A regular expression as Python writes it, which matches at the beginning; undefined if it is none. */
export function patternOf(text: string): RegExp | undefined {
  // Named groups and anchors are spelled differently in Python; the rest is the same.
  const own = text
    .replaceAll('(?P<', '(?<')
    .replaceAll(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll('\\Z', '$')
    .replaceAll('\\A', '^');
  try {
    return new RegExp(own, 'y');
  } catch {
    return undefined;
  }
}
