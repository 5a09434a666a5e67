/** `data_types`: named schemas that properties may have as their type. */
import type { Compilation } from './compilation.js';
import { type Resolved, resolveDerived } from './derivation.js';
import { type Json, type JsonObject, member, textMember } from './json.js';
import { isKnownType } from './primitives.js';
import { type DataTypes, definitionsOf, mergeSchemas, readSchema, type Schema } from './schema.js';

export interface DataType {
  readonly schema: Schema;
  readonly raw: JsonObject;
}

export interface DataTypeSection {
  /** The schema of a data type by name. */
  readonly schemas: DataTypes;
  /** As the plan shows them. */
  readonly plan: JsonObject;
}

export function readDataTypes(section: Json | undefined, cx: Compilation): DataTypeSection {
  const resolved: Resolved<DataType> = resolveDerived<DataType>(section, {
    called: 'data type',
    cx,
    build: (name, raw, parent, at) => {
      if (isKnownType(name)) cx.report('C2042', `${name} is a primitive type and cannot be defined`, at);
      const owner = `data_types.${name}.properties`;
      const own = readSchema(member(raw, 'properties'), owner, cx, schemas);
      return { raw, schema: parent ? mergeSchemas(parent.schema, own, owner, cx, schemas) : own };
    },
  });
  const schemas: DataTypes = {
    get: (name) => resolved.get(name)?.schema,
    has: (name) => resolved.names.includes(name),
    names: resolved.names,
  };
  const plan = Object.fromEntries([...resolved.all()].map(([name, type]) => [name, planned(type)]));
  return { schemas, plan };
}

function planned({ raw, schema }: DataType): JsonObject {
  return {
    properties: definitionsOf(schema),
    description: textMember(raw, 'description') ?? null,
    derived_from: textMember(raw, 'derived_from') ?? null,
    version: textMember(raw, 'version') ?? null,
  };
}
