/**
 * Schemas: properties with types, defaults and whether they are required; and values completed against them.
 *
 * Cloudify's rules: nothing is ever converted; `string` takes anything; a property whose type is a data type always has
 * a default; partial values are merged along data types, plain mappings replace each other whole.
 */
import type { At, Compilation } from './compilation.js';
import type { DiagnosticCode } from './diagnostics.js';
import { isFunctionCall } from './intrinsics/call.js';
import { isObject, type Json, type JsonObject, member, textMember } from './json.js';
import { fits, isKnownType, KNOWN_TYPES, OBJECT_TYPES } from './primitives.js';
import { kindOf } from './shape.js';
import { suggestion } from './suggestion.js';
import { isBefore } from './version.js';

export interface PropertySchema {
  /** Absent: any value. */
  readonly type: string | undefined;
  /** As the plan shows it; its default is completed. */
  readonly definition: JsonObject;
  /** The default as it was written. */
  readonly written: Json | undefined;
  readonly at: At;
}

/** By property, in the order of declaration. */
export type Schema = ReadonlyMap<string, PropertySchema>;

export interface DataTypes {
  /** The schema of a data type; undefined when there is no such type, or it is part of a circle. */
  get(name: string): Schema | undefined;
  /** Whether a type of the name is declared. */
  has(name: string): boolean;
  readonly names: readonly string[];
}

/** Where values are completed: how the problem is called, and by which code. */
export interface Completing {
  readonly cx: Compilation;
  readonly dataTypes: DataTypes;
  /** Shown before a property's path: `node_templates.vm.properties`. */
  readonly owner: string;
  /** Missing required properties are reported; off while defaults are completed as far as possible. */
  readonly whole: boolean;
  /** `parameter`, `input`: what the schema's members are called. @default 'property' */
  readonly called?: string;
  /** Reports a value that does not fit. @default cx.report */
  readonly refuse?: (code: DiagnosticCode, message: string, at: At, hint?: string) => void;
}

/** Reads property definitions. */
export function readSchema(raw: Json | undefined, owner: string, cx: Compilation, dataTypes: DataTypes): Schema {
  const schema = new Map<string, PropertySchema>();
  if (!isObject(raw)) return schema;
  for (const [name, value] of Object.entries(raw)) {
    const definition = isObject(value) ? value : {};
    const at = cx.positions.ofKey(raw, name);
    schema.set(name, readProperty(definition, `${owner}.${name}`, at, cx, dataTypes));
  }
  return schema;
}

function readProperty(raw: JsonObject, path: string, at: At, cx: Compilation, dataTypes: DataTypes): PropertySchema {
  const type = textMember(raw, 'type');
  const definition = raw;
  const written = Object.hasOwn(raw, 'default') ? raw.default : undefined;
  if (type !== undefined && !checkType(type, path, cx.positions.ofValue(raw, 'type') ?? at, cx, dataTypes))
    return { type: undefined, definition: without(definition, 'type'), written, at };
  const isData = type !== undefined && !isKnownType(type);
  if (!isData && (written === undefined || written === null)) return { type, definition, written, at };
  const completing: Completing = { cx, dataTypes, owner: `${path}.default`, whole: false };
  const value = completeTyped(written ?? {}, type, completing, {
    path: '',
    at: cx.positions.ofValue(raw, 'default') ?? at,
  });
  return { type, definition: value === undefined ? definition : { ...definition, default: value }, written, at };
}

function checkType(type: string, path: string, at: At, cx: Compilation, dataTypes: DataTypes): boolean {
  if (cx.gates && OBJECT_TYPES.has(type)) {
    const since: readonly [number, number] = type === 'operation_name' ? [1, 5] : [1, 4];
    if (isBefore(cx.version, since))
      cx.report('C2013', `the type ${type} of ${path} needs cloudify_dsl_${since.join('_')}`, at);
  }
  if (isKnownType(type) || dataTypes.get(type)) return true;
  if (!dataTypes.has(type))
    cx.report(
      'C2041',
      `${path} is of type ${type}, which there is not`,
      at,
      suggestion(type, [...KNOWN_TYPES, ...dataTypes.names]),
    );
  return false;
}

export function without(object: JsonObject, key: string): JsonObject {
  const { [key]: _, ...rest } = object;
  return rest;
}

/** What a derived type's schema makes of its parent's. A property declared in both is the derived type's alone. */
export function mergeSchemas(
  parent: Schema,
  own: Schema,
  owner: string,
  cx: Compilation,
  dataTypes: DataTypes,
): Schema {
  const merged = new Map(own);
  for (const [name, inherited] of parent) {
    const overriding = own.get(name);
    if (!overriding) {
      merged.set(name, inherited);
      continue;
    }
    const { type } = overriding;
    const parentDefault = member(inherited.definition, 'default') ?? null;
    const sameData = type !== undefined && !isKnownType(type) && type === inherited.type;
    if (!sameData || parentDefault === null) continue;
    // The one exception: partial defaults of one data type add up.
    const completing: Completing = { cx, dataTypes, owner: `${owner}.${name}.default`, whole: false };
    const value = completeTyped(overriding.written ?? {}, type, completing, {
      path: '',
      at: overriding.at,
      inherited: parentDefault,
    });
    if (value !== undefined)
      merged.set(name, { ...overriding, definition: { ...overriding.definition, default: value } });
  }
  return merged;
}

const DEFAULTS = new WeakMap<Schema, JsonObject>();

/** Defaults of the properties that have one. Remembered: thousands of templates may be of one type. */
export function defaultsOf(schema: Schema): JsonObject {
  let defaults = DEFAULTS.get(schema);
  if (!defaults) {
    const entries = [...schema].filter(([, { definition }]) => Object.hasOwn(definition, 'default'));
    defaults = Object.fromEntries(entries.map(([name, { definition }]) => [name, definition.default as Json]));
    DEFAULTS.set(schema, defaults);
  }
  return defaults;
}

export function definitionsOf(schema: Schema): JsonObject {
  return Object.fromEntries([...schema].map(([name, { definition }]) => [name, definition]));
}

/** Definitions of inputs and parameters: unlike a property, one of a data type has a default only if one is written. */
export function definitionsAsked(schema: Schema): JsonObject {
  const entries = [...schema].map(([name, { definition, written }]): [string, Json] => [
    name,
    written === undefined ? without(definition, 'default') : { ...definition, default: definition.default ?? null },
  ]);
  return Object.fromEntries(entries);
}

/** Values with defaults filled in and types checked. What does not fit is reported and left out. */
export function completeValues(values: JsonObject, schema: Schema, completing: Completing, at: At): JsonObject {
  return complete(values, schema, defaultsOf(schema), completing, { path: '', at });
}

interface Slot {
  /** Path of the value within what is completed; '' at its top. */
  readonly path: string;
  readonly at: At;
  /** A default laid under the value, along data types. */
  readonly inherited?: Json | undefined;
}

function complete(
  values: JsonObject,
  schema: Schema,
  defaults: JsonObject,
  completing: Completing,
  { path, at }: Slot,
): JsonObject {
  const { cx, owner, called = 'property' } = completing;
  const refuse = completing.refuse ?? cx.report;
  const { positions } = cx;
  const pathTo = (name: string): string => (path === '' ? name : `${path}.${name}`);
  for (const name of Object.keys(values)) {
    if (!schema.has(name))
      refuse(
        'C2044',
        `${owner} has no ${called} ${pathTo(name)}`,
        positions.ofKey(values, name) ?? at,
        suggestion(name, schema.keys()),
      );
  }
  const all: JsonObject = { ...defaults, ...values };
  const external = member(all, 'use_external_resource');
  if (isFunctionCall(external))
    refuse(
      'C2048',
      `use_external_resource of ${owner} must be true or false itself, not a function`,
      positions.ofValue(values, 'use_external_resource') ?? at,
    );
  const result: Record<string, Json> = {};
  for (const [name, { type, definition }] of schema) {
    const value = member(all, name);
    if (value === undefined) {
      const required = definition.required !== false && !isTrue(external) && completing.whole;
      if (required) refuse('C2045', `${owner} needs the ${called} ${pathTo(name)}`, at);
      continue;
    }
    // Nothing to complete, nothing to tell: most properties.
    if (type === undefined || (isKnownType(type) && fits(value, type))) {
      result[name] = value;
      continue;
    }
    const own = Object.hasOwn(values, name) ? positions.ofValue(values, name) : undefined;
    const typed = completeTyped(value, type, completing, {
      path: pathTo(name),
      at: own ?? at,
      inherited: member(defaults, name),
    });
    if (typed !== undefined) result[name] = typed;
  }
  return positions.carry(values, result);
}

/** One value of a type, completed if the type is a data type; undefined if it does not fit. */
export function completeTyped(
  value: Json,
  type: string | undefined,
  completing: Completing,
  slot: Slot,
): Json | undefined {
  if (type === undefined || isFunctionCall(value)) return value;
  if (isKnownType(type)) {
    if (fits(value, type)) return value;
  } else {
    const schema = completing.dataTypes.get(type);
    if (!schema) return value;
    if (isObject(value)) {
      const defaults = { ...defaultsOf(schema), ...(isObject(slot.inherited) ? slot.inherited : {}) };
      return complete(value, schema, defaults, completing, slot);
    }
  }
  const refuse = completing.refuse ?? completing.cx.report;
  const whole = slot.path === '' ? completing.owner : `${completing.owner}: ${slot.path}`;
  refuse('C2043', `${whole} must be of type ${type}, not ${kindOf(value)}`, slot.at);
  return undefined;
}

const isTrue = (value: Json | undefined): boolean =>
  value !== undefined && value !== null && value !== false && value !== 0 && value !== '' && !isEmpty(value);

function isEmpty(value: Json): boolean {
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}
