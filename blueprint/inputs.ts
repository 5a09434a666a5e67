/** Binding inputs: given values and defaults against a blueprint's input definitions. */
import type { Compilation } from './compilation.js';
import { violations } from './constraints.js';
import type { Place, Problem } from './diagnostics.js';
import { isFunctionCall } from './intrinsics/call.js';
import { isObject, type Json, type JsonObject, member, objectMember, textMember } from './json.js';
import type { ParsedPlan } from './plan.js';
import { Positions } from './positions.js';
import { OBJECT_TYPES } from './primitives.js';
import { type Completing, completeTyped, type DataTypes } from './schema.js';
import { readSource } from './source.js';
import { suggestion } from './suggestion.js';

export interface BindOptions {
  /** Text becomes a number or boolean where the input's type says so and it converts. @default false */
  readonly autoCorrectTypes?: boolean;
  /**
   * Whether a named object (a deployment, a secret…) exists; absent: none can be known, and inputs of such types are
   * refused.
   */
  readonly objectExists?: (type: string, name: Json) => boolean;
  /** Absent: nothing is known of where the inputs were written. */
  readonly written?: WrittenInputs;
}

/** Where given inputs were written: for the places of what is told of them. */
export interface WrittenInputs {
  /** Place of an input by its name; undefined for one that stands in no file. */
  readonly placeOf: (name: string) => Place | undefined;
  /** Of what is within the values. */
  readonly positions: Positions;
}

export interface BoundInputs {
  /** Name → value, for every declared input. */
  readonly values: JsonObject;
  readonly problems: readonly Problem[];
}

export function bindInputs(plan: ParsedPlan, given: JsonObject, options: BindOptions = {}): BoundInputs {
  const problems: Problem[] = [];
  const values: Record<string, Json> = {};
  const missing: string[] = [];
  for (const [name, definition] of Object.entries(plan.inputs)) {
    const value = bind(name, definition as JsonObject, given, plan, options, problems);
    if (value === undefined) missing.push(name);
    else values[name] = value;
  }
  for (const name of missing)
    problems.push({
      code: 'C3001',
      message: `the input ${name} is required and has no default`,
      hint: `give it with: -i ${name}=…`,
    });
  const known = Object.keys(plan.inputs);
  for (const name of Object.keys(given))
    if (!Object.hasOwn(plan.inputs, name))
      problems.push({
        code: 'C3002',
        message: `the blueprint has no input ${name}`,
        place: options.written?.placeOf(name),
        hint: suggestion(name, known),
      });
  return { values, problems };
}

/** @returns undefined when a required input has no value */
function bind(
  name: string,
  definition: JsonObject,
  given: JsonObject,
  plan: ParsedPlan,
  options: BindOptions,
  problems: Problem[],
): Json | undefined {
  const type = textMember(definition, 'type');
  const own: Problem[] = [];
  const { written } = options;
  const place = Object.hasOwn(given, name) ? written?.placeOf(name) : undefined;
  const dataTypes = dataTypesOf(plan);
  const completing: Completing = {
    cx: written ? { ...UNPLACED, positions: written.positions } : UNPLACED,
    dataTypes,
    owner: `input ${name}`,
    whole: true,
    refuse: (_, message, at, hint) => own.push({ code: 'C3003', message, place: at, hint }),
  };
  const fallback = member(definition, 'default') ?? undefined;
  let value: Json | undefined = Object.hasOwn(given, name) ? given[name] : fallback;
  if (value === undefined) {
    value = emptyValue(type, completing);
    if (value === undefined || own.length > 0) return definition.required === false ? null : undefined;
  }
  if (options.autoCorrectTypes) value = corrected(value, type);
  if (isFunctionCall(value)) {
    if (Object.hasOwn(definition, 'constraints'))
      problems.push({
        code: 'C2122',
        message: `the input ${name} is a function, so that it can have no constraints`,
        place,
      });
    return value;
  }
  const objectType = [type, textMember(definition, 'item_type')].find(
    (one) => one !== undefined && OBJECT_TYPES.has(one),
  );
  if (objectType !== undefined) checkObjects(name, objectType, value, place, options, problems);
  else
    for (const sentence of violations(value, definition))
      problems.push({ code: 'C3004', message: `input ${name}: ${sentence}`, place });
  const itemType = textMember(definition, 'item_type');
  if (itemType !== undefined && Array.isArray(value))
    for (const [index, item] of value.entries())
      completeTyped(item, itemType, completing, {
        path: `[${index}]`,
        at: completing.cx.positions.ofValue(value, index) ?? place,
      });
  const typed = completeTyped(value, type, completing, { path: '', at: place });
  problems.push(...own);
  return typed ?? null;
}

/** What an input of a data type is when nothing is given: its members' defaults, if all have one. */
function emptyValue(type: string | undefined, completing: Completing): Json | undefined {
  if (type === undefined || !completing.dataTypes.get(type)) return undefined;
  const value = completeTyped({}, type, completing, { path: '', at: undefined });
  return isObject(value) && Object.keys(value).length > 0 ? value : undefined;
}

function checkObjects(
  name: string,
  type: string,
  value: Json,
  place: Place | undefined,
  { objectExists }: BindOptions,
  problems: Problem[],
): void {
  for (const one of Array.isArray(value) ? value : [value])
    if (!objectExists?.(type, one as Json))
      problems.push({
        code: 'C3004',
        message: `input ${name}: there is no ${type} ${JSON.stringify(one)} that is known here`,
        place,
      });
}

function corrected(value: Json, type: string | undefined): Json {
  if (typeof value !== 'string') return value;
  if (type === 'integer' && /^\s*[-+]?\d+\s*$/.test(value)) return Number(value);
  if (type === 'float' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/** Schemas of the data types as the plan has them. */
function dataTypesOf({ data_types }: ParsedPlan): DataTypes {
  return {
    names: Object.keys(data_types),
    has: (name) => Object.hasOwn(data_types, name),
    get(name) {
      const type = member(data_types, name);
      if (type === undefined) return undefined;
      const properties = Object.entries(objectMember(type, 'properties'));
      return new Map(
        properties.map(([key, definition]) => [
          key,
          {
            type: textMember(definition, 'type'),
            definition: definition as JsonObject,
            written: member(definition, 'default'),
            at: undefined,
          },
        ]),
      );
    },
  };
}

/** Values that were given have no places in any source. */
const UNPLACED: Compilation = {
  version: [1, 5],
  gates: false,
  positions: new Positions(),
  report: () => undefined,
  hasFile: () => false,
  blueprintNamespaces: new Set(),
};

/**
 * A value given as text on a command line, as its input's type wants it. Without a type: what is JSON is read as JSON,
 * anything else is text. Where a list or mapping is meant, it may be written as in YAML: `[web, db]`.
 *
 * @example parseInputText('8080', { type: 'integer' }) // 8080
 * @example parseInputText('8080', { type: 'string' }) // '8080'
 */
export function parseInputText(text: string, definition: Json | undefined): Json {
  const type = textMember(definition, 'type');
  switch (type) {
    case 'integer':
    case 'float':
    case 'boolean':
      return corrected(text, type);
    case undefined:
      return isCollection(member(definition, 'default')) ? collectionOrText(text) : jsonOrText(text);
    case 'list':
    case 'dict':
      return collectionOrText(text);
    case 'string':
    case 'textarea':
    case 'regex':
      return text;
    default:
      return OBJECT_TYPES.has(type) ? text : jsonOrText(text);
  }
}

function jsonOrText(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function collectionOrText(text: string): Json {
  const json = jsonOrText(text);
  if (json !== text || !/^\s*[[{]/.test(text)) return json;
  let readable = true;
  const source = readSource('', text, new Positions(), () => {
    readable = false;
  });
  return source && readable ? (JSON.parse(JSON.stringify(source.value)) as Json) : text;
}

function isCollection(value: Json | undefined): boolean {
  return Array.isArray(value) || isObject(value);
}
