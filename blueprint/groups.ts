/** `groups`, `policy_types`, `policy_triggers`. */
import type { At, Compilation } from './compilation.js';
import type { DiagnosticCode } from './diagnostics.js';
import { isObject, type Json, type JsonObject, listMember, member, objectMember, textMember } from './json.js';
import { completeValues, type DataTypes, definitionsOf, readSchema, type Schema } from './schema.js';
import { suggestion } from './suggestion.js';

export interface PolicySchemas {
  readonly types: ReadonlyMap<string, Schema>;
  readonly triggers: ReadonlyMap<string, Schema>;
}

/** Policy types (`properties`) or triggers (`parameters`): their schemas, and how the plan shows them. */
export function readPolicySection(
  section: Json | undefined,
  called: 'policy_types' | 'policy_triggers',
  cx: Compilation,
  dataTypes: DataTypes,
): { readonly schemas: ReadonlyMap<string, Schema>; readonly plan: JsonObject } {
  const key = called === 'policy_types' ? 'properties' : 'parameters';
  const schemas = new Map<string, Schema>();
  const plan: Record<string, Json> = {};
  for (const [name, raw] of Object.entries(isObject(section) ? section : {})) {
    const schema = readSchema(member(raw, key), `${called}.${name}.${key}`, cx, dataTypes);
    schemas.set(name, schema);
    plan[name] = { [key]: definitionsOf(schema), source: textMember(raw, 'source') ?? null };
  }
  return { schemas, plan };
}

export function readGroups(
  section: Json | undefined,
  templates: Json | undefined,
  schemas: PolicySchemas,
  cx: Compilation,
  dataTypes: DataTypes,
): JsonObject {
  const groups: Record<string, Json> = {};
  if (!isObject(section)) return groups;
  const nodes = isObject(templates) ? templates : {};
  for (const [name, raw] of Object.entries(section)) {
    const at = cx.positions.ofKey(section, name);
    if (Object.hasOwn(nodes, name)) cx.report('C2109', `group ${name} has the name of a node template`, at);
    groups[name] = {
      members: readMembers(name, raw, new Set([...Object.keys(nodes), ...Object.keys(section)]), at, cx),
      policies: readPolicies(name, member(raw, 'policies'), schemas, cx, dataTypes),
    };
  }
  return groups;
}

function readMembers(group: string, raw: Json, known: ReadonlySet<string>, at: At, cx: Compilation): string[] {
  const members = listMember(raw, 'members');
  if (members.length === 0 && isObject(raw) && Array.isArray(raw.members))
    cx.report('C2010', `group ${group} needs at least one member`, cx.positions.ofValue(raw, 'members') ?? at);
  const names = new Set<string>();
  for (const [index, name] of members.entries()) {
    if (typeof name !== 'string') continue;
    if (known.has(name)) names.add(name);
    else
      cx.report(
        'C2100',
        `group ${group} has the member ${name}, which is neither a node template nor a group`,
        cx.positions.ofValue(members, index),
        suggestion(name, known),
      );
  }
  return [...names];
}

function readPolicies(
  group: string,
  section: Json | undefined,
  { types, triggers }: PolicySchemas,
  cx: Compilation,
  dataTypes: DataTypes,
): JsonObject {
  const policies: Record<string, Json> = {};
  for (const [name, raw] of Object.entries(isObject(section) ? section : {})) {
    const owner = `groups.${group}.policies.${name}`;
    // Named, and nothing said of it.
    if (raw === null) {
      policies[name] = {};
      continue;
    }
    const own = completed(raw, 'properties', types, 'C2101', owner, cx, dataTypes);
    const fired: Record<string, Json> = {};
    for (const [trigger, value] of Object.entries(objectMember(raw, 'triggers')))
      fired[trigger] = completed(value, 'parameters', triggers, 'C2102', `${owner}.triggers.${trigger}`, cx, dataTypes);
    policies[name] = { ...own, triggers: fired };
  }
  return policies;
}

function completed(
  raw: Json,
  key: 'properties' | 'parameters',
  schemas: ReadonlyMap<string, Schema>,
  unknown: DiagnosticCode,
  owner: string,
  cx: Compilation,
  dataTypes: DataTypes,
): JsonObject {
  if (raw === null) return {};
  const type = textMember(raw, 'type') ?? '';
  const schema = schemas.get(type);
  if (!schema) {
    cx.report(
      unknown,
      `${owner} is of type ${type}, which there is not`,
      cx.positions.ofValue(raw, 'type'),
      suggestion(type, schemas.keys()),
    );
    return { type, [key]: {} };
  }
  const completing = { cx, dataTypes, owner: `${owner}.${key}`, whole: true };
  return { type, [key]: completeValues(objectMember(raw, key), schema, completing, cx.positions.of(raw)) };
}
