/**
 * What was handed out to an operation, so that none of it leaves the worker again: in texts it is blanked, in values that
 * are stored (runtime properties, results, checkpoints) it becomes the reference that it came from, which is resolved
 * again wherever operations look at it.
 */
import { functionCall } from '../blueprint/intrinsics/call.js';
import type { Json, JsonObject } from '../blueprint/json.js';
import { mapPatch } from '../graph/patch.js';
import type { Patches } from './request.js';

export interface Secrecy {
  /** From now on, the secret's values are kept. */
  keep(key: string, value: Json): void;
  /** A text that is nobody's secret and yet for nobody's eyes: blanked, and nothing refers to it. */
  hide(text: string): void;
  /** The secret is no more: nothing may refer to it. Texts are still without it. */
  forget(key: string): void;
  /** `text` without any value that was handed out. */
  mask(text: string): string;
  /** The same for every text in a value. */
  maskIn(value: Json): Json;
  /** `value` with references in the place of values. */
  refer(value: Json): Json;
  referIn(patches: Patches): Patches;
}

/** Values shorter than this are let pass: they would blank out half of any text. */
const SHORTEST_MASKED = 4;
/** Within a longer text, values shorter than this are as likely there by chance. */
const SHORTEST_WITHIN = 8;
/** Lines of a secret that are this long are blanked by themselves: logs are line by line. */
const SHORTEST_LINE = 8;

interface Known {
  readonly text: string;
  /** Undefined for what is only a part of a secret, or of one that is no more. */
  reference: JsonObject | undefined;
  readonly key: string;
}

export function createSecrecy(): Secrecy {
  let known: Known[] = [];

  function add(key: string, text: string, reference: JsonObject | undefined): void {
    if (text.length < SHORTEST_MASKED || known.some((one) => one.text === text && one.reference !== undefined)) return;
    // Longest first: of a value that holds another one, no part is to be left over.
    known = [...known.filter((one) => one.text !== text), { text, reference, key }].sort(
      (a, b) => b.text.length - a.text.length,
    );
  }

  function keep(key: string, value: Json, path: readonly Json[]): void {
    if (typeof value === 'object' && value !== null) {
      for (const [name, item] of Object.entries(value))
        keep(key, item as Json, [...path, Array.isArray(value) ? Number(name) : name]);
      return;
    }
    if (typeof value === 'boolean' || value === null) return;
    const text = String(value);
    const reference = typeof value === 'string' ? { get_secret: path.length === 0 ? key : [key, ...path] } : undefined;
    add(key, text, reference);
    if (text.includes('\n'))
      for (const line of text.split('\n')) if (line.trim().length >= SHORTEST_LINE) add(key, line.trim(), undefined);
  }

  function mask(text: string): string {
    let masked = text;
    for (const { text: value } of known) {
      masked = masked.replaceAll(value, '***');
      const escaped = JSON.stringify(value).slice(1, -1);
      if (escaped !== value) masked = masked.replaceAll(escaped, '***');
    }
    return masked;
  }

  function referText(text: string): Json {
    const whole = known.find((one) => one.text === text && one.reference !== undefined);
    if (whole?.reference) return whole.reference;
    const parts = partsOf(text, known);
    return parts.length === 1 && typeof parts[0] === 'string' ? text : { concat: parts };
  }

  const refer = (value: Json): Json => mapTexts(value, referText);
  return {
    keep: (key, value) => keep(key, value, []),
    hide: (text) => add('', text, undefined),
    forget(key) {
      for (const one of known) if (one.key === key) one.reference = undefined;
    },
    mask,
    maskIn: (value) => mapTexts(value, mask),
    refer,
    referIn: (patches) =>
      known.length === 0
        ? patches
        : Object.fromEntries(Object.entries(patches).map(([id, patch]) => [id, mapPatch(patch, refer)])),
  };
}

/** The text cut at the values in it, these as references. What no reference stands for is blanked. */
function partsOf(text: string, known: readonly Known[]): Json[] {
  for (const { text: value, reference } of known) {
    if (value.length < SHORTEST_WITHIN) break;
    const at = text.indexOf(value);
    if (at < 0) continue;
    const before = text.slice(0, at);
    const after = text.slice(at + value.length);
    return joined([
      ...(before === '' ? [] : partsOf(before, known)),
      reference ?? '***',
      ...(after === '' ? [] : partsOf(after, known)),
    ]);
  }
  return [text];
}

/** Neighbouring texts are one. */
function joined(parts: readonly Json[]): Json[] {
  const result: Json[] = [];
  for (const part of parts) {
    const last = result.at(-1);
    if (typeof part === 'string' && typeof last === 'string') result[result.length - 1] = last + part;
    else result.push(part);
  }
  return result;
}

function mapTexts(value: Json, map: (text: string) => Json): Json {
  if (typeof value === 'string') return map(value);
  // A reference's own texts are names.
  if (typeof value !== 'object' || value === null || functionCall(value)?.name === 'get_secret') return value;
  if (Array.isArray(value)) return value.map((item) => mapTexts(item as Json, map));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item as Json, map)]));
}
