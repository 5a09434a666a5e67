/** `relationships`: types of relationships, with operations that run for their source and their target. */
import type { Compilation } from './compilation.js';
import { type Resolved, resolveDerived } from './derivation.js';
import { type Json, type JsonObject, member, textMember } from './json.js';
import { RUN_SCRIPT, resolveMapping } from './mapping.js';
import { type Interfaces, mergeTypeInterfaces, readTypeInterfaces, type TypeOperation } from './operations.js';
import type { PlanPlugin } from './plan.js';
import { type DataTypes, definitionsOf, mergeSchemas, readSchema, type Schema } from './schema.js';

export interface RelationshipType {
  readonly name: string;
  readonly derivedFrom: string | undefined;
  readonly properties: Schema;
  readonly source: Interfaces<TypeOperation>;
  readonly target: Interfaces<TypeOperation>;
  /** Root first, itself last. */
  readonly hierarchy: readonly string[];
}

export const CONTAINED_IN = 'cloudify.relationships.contained_in';

export function readRelationshipTypes(
  section: Json | undefined,
  cx: Compilation,
  dataTypes: DataTypes,
): Resolved<RelationshipType> {
  return resolveDerived<RelationshipType>(section, {
    called: 'relationship type',
    cx,
    build: (name, raw, parent) => {
      const owner = `relationships.${name}`;
      const properties = readSchema(member(raw, 'properties'), `${owner}.properties`, cx, dataTypes);
      const source = readTypeInterfaces(member(raw, 'source_interfaces'), owner, cx, dataTypes);
      const target = readTypeInterfaces(member(raw, 'target_interfaces'), owner, cx, dataTypes);
      return {
        name,
        derivedFrom: textMember(raw, 'derived_from'),
        properties: parent ? mergeSchemas(parent.properties, properties, owner, cx, dataTypes) : properties,
        source: parent ? mergeTypeInterfaces(parent.source, source) : source,
        target: parent ? mergeTypeInterfaces(parent.target, target) : target,
        hierarchy: [...(parent?.hierarchy ?? []), name],
      };
    },
  });
}

/** Relationship types in the plan. Their operations must be served even where no template uses them. */
export function plannedRelationshipTypes(
  types: Resolved<RelationshipType>,
  plugins: readonly PlanPlugin[],
  cx: Compilation,
): JsonObject {
  const planned: Record<string, Json> = {};
  for (const [name, type] of types.all()) {
    for (const [side, interfaces] of [
      ['source_interfaces', type.source],
      ['target_interfaces', type.target],
    ] as const)
      checkServed(`relationships.${name}.${side}`, interfaces, plugins, cx);
    planned[name] = {
      name,
      ...(type.derivedFrom === undefined ? {} : { derived_from: type.derivedFrom }),
      properties: definitionsOf(type.properties),
      source_interfaces: plannedInterfaces(type.source),
      target_interfaces: plannedInterfaces(type.target),
      type_hierarchy: type.hierarchy,
    };
  }
  return planned;
}

function checkServed(
  owner: string,
  interfaces: Interfaces<TypeOperation>,
  plugins: readonly PlanPlugin[],
  cx: Compilation,
): void {
  for (const [name, operations] of interfaces)
    for (const [operation, { implementation, executor, inputs, at }] of operations)
      resolveMapping(
        {
          implementation,
          inputs: definitionsOf(inputs),
          executor,
          owner: `${owner}.${name}.${operation}`,
          at,
          code: 'C2081',
          scriptOperation: RUN_SCRIPT,
        },
        plugins,
        // A type that no template uses may name operations of plugins that are not installed.
        { ...cx, unprovided: undefined },
      );
}

function plannedInterfaces(interfaces: Interfaces<TypeOperation>): JsonObject {
  const planned: Record<string, Json> = {};
  for (const [name, operations] of interfaces) {
    const own: Record<string, Json> = {};
    for (const [operation, { inputs, at: _, ...settings }] of operations)
      own[operation] = { ...settings, inputs: definitionsOf(inputs) };
    planned[name] = own;
  }
  return planned;
}
