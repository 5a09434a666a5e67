/** Reading values of a blueprint: what YAML and functions make of them is loosely typed, and '' means "not given". */
import type { Json, JsonObject } from '../blueprint/json.js';
import { NonRecoverableError } from './sdk/errors.js';

export function textOf(value: Json | undefined): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function objectOf(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null || value === '') return [];
  return Array.isArray(value) ? value : [value];
}

export function textsOf(value: Json | undefined): string[] {
  return listOf(value).map((item) => String(item));
}

/** True for `true` and the ways that YAML of the past wrote it. */
export function isTrue(value: Json | undefined): boolean {
  return value === true || (typeof value === 'string' && /^(true|yes|on|1)$/i.test(value));
}

export function isFalse(value: Json | undefined): boolean {
  return value === false || (typeof value === 'string' && /^(false|no|off|0)$/i.test(value));
}

/** @throws NonRecoverableError when the value is given and is no number */
export function numberOf(value: Json | undefined, what: string): number | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const number = Number(value);
  if (typeof value !== 'boolean' && Number.isFinite(number)) return number;
  throw new NonRecoverableError(`${what} must be a number, not ${JSON.stringify(value)}`);
}
