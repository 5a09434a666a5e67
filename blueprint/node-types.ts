/** `node_types`: properties and interfaces that node templates take over. */
import type { Compilation } from './compilation.js';
import { type Resolved, resolveDerived } from './derivation.js';
import { type Json, member } from './json.js';
import { type Interfaces, mergeTypeInterfaces, readTypeInterfaces, type TypeOperation } from './operations.js';
import { type DataTypes, mergeSchemas, readSchema, type Schema } from './schema.js';

export interface NodeType {
  readonly name: string;
  readonly properties: Schema;
  readonly interfaces: Interfaces<TypeOperation>;
  /** Root first, itself last. */
  readonly hierarchy: readonly string[];
}

export function readNodeTypes(section: Json | undefined, cx: Compilation, dataTypes: DataTypes): Resolved<NodeType> {
  return resolveDerived<NodeType>(section, {
    called: 'node type',
    cx,
    build: (name, raw, parent) => {
      const owner = `node_types.${name}`;
      const properties = readSchema(member(raw, 'properties'), `${owner}.properties`, cx, dataTypes);
      readSchema(member(raw, 'runtime_properties'), `${owner}.runtime_properties`, cx, dataTypes);
      const interfaces = readTypeInterfaces(member(raw, 'interfaces'), owner, cx, dataTypes);
      return {
        name,
        properties: parent ? mergeSchemas(parent.properties, properties, owner, cx, dataTypes) : properties,
        interfaces: parent ? mergeTypeInterfaces(parent.interfaces, interfaces) : interfaces,
        hierarchy: [...(parent?.hierarchy ?? []), name],
      };
    },
  });
}

/** Types are told to be hosts by a text anywhere in their hierarchy, as Cloudify does. */
export function isHostType({ hierarchy }: NodeType): boolean {
  return hierarchy.some((name) => name.includes('cloudify.nodes.Compute'));
}
