/**
 * Namespaces: what is imported as `ns--file.yaml` has `ns--` before its names, and before what refers to them.
 *
 * The rules are Cloudify's, odd corners included: which plain texts are rewritten depends on the section, lists are not
 * searched for functions unless they stand within a mapping.
 */
import { isObject, type Json, type JsonObject } from './json.js';
import { Entries } from './merge.js';
import { mapValues, type Positions } from './positions.js';
import { isKnownType } from './primitives.js';

const SEPARATOR = '--';
const CONTEXT_NAMES: ReadonlySet<string> = new Set(['SELF', 'SOURCE', 'TARGET']);

/** The namespace before the last `--` and what follows it. */
export function splitNamespace(entry: string): { readonly namespace: string; readonly rest: string } {
  const at = entry.lastIndexOf(SEPARATOR);
  return at < 0
    ? { namespace: '', rest: entry }
    : { namespace: entry.slice(0, at), rest: entry.slice(at + SEPARATOR.length) };
}

export function nested(outer: string, inner: string): string {
  return outer === '' || inner === '' ? outer + inner : outer + SEPARATOR + inner;
}

/** What stands after the last namespace, as paths of scripts are looked for. */
export const withoutNamespaces = (name: string): string => splitNamespace(name).rest;

/**
 * What a file that a plan calls by a name may be called, the likeliest first. Files of an imported blueprint stand under
 * its namespace (`db--scripts/start.sh`); namespaces within it, and those of imports that are no blueprints, are no part
 * of any file's name.
 */
export function fileNamesOf(name: string): readonly string[] {
  const segments = name.split(SEPARATOR);
  const own = segments.pop() as string;
  const under = segments.map((_, count) => [...segments.slice(0, count), own].join(SEPARATOR));
  return [name, ...under.reverse()];
}

/**
 * A document's sections under a namespace.
 *
 * @param untouched entries that stay as they are, those of the built-in types
 */
export function underNamespace(
  document: JsonObject,
  namespace: string,
  positions: Positions,
  untouched: Entries = new Entries(),
): JsonObject {
  if (namespace === '') return document;
  const renaming = new Renaming(namespace, positions);
  return mapValues(positions, document, (section, name) => {
    if (!Object.hasOwn(SECTIONS, name)) return section;
    const rewrite = SECTIONS[name] as Rewrite;
    if (!isObject(section)) return rewrite(section, renaming);
    const [kept, own] = [true, false].map((stays) =>
      Object.fromEntries(Object.entries(section).filter(([key]) => untouched.has(name, key) === stays)),
    ) as [JsonObject, JsonObject];
    const rewritten = rewrite(positions.carry(section, own), renaming) as JsonObject;
    return positions.unite({ ...kept, ...rewritten }, section, rewritten);
  });
}

class Renaming {
  readonly #prefix: string;

  constructor(
    namespace: string,
    readonly positions: Positions,
  ) {
    this.#prefix = namespace + SEPARATOR;
  }

  name(name: string): string {
    return name.startsWith('cloudify.') ? name : this.#prefix + name;
  }
}

type Rewrite = (value: Json, renaming: Renaming) => Json;

const asItIs: Rewrite = (value) => value;

/** A name that refers to something in the namespace. */
const reference: Rewrite = (value, renaming) => (typeof value === 'string' ? renaming.name(value) : value);

/** The name of a type: those that need no definition are the same everywhere. */
const typeName: Rewrite = (value, renaming) =>
  typeof value === 'string' && isKnownType(value) ? value : reference(value, renaming);

/** A leaf whose functions are rewritten, and whose plain text is not. */
const leaf: Rewrite = (value, renaming) => (isObject(value) ? functionsIn(value, renaming) : value);

/** A leaf whose plain text is taken for a name too. */
const namingLeaf: Rewrite = (value, renaming) =>
  typeof value === 'string' ? renaming.name(value) : leaf(value, renaming);

/** A mapping with keys of the language; those not given stay as they are. */
function fields(rewrites: Readonly<Record<string, Rewrite>>): Rewrite {
  return (value, renaming) =>
    isObject(value)
      ? mapValues(renaming.positions, value, (own, key) =>
          Object.hasOwn(rewrites, key) ? (rewrites[key] as Rewrite)(own, renaming) : own,
        )
      : value;
}

/** A mapping whose keys are names of the author's: of the namespace, or local to what holds them. */
function named(rewrite: Rewrite): Rewrite {
  return (value, renaming) =>
    isObject(value)
      ? mapValues(
          renaming.positions,
          value,
          (own) => rewrite(own, renaming),
          (key) => renaming.name(key),
        )
      : value;
}

function locally(rewrite: Rewrite): Rewrite {
  return (value, renaming) =>
    isObject(value) ? mapValues(renaming.positions, value, (own) => rewrite(own, renaming)) : value;
}

function items(rewrite: Rewrite): Rewrite {
  return (value, renaming) =>
    Array.isArray(value)
      ? renaming.positions.carry(
          value,
          value.map((item: Json) => rewrite(item, renaming)),
        )
      : value;
}

/** Text is a reference, a mapping has fields. */
function shortOr(long: Rewrite): Rewrite {
  return (value, renaming) => (typeof value === 'string' ? reference(value, renaming) : long(value, renaming));
}

const schema = locally(fields({ type: typeName, default: leaf, item_type: typeName }));
const interfacesOfTypes = locally(locally(shortOr(fields({ implementation: mappingReference, inputs: schema }))));
const interfacesOfTemplates = locally(locally(shortOr(fields({ implementation: mappingReference, inputs: leaf }))));
const valuesSection = named(fields({ value: namingLeaf }));

/** An empty implementation stays one. */
function mappingReference(value: Json, renaming: Renaming): Json {
  return value === '' ? value : reference(value, renaming);
}

const SECTIONS: Readonly<Record<string, Rewrite>> = {
  inputs: named(fields({ type: typeName, default: leaf, item_type: typeName })),
  plugins: named(fields({ properties: named(asItIs) })),
  // What describes a data type is taken for a name like any other text there.
  data_types: named(
    fields({ derived_from: reference, description: reference, version: reference, properties: schema }),
  ),
  node_types: named(
    fields({
      derived_from: reference,
      properties: schema,
      runtime_properties: schema,
      interfaces: interfacesOfTypes,
    }),
  ),
  relationships: named(
    fields({
      derived_from: reference,
      properties: schema,
      source_interfaces: interfacesOfTypes,
      target_interfaces: interfacesOfTypes,
    }),
  ),
  node_templates: named(
    fields({
      type: reference,
      properties: leaf,
      interfaces: interfacesOfTemplates,
      relationships: items(
        fields({
          type: reference,
          target: reference,
          properties: leaf,
          source_interfaces: interfacesOfTemplates,
          target_interfaces: interfacesOfTemplates,
        }),
      ),
      capabilities: locally(fields({ properties: leaf })),
    }),
  ),
  policy_types: named(fields({ properties: schema })),
  policy_triggers: named(fields({ parameters: schema })),
  groups: named(
    fields({
      members: items(reference),
      policies: named(
        fields({
          type: reference,
          properties: leaf,
          triggers: named(fields({ type: reference, parameters: leaf })),
        }),
      ),
    }),
  ),
  policies: named(fields({ type: reference, properties: locally(leaf), targets: items(reference) })),
  workflows: named(shortOr(fields({ mapping: reference, parameters: locally(fields({ default: leaf })) }))),
  outputs: valuesSection,
  capabilities: valuesSection,
  labels: named(asItIs),
  blueprint_labels: named(asItIs),
  resource_tags: named(namingLeaf),
  metadata: named(asItIs),
  deployment_settings: named(asItIs),
};

/** Rewrites names in calls of get_input, get_property and get_attribute, at any depth. */
function functionsIn(value: Json, renaming: Renaming): Json {
  if (Array.isArray(value)) {
    return renaming.positions.carry(
      value,
      value.map((item: Json) => functionsIn(item, renaming)),
    );
  }
  if (!isObject(value)) return value;
  return mapValues(renaming.positions, value, (argument, key) => {
    if (key === 'get_input') return inputName(argument, renaming);
    if (key === 'get_property' || key === 'get_attribute') return nodeName(argument, renaming);
    return functionsIn(argument, renaming);
  });
}

function inputName(argument: Json, renaming: Renaming): Json {
  return typeof argument === 'string' ? renaming.name(argument) : firstName(argument, renaming, () => true);
}

function nodeName(argument: Json, renaming: Renaming): Json {
  return firstName(argument, renaming, (name) => !CONTEXT_NAMES.has(name));
}

function firstName(argument: Json, renaming: Renaming, isName: (text: string) => boolean): Json {
  if (!Array.isArray(argument)) return functionsIn(argument, renaming);
  const [first, ...rest] = argument as readonly Json[];
  const named =
    typeof first === 'string' && isName(first) ? renaming.name(first) : functionsIn(first ?? null, renaming);
  return renaming.positions.carry(argument, [named, ...rest.map((item) => functionsIn(item, renaming))]);
}
