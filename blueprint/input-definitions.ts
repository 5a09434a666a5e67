/** `inputs`: what a deployment is asked for. */
import type { Compilation } from './compilation.js';
import { readConstraints, violations } from './constraints.js';
import { isFunctionCall } from './intrinsics/call.js';
import { isObject, type Json, type JsonObject, member, textMember } from './json.js';
import { isKnownType, OBJECT_TYPES } from './primitives.js';
import { completeTyped, type DataTypes, definitionsAsked, readSchema } from './schema.js';

export function readInputDefinitions(section: Json | undefined, cx: Compilation, dataTypes: DataTypes): JsonObject {
  if (!isObject(section)) return {};
  for (const [name, raw] of Object.entries(section)) {
    readConstraints(raw, `inputs.${name}`, cx);
    checkDefault(name, raw, cx, dataTypes);
  }
  return definitionsAsked(readSchema(section, 'inputs', cx, dataTypes));
}

function checkDefault(name: string, raw: Json, cx: Compilation, dataTypes: DataTypes): void {
  const value = member(raw, 'default');
  if (value === undefined || value === null) return;
  const at = cx.positions.ofValue(raw, 'default');
  const constrained = isObject(raw) && Object.hasOwn(raw, 'constraints');
  if (isFunctionCall(value)) {
    if (constrained)
      cx.report('C2122', `the default of inputs.${name} is a function, so that it can have no constraints`, at);
    return;
  }
  const type = textMember(raw, 'type');
  const known = type === undefined || isKnownType(type) || dataTypes.get(type);
  // Here the members of a data type that are required must be given.
  if (known && !isKnownType(type ?? 'string'))
    completeTyped(value, type, { cx, dataTypes, owner: `inputs.${name}.default`, whole: true }, { path: '', at });
  const itemType = textMember(raw, 'item_type');
  if (itemType !== undefined && Array.isArray(value))
    for (const item of value)
      completeTyped(item, itemType, { cx, dataTypes, owner: `inputs.${name}.default`, whole: true }, { path: '', at });
}

/** Defaults against their constraints: Cloudify looks at these when everything else has been read. */
export function checkDefaults(section: Json | undefined, cx: Compilation): void {
  for (const [name, raw] of Object.entries(isObject(section) ? section : {})) checkConstraints(name, raw, cx);
}

function checkConstraints(name: string, raw: Json, cx: Compilation): void {
  const value = member(raw, 'default');
  if (value === undefined || value === null || isFunctionCall(value)) return;
  const at = cx.positions.ofValue(raw, 'default');
  const type = textMember(raw, 'type');
  if (type !== undefined && OBJECT_TYPES.has(type))
    cx.report('C3004', `the default of inputs.${name} names a ${type}, of which nothing is known here`, at);
  else if (isObject(raw))
    for (const sentence of violations(value, raw)) cx.report('C3004', `the default of inputs.${name}: ${sentence}`, at);
}
