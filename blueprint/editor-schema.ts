/** A JSON Schema of the language, made from its table: so that editors complete and check blueprints. */
import { FUNCTION_NAMES } from './intrinsics/call.js';
import type { Json, JsonObject } from './json.js';
import { LANGUAGE } from './language.js';
import { KNOWN_TYPES } from './primitives.js';
import type { Field, Leaf, LeafKind, RecordShape, Shape } from './shape.js';
import { VERSIONS } from './version.js';

/** The schema of any blueprint; `editorSchemaFor` adds the types of a certain one. */
export function editorSchema(): JsonObject {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Blueprint',
    description: 'A blueprint in the Cloudify DSL.',
    ...recordSchema(LANGUAGE, false),
    required: [],
    definitions: DEFINITIONS,
  };
}

const FUNCTION_HELP: Readonly<Record<string, string>> = {
  get_input: 'An input, or a part of it: NAME or [NAME, KEY…]',
  get_property: 'A property: [NODE or SELF, SOURCE, TARGET, NAME…]',
  get_attribute: 'A runtime property, known when it runs: [NODE or SELF, SOURCE, TARGET, NAME…]',
  get_attributes_list: 'One value per node instance: [NODE, NAME…]',
  get_attributes_dict: 'Values by node instance: [NODE, NAME, …]',
  get_secret: 'A secret, known when it runs: KEY or [KEY, NAME…]',
  get_capability: 'A capability of another deployment: [DEPLOYMENT, NAME…]',
  get_group_capability: 'Capabilities of the deployments of a group: [GROUP, NAME…]',
  get_environment_capability: 'A capability of the environment: NAME or [NAME, KEY…]',
  get_label: 'A label of the deployment: KEY or [KEY, INDEX]',
  get_sys: 'Of the system: [deployment, id] or [tenant, name]',
  get_consumers: 'Deployments that use this one: ids, names or count',
  concat: 'Texts put together: [PART…]',
  merge: 'Mappings put together, later ones win: [MAPPING…]',
  string_find: 'Where a text is in another, or -1: [TEXT, PART]',
  string_replace: '[TEXT, PART, REPLACEMENT] and at most a count',
  string_split: '[TEXT, SEPARATOR] and an index for one part',
  string_lower: 'The text in lower case',
  string_upper: 'The text in upper case',
};

const functions: JsonObject = Object.fromEntries(
  FUNCTION_NAMES.map((name): [string, Json] => [name, { description: FUNCTION_HELP[name] ?? name }]),
);

const DEFINITIONS: JsonObject = {
  // Any value; the names of functions are offered.
  value: { properties: functions },
  function: {
    type: 'object',
    minProperties: 1,
    maxProperties: 2,
    properties: { ...functions, type: { type: 'string' } },
    additionalProperties: false,
  },
};

const VALUE: JsonObject = { $ref: '#/definitions/value' };

/** Fields whose names are known better than the table says. */
const SPECIAL: Readonly<Record<string, JsonObject>> = {
  tosca_definitions_version: { enum: VERSIONS.map((version) => `cloudify_dsl_${version}`) },
};

function recordSchema({ fields }: RecordShape, nullable = true): JsonObject {
  const required = Object.entries(fields).filter(([, field]) => field.required);
  return {
    type: nullable ? ['object', 'null'] : 'object',
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, field]): [string, Json] => [
        name,
        { ...fieldSchema(field), ...SPECIAL[name] },
      ]),
    ),
    ...(required.length > 0 ? { required: required.map(([name]) => name) } : {}),
    additionalProperties: false,
  };
}

function fieldSchema(field: Field): JsonObject {
  const { description, since, oneOf } = field;
  const about = [description, since && `Since cloudify_dsl_${since.join('_')}.`].filter((part) => part !== undefined);
  return {
    ...(about.length > 0 ? { description: about.join(' ') } : {}),
    ...(field.names === 'types' ? TYPE_NAME : shapeSchema(field.shape)),
    ...(oneOf ? (isText(field.shape) ? { enum: [...oneOf, null] } : { items: { enum: oneOf } }) : {}),
  };
}

const isText = (shape: Shape): boolean => shape.kind === 'leaf' && shape.of.length === 1 && shape.of[0] === 'text';

const TYPE_NAME: JsonObject = { anyOf: [{ enum: [...KNOWN_TYPES] }, { type: ['string', 'null'] }] };

function shapeSchema(shape: Shape): JsonObject {
  switch (shape.kind) {
    case 'leaf':
      return leafSchema(shape);
    case 'choice':
      return { anyOf: [leafSchema(shape.short), shapeSchema(shape.long)] };
    case 'sequence':
      return { type: ['array', 'null'], items: shapeSchema(shape.of) };
    case 'mapping':
      return { type: ['object', 'null'], additionalProperties: shapeSchema(shape.of) };
    default:
      return recordSchema(shape);
  }
}

const TYPES: Readonly<Record<LeafKind, string>> = {
  text: 'string',
  integer: 'integer',
  number: 'number',
  boolean: 'boolean',
  object: 'object',
  list: 'array',
};

function leafSchema({ of }: Leaf): JsonObject {
  if (of.length > 3) return VALUE;
  const type = [...of.map((kind) => TYPES[kind]), 'null'];
  return of.includes('object') ? { type, additionalProperties: VALUE, properties: functions } : { type };
}
