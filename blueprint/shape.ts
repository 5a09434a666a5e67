/** The form of a blueprint's sections: what may be written where, and since which version. Data, and its checker. */
import type { Place, Report } from './diagnostics.js';
import { DateScalar, isNumber, isObject, type Json, type JsonObject, WholeFloat } from './json.js';
import type { Positions } from './positions.js';
import { NON_TEXT_KEYS } from './source.js';
import { suggestion } from './suggestion.js';
import { isBefore, type Version } from './version.js';

export type LeafKind = 'text' | 'integer' | 'number' | 'boolean' | 'object' | 'list';

export interface Leaf {
  readonly kind: 'leaf';
  /** Any of these. */
  readonly of: readonly LeafKind[];
}
export interface RecordShape {
  readonly kind: 'record';
  readonly fields: Readonly<Record<string, Field>>;
}
/** Keys are names that the author chooses. */
export interface MappingShape {
  readonly kind: 'mapping';
  readonly of: Shape;
}
export interface SequenceShape {
  readonly kind: 'sequence';
  readonly of: Shape;
}
/** A short form (text) or a long one. */
export interface ChoiceShape {
  readonly kind: 'choice';
  readonly short: Leaf;
  readonly long: Shape;
}
export type Shape = Leaf | RecordShape | MappingShape | SequenceShape | ChoiceShape;

export interface Field {
  readonly shape: Shape;
  readonly required?: boolean;
  readonly since?: Version;
  readonly description?: string;
  /** Values that a text, or each item of a list, may have. */
  readonly oneOf?: readonly string[];
  /** The text is the name of a type of values. */
  readonly names?: 'types';
}

export interface ShapeContext {
  readonly positions: Positions;
  readonly report: Report;
  readonly version: Version;
  /** Off: features of newer versions are let through. */
  readonly gates: boolean;
}

const FITS: Readonly<Record<LeafKind, (value: Json) => boolean>> = {
  text: (value) => typeof value === 'string',
  integer: (value) => Number.isInteger(value) || typeof value === 'boolean',
  number: (value) => isNumber(value) || typeof value === 'boolean',
  boolean: (value) => typeof value === 'boolean',
  object: isObject,
  list: (value) => Array.isArray(value),
};

/**
 * The value without what does not fit its shape, all of which has been reported; undefined when nothing is left.
 *
 * @param path how messages name the value: `node_templates.vm.type`
 */
export function fitting(
  value: Json,
  shape: Shape,
  path: string,
  place: Place | undefined,
  context: ShapeContext,
): Json | undefined {
  if (value === null) return null;
  switch (shape.kind) {
    case 'leaf':
      if (shape.of.some((kind) => FITS[kind](value))) return value;
      context.report('C2010', `${path} must be ${named(shape.of)}, not ${kindOf(value)}`, place);
      return undefined;
    case 'choice':
      if (typeof value === 'string') return value;
      return fitting(value, shape.long, path, place, context);
    case 'sequence':
      return fittingItems(value, shape, path, place, context);
    default:
      return fittingMembers(value, shape, path, place, context);
  }
}

function fittingItems(
  value: Json,
  shape: SequenceShape,
  path: string,
  place: Place | undefined,
  context: ShapeContext,
) {
  if (!Array.isArray(value)) {
    context.report('C2010', `${path} must be a list, not ${kindOf(value)}`, place);
    return undefined;
  }
  const items = value.map((item: Json, index) =>
    fitting(item, shape.of, `${path}[${index}]`, context.positions.ofValue(value, index), context),
  );
  if (items.every((item, index) => item === value[index])) return value;
  return context.positions.carry(
    value,
    items.filter((item): item is Json => item !== undefined),
  );
}

function fittingMembers(
  value: Json,
  shape: RecordShape | MappingShape,
  path: string,
  place: Place | undefined,
  context: ShapeContext,
) {
  const { positions, report } = context;
  if (!isObject(value)) {
    report('C2010', `${path} must be a mapping, not ${kindOf(value)}`, place);
    return undefined;
  }
  if (NON_TEXT_KEYS.has(value)) report('C2010', `the keys of ${path} must be text`, place, 'put the key in quotes');
  let changed = false;
  const members: [string, Json][] = [];
  for (const [key, own] of Object.entries(value)) {
    const field = shape.kind === 'mapping' ? undefined : fieldOf(shape, key, value, path, context);
    const inner = field ? field.shape : shape.kind === 'mapping' ? shape.of : undefined;
    const ownPath = path === '' ? key : `${path}.${key}`;
    const kept = inner && fitting(own, inner, ownPath, positions.ofValue(value, key), context);
    if (field && kept !== undefined && kept !== null) checkField(field, key, kept, value, ownPath, context);
    if (kept !== undefined) members.push([key, kept]);
    if (kept !== own) changed = true;
  }
  if (shape.kind === 'record') reportMissing(shape, value, path, place, context);
  return changed ? positions.carry(value, Object.fromEntries(members)) : value;
}

function fieldOf(
  shape: RecordShape,
  key: string,
  owner: JsonObject,
  path: string,
  { positions, report }: ShapeContext,
) {
  const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
  if (field) return field;
  const known = Object.keys(shape.fields);
  const hint = suggestion(key, known) ?? `known here: ${known.join(', ')}`;
  report('C2010', `${path === '' ? 'a blueprint' : path} has no ${key}`, positions.ofKey(owner, key), hint);
  return undefined;
}

/** What holds for a field besides its form. In Cloudify too this comes after what is within the field. */
function checkField(
  { oneOf, since }: Field,
  key: string,
  value: Json,
  owner: JsonObject,
  path: string,
  { positions, report, version, gates }: ShapeContext,
): void {
  for (const [index, item] of (oneOf && Array.isArray(value) ? value : []).entries())
    if (typeof item !== 'string' || !oneOf?.includes(item))
      report(
        'C2041',
        `${path} may hold ${oneOf?.join(', ')}, not ${JSON.stringify(item)}`,
        positions.ofValue(value, index),
      );
  if (!gates || !since || !isBefore(version, since)) return;
  const needed = `cloudify_dsl_${since.join('_')}`;
  report(
    'C2013',
    `${path} needs ${needed}; this blueprint is cloudify_dsl_${version.join('_')}`,
    positions.ofKey(owner, key),
    `write: tosca_definitions_version: ${needed}`,
  );
}

function reportMissing(
  { fields }: RecordShape,
  value: JsonObject,
  path: string,
  place: Place | undefined,
  { report }: ShapeContext,
) {
  for (const [key, { required }] of Object.entries(fields)) {
    if (required && (!Object.hasOwn(value, key) || value[key] === null)) report('C2010', `${path} needs ${key}`, place);
  }
}

const NAMES: Readonly<Record<LeafKind, string>> = {
  text: 'text',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  object: 'a mapping',
  list: 'a list',
};

function named(kinds: readonly LeafKind[]): string {
  if (kinds.length === ANY.length) return 'a value';
  return kinds.map((kind) => NAMES[kind]).join(' or ');
}

const ANY: readonly LeafKind[] = ['list', 'boolean', 'number', 'text', 'object'];

export function kindOf(value: Json): string {
  if (value === null) return 'empty';
  if ((value as object) instanceof DateScalar) return 'a date (put it in quotes to make it text)';
  if (Array.isArray(value)) return 'a list';
  if ((value as object) instanceof WholeFloat) return String(value);
  if (typeof value === 'object') return 'a mapping';
  return JSON.stringify(value);
}

// Makers, so that the language reads as a table.
const leaf = (...of: readonly LeafKind[]): Leaf => ({ kind: 'leaf', of });
export const text = leaf('text');
export const integer = leaf('integer');
export const number = leaf('number');
export const boolean = leaf('boolean');
export const object = leaf('object');
export const list = leaf('list');
export const textOrObject = leaf('text', 'object');
export const listOrObject = leaf('object', 'list');
/** Everything but a date. */
export const any: Leaf = { kind: 'leaf', of: ANY };
export const record = (fields: Readonly<Record<string, Field>>): RecordShape => ({ kind: 'record', fields });
export const mapping = (of: Shape): MappingShape => ({ kind: 'mapping', of });
export const sequence = (of: Shape): SequenceShape => ({ kind: 'sequence', of });
export const shortOr = (long: Shape): ChoiceShape => ({ kind: 'choice', short: text, long });
