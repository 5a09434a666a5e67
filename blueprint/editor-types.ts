/** The editor schema with the types of a certain blueprint: names of types and their properties complete too. */
import type { BlueprintTypes } from './blueprint-types.js';
import { editorSchema } from './editor-schema.js';
import { isObject, type Json, type JsonObject, objectMember, textMember } from './json.js';
import type { Interfaces, TypeOperation } from './operations.js';
import { isKnownType } from './primitives.js';
import { defaultsOf, type PropertySchema, type Schema } from './schema.js';

export function editorSchemaFor(types: BlueprintTypes): JsonObject {
  const schema = editorSchema();
  const properties = objectMember(schema, 'properties');
  const definitions: Record<string, Json> = { ...objectMember(schema, 'definitions') };
  for (const name of types.dataTypes.names)
    definitions[dataTypeKey(name)] = propertiesSchema(types.dataTypes.get(name) ?? new Map(), true);
  return {
    ...schema,
    properties: {
      ...properties,
      node_templates: {
        ...objectMember(properties, 'node_templates'),
        additionalProperties: templateSchema(properties, types),
      },
    },
    definitions,
  };
}

function templateSchema(properties: JsonObject, { nodeTypes, relationshipTypes }: BlueprintTypes): JsonObject {
  const template = objectMember(objectMember(properties, 'node_templates'), 'additionalProperties');
  const members = objectMember(template, 'properties');
  const relationships = objectMember(members, 'relationships');
  const relationship = objectMember(relationships, 'items');
  return {
    ...template,
    properties: {
      ...members,
      type: { ...objectMember(members, 'type'), enum: [...nodeTypes.keys()] },
      relationships: {
        ...relationships,
        items: {
          ...relationship,
          properties: {
            ...objectMember(relationship, 'properties'),
            type: { enum: [...relationshipTypes.keys()] },
          },
          allOf: [...relationshipTypes].map(([name, type]) =>
            whenTypeIs(name, {
              properties: propertiesSchema(type.properties, false),
              source_interfaces: interfacesSchema(type.source),
              target_interfaces: interfacesSchema(type.target),
            }),
          ),
        },
      },
    },
    allOf: [...nodeTypes].map(([name, type]) =>
      whenTypeIs(name, {
        properties: propertiesSchema(type.properties, false),
        interfaces: interfacesSchema(type.interfaces),
      }),
    ),
  };
}

function whenTypeIs(name: string, properties: JsonObject): JsonObject {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  return { if: { properties: { type: { const: name } }, required: ['type'] }, then: { properties } };
}

const dataTypeKey = (name: string): string => `type ${name}`;

/** @param whole values may be functions in place of the mapping */
function propertiesSchema(schema: Schema, whole: boolean): JsonObject {
  const defaults = defaultsOf(schema);
  const required = [...schema]
    .filter(([name, { definition }]) => definition.required !== false && !Object.hasOwn(defaults, name))
    .map(([name]) => name);
  const mapping: JsonObject = {
    type: ['object', 'null'],
    properties: Object.fromEntries(
      [...schema].map(([name, property]): [string, Json] => [name, propertySchema(property)]),
    ),
    additionalProperties: false,
    ...(required.length > 0 ? { anyOf: [{ required }, EXTERNAL] } : {}),
  };
  return whole ? { anyOf: [mapping, { $ref: '#/definitions/function' }] } : mapping;
}

/** Of a resource that exists already nothing is required. */
const EXTERNAL: JsonObject = {
  properties: { use_external_resource: { const: true } },
  required: ['use_external_resource'],
};

function propertySchema({ definition }: PropertySchema): JsonObject {
  const description = textMember(definition, 'description');
  const { default: value } = definition;
  return {
    ...(description === undefined ? {} : { description: description.trim() }),
    ...(value === undefined || isObject(value) ? {} : { default: value }),
    ...typeSchema(textMember(definition, 'type')),
  };
}

const JSON_TYPES: Readonly<Record<string, string>> = {
  integer: 'integer',
  float: 'number',
  boolean: 'boolean',
  list: 'array',
  dict: 'object',
  regex: 'string',
};

/** Text takes anything, as the language has it. */
function typeSchema(type: string | undefined): JsonObject {
  if (type === undefined) return { $ref: '#/definitions/value' };
  if (!isKnownType(type)) return { $ref: `#/definitions/${encodeURIComponent(dataTypeKey(type))}` };
  const json = Object.hasOwn(JSON_TYPES, type) ? JSON_TYPES[type] : undefined;
  return json === undefined
    ? { $ref: '#/definitions/value' }
    : { anyOf: [{ type: json as string }, { $ref: '#/definitions/function' }] };
}

/** The operations of a type are offered; others may be added. */
function interfacesSchema(interfaces: Interfaces<TypeOperation>): JsonObject {
  return {
    properties: Object.fromEntries(
      [...interfaces].map(([name, operations]): [string, Json] => [
        name,
        { properties: Object.fromEntries([...operations.keys()].map((operation): [string, Json] => [operation, {}])) },
      ]),
    ),
  };
}
