import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { type BlueprintTypes, blueprintTypes } from '../../blueprint/blueprint-types.js';
import { editorSchema } from '../../blueprint/editor-schema.js';
import { editorSchemaFor } from '../../blueprint/editor-types.js';
import type { JsonObject } from '../../blueprint/json.js';
import { Positions } from '../../blueprint/positions.js';
import { readSource } from '../../blueprint/source.js';
import { MAIN, memoryHost, version } from './compile-text.js';

/** Paths of what an editor would underline. */
function complaints(schema: JsonObject, text: string): string[] {
  const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);
  const source = readSource('a.yaml', text, new Positions(), () => undefined);
  validate(JSON.parse(JSON.stringify(source?.value)));
  return [...new Set(validate.errors?.map(({ instancePath }) => instancePath) ?? [])];
}

const good = `${version(5)}imports: [cloudify/types/types.yaml, { 'plugin:x': { region: eu } }]
description: a shop
inputs: { size: { type: integer, default: 1, constraints: [{ greater_than: 0 }] }, hidden: }
plugins: { p: { executor: central_deployment_agent, install: false } }
node_types: { Shop: { derived_from: cloudify.nodes.WebServer, properties: { size: { type: integer } } } }
node_templates:
  shop:
    type: Shop
    properties: { size: { get_input: size }, port: 8080 }
    interfaces: { cloudify.interfaces.lifecycle: { create: p.create, start: { implementation: p.start, inputs: { a: 1 } } } }
    relationships: [{ type: cloudify.relationships.contained_in, target: host }]
    capabilities: { scalable: { properties: { default_instances: 2 } } }
  host: { type: cloudify.nodes.Compute, properties: { ip: 192.0.2.1, agent_config: { install_method: none } } }
workflows: { backup: p.backup, restore: { mapping: p.restore, availability_rules: { node_instances_active: [all] } } }
outputs: { url: { value: { concat: [http, { get_attribute: [shop, url] }] } } }
`;

test('the schema has nothing against a blueprint that says what can be said', () => {
  expect(complaints(editorSchema(), good)).toEqual([]);
});

test.each([
  ['tosca_definitions_version: cloudify_dsl_9_9', '/tosca_definitions_version'],
  ['bogus: 1', ''],
  ['inputs: { a: { typ: string } }', '/inputs/a'],
  ['plugins: { p: { executor: nobody } }', '/plugins/p/executor'],
  ['plugins: { p: { install: false } }', '/plugins/p'],
  ['node_templates: { n: { properties: {} } }', '/node_templates/n'],
  [
    'workflows: { w: { mapping: p.x, availability_rules: { node_instances_active: [some] } } }',
    '/workflows/w/availability_rules/node_instances_active/0',
  ],
  ['outputs: { o: {} }', '/outputs/o'],
])('it underlines the mistake in %s', (text, path) => {
  expect(complaints(editorSchema(), text)).toContain(path);
});

const forGood = async (): Promise<JsonObject> =>
  editorSchemaFor(
    (await blueprintTypes(MAIN, memoryHost(good.replace(/, \{ 'plugin.*?\} \}\]/, ']')))) as BlueprintTypes,
  );

test('for a certain blueprint it knows types and their properties', async () => {
  const schema = await forGood();
  expect(complaints(schema, good)).toEqual([]);
  const with_ = (template: string): string => `${version(5)}node_templates: { n: ${template} }`;
  expect(complaints(schema, with_('{ type: Shopp }'))).toContain('/node_templates/n/type');
  expect(complaints(schema, with_('{ type: Shop, properties: { colour: red, size: 1 } }'))).toContain(
    '/node_templates/n/properties',
  );
  expect(complaints(schema, with_('{ type: Shop, properties: { size: big } }'))).toContain(
    '/node_templates/n/properties/size',
  );
  expect(complaints(schema, with_('{ type: Shop, properties: { port: 80 } }'))).toContain(
    '/node_templates/n/properties',
  );
  expect(complaints(schema, with_('{ type: Shop, properties: { use_external_resource: true } }'))).toEqual([]);
  expect(
    complaints(schema, with_('{ type: cloudify.nodes.Compute, properties: { agent_config: { port: x } } }')),
  ).toContain('/node_templates/n/properties/agent_config/port');
});
