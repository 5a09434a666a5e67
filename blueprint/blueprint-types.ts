/** The types that a blueprint may use, its own and those that it imports, however unfinished the rest of it is. */
import type { Compilation } from './compilation.js';
import { readDataTypes } from './data-types.js';
import type { Resolved } from './derivation.js';
import { type CompileHost, loadDocument } from './imports.js';
import { isObject, member } from './json.js';
import { type NodeType, readNodeTypes } from './node-types.js';
import { Positions } from './positions.js';
import { type RelationshipType, readRelationshipTypes } from './relationship-types.js';
import type { DataTypes } from './schema.js';

export interface BlueprintTypes {
  readonly nodeTypes: ReadonlyMap<string, NodeType>;
  readonly relationshipTypes: ReadonlyMap<string, RelationshipType>;
  readonly dataTypes: DataTypes;
}

/** @returns undefined when the main file cannot be read at all */
export async function blueprintTypes(main: string, host: CompileHost): Promise<BlueprintTypes | undefined> {
  const positions = new Positions();
  const report = (): void => undefined;
  const loaded = await loadDocument(main, {
    host,
    positions,
    report,
    sources: new Map(),
    importMap: {},
    gates: false,
  });
  if (!loaded) return undefined;
  const cx: Compilation = {
    version: loaded.version,
    gates: false,
    positions,
    report,
    hasFile: () => true,
    blueprintNamespaces: new Set(),
  };
  const section = (name: string) => {
    const value = member(loaded.document, name);
    return isObject(value) ? value : {};
  };
  const dataTypes = readDataTypes(section('data_types'), cx).schemas;
  const all = <T>(types: Resolved<T>): ReadonlyMap<string, T> => types.all();
  return {
    nodeTypes: all(readNodeTypes(section('node_types'), cx, dataTypes)),
    relationshipTypes: all(readRelationshipTypes(section('relationships'), cx, dataTypes)),
    dataTypes,
  };
}
