/** The form of a blueprint's sections: what may be written where, and since which version. Data, and its checker. */
import type { Report } from './diagnostics.js';
import { DateScalar, isNumber, isObject, type Json, type JsonObject, mapItems, WholeFloat } from './json.js';
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
  /** Names of the fields that must be there. */
  readonly required: readonly string[];
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
  /** For sections that there are not: Cloudify tells them when the others have been read. */
  readonly reportLast: Report;
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

/** The document without what does not fit its shape, all of which has been reported. */
export function fittingDocument(document: JsonObject, shape: RecordShape, context: ShapeContext): JsonObject {
  return fittingMembers(document, shape, '', document, '', context) as JsonObject;
}

/**
 * The value without what does not fit its shape; undefined when nothing is left.
 *
 * @param path how messages name the value: `node_templates.vm.type`
 * @param owner what the value is in, under `key`
 */
function fitting(
  value: Json,
  shape: Shape,
  path: string,
  owner: object,
  key: string | number,
  context: ShapeContext,
): Json | undefined {
  if (value === null) return null;
  switch (shape.kind) {
    case 'leaf':
      if (fitsLeaf(value, shape)) return value;
      return refused(`${path} must be ${named(shape.of)}, not ${kindOf(value)}`, owner, key, context);
    case 'choice':
      return typeof value === 'string' ? value : fitting(value, shape.long, path, owner, key, context);
    case 'sequence':
      return fittingItems(value, shape, path, owner, key, context);
    default:
      return fittingMembers(value, shape, path, owner, key, context);
  }
}

function fitsLeaf(value: Json, { of }: Leaf): boolean {
  for (const kind of of) if (FITS[kind](value)) return true;
  return false;
}

function refused(message: string, owner: object, key: string | number, { positions, report }: ShapeContext): undefined {
  report('C2010', message, positions.ofValue(owner, key));
}

function fittingItems(
  value: Json,
  { of }: SequenceShape,
  path: string,
  owner: object,
  key: string | number,
  context: ShapeContext,
): Json | undefined {
  if (!Array.isArray(value)) return refused(`${path} must be a list, not ${kindOf(value)}`, owner, key, context);
  const items = mapItems<Json | undefined>(value, (item, index) =>
    fitting(item as Json, of, `${path}[${index}]`, value, index, context),
  );
  if (items === value) return value;
  return context.positions.carry(
    value,
    items.filter((item): item is Json => item !== undefined),
  );
}

function fittingMembers(
  value: Json,
  shape: RecordShape | MappingShape,
  path: string,
  owner: object,
  key: string | number,
  context: ShapeContext,
): Json | undefined {
  if (!isObject(value)) return refused(`${path} must be a mapping, not ${kindOf(value)}`, owner, key, context);
  const { positions, report } = context;
  if (NON_TEXT_KEYS.has(value))
    report('C2010', `the keys of ${path} must be text`, positions.ofValue(owner, key), 'put the key in quotes');
  let dropped: Map<string, Json | undefined> | undefined;
  for (const name of Object.keys(value)) {
    const own = value[name] as Json;
    const kept =
      shape.kind === 'mapping'
        ? fitting(own, shape.of, pathOf(path, name), value, name, context)
        : fittingField(own, shape, path, value, name, context);
    if (kept === own) continue;
    dropped ??= new Map();
    dropped.set(name, kept);
  }
  if (shape.kind === 'record')
    for (const name of shape.required)
      if (!Object.hasOwn(value, name) || value[name] === null)
        report('C2010', `${path} needs ${name}`, positions.ofValue(owner, key));
  return dropped ? positions.carry(value, withChanges(value, dropped)) : value;
}

const pathOf = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`);

function withChanges(value: JsonObject, changes: ReadonlyMap<string, Json | undefined>): JsonObject {
  const members = Object.entries(value).map(([name, own]) => [name, changes.has(name) ? changes.get(name) : own]);
  return Object.fromEntries(members.filter(([, own]) => own !== undefined)) as JsonObject;
}

function fittingField(
  value: Json,
  shape: RecordShape,
  path: string,
  owner: JsonObject,
  name: string,
  context: ShapeContext,
): Json | undefined {
  const field = fieldOf(shape, name, owner, path, context);
  if (!field) return undefined;
  // Nothing to tell of most: their paths are not even made.
  if (field.shape.kind === 'leaf' && !field.oneOf && !field.since && fitsLeaf(value, field.shape)) return value;
  const ownPath = pathOf(path, name);
  const kept = fitting(value, field.shape, ownPath, owner, name, context);
  if (kept !== undefined && kept !== null) checkField(field, name, kept, owner, ownPath, context);
  return kept;
}

function fieldOf(
  shape: RecordShape,
  key: string,
  owner: JsonObject,
  path: string,
  { positions, report, reportLast }: ShapeContext,
) {
  const field = Object.hasOwn(shape.fields, key) ? shape.fields[key] : undefined;
  if (field) return field;
  const known = Object.keys(shape.fields);
  const hint = suggestion(key, known) ?? `known here: ${known.join(', ')}`;
  if (path === '') reportLast('C2010', `a blueprint has no ${key}`, positions.ofKey(owner, key), hint);
  else report('C2010', `${path} has no ${key}`, positions.ofKey(owner, key), hint);
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
  if (oneOf && Array.isArray(value))
    for (const [index, item] of (value as readonly Json[]).entries())
      if (typeof item !== 'string' || !oneOf.includes(item))
        report(
          'C2041',
          `${path} may hold ${oneOf.join(', ')}, not ${JSON.stringify(item)}`,
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
export const record = (fields: Readonly<Record<string, Field>>): RecordShape => ({
  kind: 'record',
  fields,
  required: Object.keys(fields).filter((name) => fields[name]?.required),
});
export const mapping = (of: Shape): MappingShape => ({ kind: 'mapping', of });
export const sequence = (of: Shape): SequenceShape => ({ kind: 'sequence', of });
export const shortOr = (long: Shape): ChoiceShape => ({ kind: 'choice', short: text, long });
