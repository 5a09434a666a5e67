/**
 * TypeScript types of what a plugin.yaml declares: properties of its node types, runtime properties, inputs of operations,
 * settings of the plugin. The description is the one source: code that does not fit it is refused by the compiler.
 */
import { type BlueprintTypes, blueprintTypes } from '../blueprint/blueprint-types.js';
import { isObject, type Json, objectMember, textMember } from '../blueprint/json.js';
import type { Interfaces, TypeOperation } from '../blueprint/operations.js';
import { Positions } from '../blueprint/positions.js';
import { isKnownType } from '../blueprint/primitives.js';
import type { Schema } from '../blueprint/schema.js';
import { readSource } from '../blueprint/source.js';
import { builtInSource } from '../types/builtin.js';
import { identifier, lastPart, literal, memberName, namesFor } from './type-names.js';

/** A data type called as a node type with this after it declares the node type's runtime properties. */
const RUNTIME = '.RuntimeProperties';
const MAIN = '/blueprint.yaml';

/**
 * @param text of the plugin.yaml
 * @param prefix the plugin's name in it
 * @returns a TypeScript module, for the plugin to keep beside its code
 */
export async function typesModule(text: string, prefix: string, location = '/plugin.yaml'): Promise<string> {
  const types = await blueprintTypes(MAIN, {
    read: async (at) => (at === MAIN ? importing(location) : at === location ? text : undefined),
    exists: async (at) => at === MAIN || at === location,
    resolve: async (entry, version) => await builtInSource(entry, version),
  });
  if (!types) throw new Error(`${location} cannot be read`);
  const document = readSource(location, text, new Positions(), () => undefined)?.value ?? {};
  return new Module(types, document, prefix).text();
}

function importing(location: string): string {
  return `tosca_definitions_version: cloudify_dsl_1_5\nimports:\n  - cloudify/types/types.yaml\n  - ${JSON.stringify(location)}\nnode_templates: {}\n`;
}

interface MappedOperation {
  readonly inputs: Schema;
  /** Type of its context. */
  readonly context: string;
}

class Module {
  readonly #names: ReadonlyMap<string, string>;
  readonly #operations = new Map<string, MappedOperation[]>();
  readonly #runtime = new Set<string>();

  constructor(
    readonly types: BlueprintTypes,
    readonly document: Json,
    readonly prefix: string,
  ) {
    const own = [...this.#declared('node_types'), ...this.#declared('data_types')];
    this.#names = namesFor(own.filter((name) => !name.endsWith(RUNTIME)));
    this.#collect();
  }

  #declared(section: string): string[] {
    return Object.keys(objectMember(this.document, section));
  }

  text(): string {
    const parts = [
      ...this.#declared('node_types').flatMap((name) => this.#ofNodeType(name)),
      ...this.#declared('data_types')
        .filter((name) => !this.#runtime.has(name))
        .map((name) => this.#interface(this.#nameOf(name), this.types.dataTypes.get(name), name)),
      this.#ofPlugin(),
      ...this.#ofOperations(),
    ];
    const body = parts.join('\n\n');
    const wanted = ['Json', 'JsonObject', 'NodeOperationContext', 'OperationContext', 'RelationshipOperationContext'];
    const used = wanted.filter((name) => new RegExp(`\\b${name}\\b`).test(body));
    const imported = used.length > 0 ? `import type { ${used.join(', ')} } from 'caisson/plugin-sdk';\n\n` : '';
    return `// Generated from plugin.yaml: change that, and run \`caisson plugins types\`.\n${imported}${body}\n`;
  }

  #nameOf(type: string): string {
    return this.#names.get(type) ?? identifier(lastPart(type));
  }

  #ofNodeType(name: string): string[] {
    const own = this.#nameOf(name);
    const properties = this.#interface(`${own}Properties`, this.types.nodeTypes.get(name)?.properties, name);
    if (!this.#runtime.has(`${name}${RUNTIME}`)) return [properties];
    const runtime = this.types.dataTypes.get(`${name}${RUNTIME}`) ?? new Map();
    return [
      properties,
      `/** What operations store of an instance of ${name}. */\nexport interface ${own}RuntimeProperties {\n${this.#members(runtime, 'changing')}}`,
    ];
  }

  #ofPlugin(): string {
    const properties = objectMember(objectMember(objectMember(this.document, 'plugins'), this.prefix), 'properties');
    const members = Object.entries(properties).map(([key, declared]) => {
      const given = isObject(declared) && Object.hasOwn(declared, 'value');
      return `${comment(declared)}  readonly ${memberName(key)}${given ? '' : '?'}: ${this.#typeOf(declared)};\n`;
    });
    const title = '/** Settings of the plugin, which blueprints give. */';
    return `${title}\nexport ${members.length === 0 ? 'type PluginProperties = JsonObject;' : `interface PluginProperties {\n${members.join('')}}`}`;
  }

  #ofOperations(): string[] {
    const parts: string[] = [];
    const entries: string[] = [];
    for (const [name, mapped] of this.#operations) {
      const inputs = `${identifier(name)}Inputs`;
      const schemas = mapped.map((one) => one.inputs).filter(({ size }) => size > 0);
      if (schemas.length > 0) parts.push(this.#inputs(inputs, schemas, schemas.length < mapped.length, name));
      const contexts = [...new Set(mapped.map(({ context }) => context))];
      const given = schemas.length > 0 ? inputs : 'JsonObject';
      entries.push(
        `  ${literal(name)}: {\n    readonly context: ${contexts.join(' | ')};\n    readonly inputs: ${given};\n  };`,
      );
    }
    return [
      ...parts,
      `/** The operations that types are mapped to: what \`implement\` takes. */\nexport interface Operations {\n${entries.join('\n')}\n}`,
    ];
  }

  /** Inputs of an operation that several types map: what not all of them declare may be missing. */
  #inputs(name: string, schemas: readonly Schema[], someHaveNone: boolean, operation: string): string {
    const merged = new Map(schemas.flatMap((schema) => [...schema]));
    const optional = [...merged.keys()].filter((key) => someHaveNone || schemas.some((schema) => !schema.has(key)));
    return `/** Inputs of ${operation}. */\nexport interface ${name} {\n${this.#members(merged, 'given', new Set(optional))}}`;
  }

  #interface(name: string, schema: Schema | undefined, type: string): string {
    return `/** Properties of ${type}. */\nexport interface ${name} {\n${this.#members(schema ?? new Map(), 'given')}}`;
  }

  #members(schema: Schema, kind: 'given' | 'changing', optional: ReadonlySet<string> = new Set()): string {
    return [...schema]
      .map(([key, { definition }]) => {
        const surely = Object.hasOwn(definition, 'default') || definition.required !== false;
        const missing = kind === 'changing' || !surely || optional.has(key) ? '?' : '';
        const how = kind === 'changing' ? '' : 'readonly ';
        return `${comment(definition)}  ${how}${memberName(key)}${missing}: ${this.#typeOf(definition)};\n`;
      })
      .join('');
  }

  #typeOf(declared: Json | undefined): string {
    const type = textMember(declared, 'type');
    if (type === undefined) return 'Json';
    if (!isKnownType(type)) return this.#names.has(type) ? this.#nameOf(type) : 'JsonObject';
    const item = textMember(declared, 'item_type');
    if (type === 'list') return item === undefined ? 'readonly Json[]' : `readonly ${this.#typeOf({ type: item })}[]`;
    return TYPES[type] ?? 'string';
  }

  #collect(): void {
    for (const name of this.#declared('data_types')) if (name.endsWith(RUNTIME)) this.#runtime.add(name);
    for (const name of this.#declared('node_types')) {
      const type = this.types.nodeTypes.get(name);
      if (!type) continue;
      const own = this.#nameOf(name);
      const runtime = this.#runtime.has(`${name}${RUNTIME}`) ? `${own}RuntimeProperties` : 'Record<string, Json>';
      this.#add(type.interfaces, `NodeOperationContext<${own}Properties, ${runtime}, PluginProperties>`);
    }
    for (const name of this.#declared('relationships')) {
      const type = this.types.relationshipTypes.get(name);
      if (!type) continue;
      for (const side of [type.source, type.target]) this.#add(side, 'RelationshipOperationContext<PluginProperties>');
    }
  }

  #add(interfaces: Interfaces<TypeOperation>, context: string): void {
    for (const operations of interfaces.values())
      for (const { implementation, inputs } of operations.values()) {
        if (!implementation.startsWith(`${this.prefix}.`)) continue;
        const name = implementation.slice(this.prefix.length + 1);
        const known = this.#operations.get(name) ?? [];
        this.#operations.set(name, [...known, { inputs, context }]);
      }
  }
}

const TYPES: Readonly<Record<string, string>> = {
  integer: 'number',
  float: 'number',
  boolean: 'boolean',
  dict: 'JsonObject',
};

function comment(declared: Json | undefined): string {
  const description = textMember(declared, 'description')?.trim().replaceAll('*/', '* /');
  return description ? `  /** ${description.replaceAll(/\s*\n\s*/g, ' ')} */\n` : '';
}
