import { expect, test } from 'vitest';
import {
  compileText,
  type Files,
  PLUGINS,
  planOf,
  problemsOf,
  RELATIONSHIPS,
  refusalOf,
  version,
} from './compile-text.js';

const importing = (main: string, files: Readonly<Record<string, string>>): Files => ({ 'main.yaml': main, ...files });

test.each([
  ['the file is not there', `${version(5)}imports: [x.yaml]`, {}, 'C2023'],
  ['it is an address', `${version(5)}imports: ['http://example.com/x.yaml']`, {}, 'C2023'],
  ['it stands there twice', `${version(5)}imports: [a.yaml, a.yaml]`, { 'a.yaml': '' }, 'C2024'],
  ['it has two keys', `${version(5)}imports: [{ a.yaml: {}, b.yaml: {} }]`, {}, 'C2025'],
  ['it is a number', `${version(5)}imports: [5]`, {}, 'C2010'],
  ['imports is empty', `${version(5)}imports:`, {}, 'C2014'],
  ['it is written in a newer version', `${version(3)}imports: [a.yaml]`, { 'a.yaml': version(5) }, 'C2022'],
  ['it cannot be read', `${version(3)}imports: [a.yaml]`, { 'a.yaml': 'a: {' }, 'C2001'],
  ['its namespace has a namespace', `${version(3)}imports: [a--b--c.yaml]`, { 'c.yaml': '' }, 'C2026'],
  ['it is a blueprint without a namespace', `${version(3)}imports: ['blueprint:x']`, {}, 'C2027'],
])('an import is refused when %s', async (_, main, files, code) => {
  expect(await refusalOf(importing(main, files))).toEqual([code]);
});

test('files import each other in circles, each read once', async () => {
  const plan = await planOf(
    importing(`${version(3)}imports: [a.yaml]`, {
      'a.yaml': 'imports: [main.yaml, b.yaml]\ninputs: { x: {} }',
      'b.yaml': 'imports: [a.yaml]\ninputs: { y: {} }',
    }),
  );
  expect(Object.keys(plan.inputs)).toEqual(['x', 'y']);
});

test('until cloudify_dsl_1_3 one file has all inputs', async () => {
  const files = { 'a.yaml': 'inputs: { y: {} }' };
  expect(await refusalOf(importing(`${version(2)}imports: [a.yaml]\ninputs: { x: {} }`, files))).toEqual(['C2029']);
  expect(Object.keys((await planOf(importing(`${version(2)}imports: [a.yaml]`, files))).inputs)).toEqual(['y']);
});

test('a name that two files define is told with both places', async () => {
  const { diagnostics } = await compileText(
    importing(`${version(3)}imports: [a.yaml]\ninputs: { x: {} }`, { 'a.yaml': 'inputs: { x: {} }' }),
  );
  expect(diagnostics[0]).toMatchObject({
    code: 'C2030',
    source: { file: '/blueprint/a.yaml', line: 1, column: 11 },
    hint: 'the other definition is in /blueprint/main.yaml',
  });
});

test.each(['policies: {}', 'deployment_settings: {}'])('%s cannot be in two files', async (section) => {
  expect(await refusalOf(importing(`${version(3)}imports: [a.yaml]\n${section}`, { 'a.yaml': section }))).toEqual([
    'C2029',
  ]);
});

test('the first description stays, and labels of the importing file', async () => {
  const plan = await planOf(
    importing(`${version(3)}imports: [a.yaml]\ndescription: main\nlabels: { k: { values: [a] } }`, {
      'a.yaml': 'description: imported\nlabels: { k: { values: [b] }, l: { values: [c] } }',
    }),
  );
  expect(plan.description).toBe('main');
  expect(plan.labels).toEqual({ k: { values: ['a'] }, l: { values: ['c'] } });
});

test('an importing blueprint adds relationships to templates that it imports', async () => {
  const plan = await planOf(
    importing(
      `${version(3)}imports: [a.yaml]${RELATIONSHIPS}node_templates: { n: { relationships: [{ type: cloudify.relationships.depends_on, target: m }] } }`,
      { 'a.yaml': 'node_types: { T: {} }\nnode_templates: { n: { type: T }, m: { type: T } }' },
    ),
  );
  expect(plan.nodes.find(({ name }) => name === 'n')?.relationships).toHaveLength(1);
});

test('workflows of one name unite: what the importing file says stays', async () => {
  const plan = await planOf(
    importing(`${version(3)}imports: [a.yaml]${PLUGINS}workflows: { w: { mapping: p.a } }`, {
      'a.yaml': 'workflows: { w: { mapping: p.b, parameters: { x: { default: 1 } } } }',
    }),
  );
  expect(plan.workflows.w).toMatchObject({ operation: 'a', parameters: { x: { default: 1 } } });
});

const library = `
plugins: { p: { executor: central_deployment_agent, install: false }, script: { executor: central_deployment_agent, install: false } }
inputs: { size: { default: 1 } }
node_types:
  T: { properties: { size: { default: { get_input: size } }, note: { default: text } } }
node_templates:
  n:
    type: T
    properties: { note: { get_attribute: [m, address] } }
    interfaces: { lifecycle: { create: p.create, start: scripts/start.sh } }
    relationships: [{ type: cloudify.relationships.connected_to, target: m }]
  m: { type: T }
groups: { g: { members: [n] } }
workflows: { backup: p.backup }
outputs: { plain: { value: text }, list: { value: [text] } }
`;

test('a namespace goes before names, and before what refers to them', async () => {
  const plan = await planOf(
    importing(`${version(3)}imports: [lib--a.yaml]${RELATIONSHIPS}`, { 'a.yaml': library, 'scripts/start.sh': '' }),
  );
  const n = plan.nodes.find(({ name }) => name === 'lib--n');
  expect(n).toMatchObject({
    type: 'lib--T',
    properties: { size: { get_input: 'lib--size' }, note: { get_attribute: ['lib--m', 'address'] } },
    relationships: [{ type: 'cloudify.relationships.connected_to', target_id: 'lib--m' }],
    operations: {
      create: { plugin: 'lib--p', operation: 'create' },
      start: { plugin: 'lib--script', inputs: { script_path: 'lib--scripts/start.sh' } },
    },
  });
  expect(plan.groups).toEqual({ 'lib--g': { members: ['lib--n'], policies: {} } });
  expect(plan.workflows['lib--backup']?.plugin).toBe('lib--p');
  // A quirk of Cloudify's: plain text of outputs is taken for a name, lists are not looked into.
  expect(plan.outputs).toEqual({ 'lib--plain': { value: 'lib--text' }, 'lib--list': { value: ['text'] } });
});

test('namespaces nest', async () => {
  const plan = await planOf(
    importing(`${version(3)}imports: [outer--a.yaml]`, {
      'a.yaml': 'imports: [inner--b.yaml]',
      'b.yaml': 'inputs: { x: {} }',
    }),
  );
  expect(Object.keys(plan.inputs)).toEqual(['outer--inner--x']);
});

test('no namespace applies to the built-in types, however they are reached', async () => {
  const files = importing(`${version(5)}imports: [lib--a.yaml]`, {
    'a.yaml': 'imports: [cloudify/types/types.yaml]\nnode_templates: { web: { type: cloudify.nodes.WebServer } }',
  });
  const plan = await planOf(files);
  expect(plan.nodes[0]).toMatchObject({ name: 'lib--web', type: 'cloudify.nodes.WebServer' });
  expect(plan.workflows.install?.plugin).toBe('default_workflows');
  expect(await refusalOf(`${version(5)}imports: [lib--cloudify/types/types.yaml]`)).toEqual(['C2028']);
});

test('a blueprint is imported whole, under a namespace of its own', async () => {
  const importMap = { 'blueprint:shop': '/blueprint/shop.yaml', 'blueprint:bank': '/blueprint/bank.yaml' };
  const files = { 'shop.yaml': `${version(5)}inputs: { size: {} }`, 'bank.yaml': version(3) };
  const plan = await planOf(importing(`${version(3)}imports: ['s--blueprint:shop']`, files), { importMap });
  expect(plan).toMatchObject({ imported_blueprints: ['shop'], namespaces_mapping: { s: 'shop' } });
  expect(Object.keys(plan.inputs)).toEqual(['s--size']);
  const both = importing(`${version(3)}imports: ['s--blueprint:shop', 's--blueprint:bank']`, files);
  expect(await problemsOf(both, { importMap })).toEqual(['C2028 2:32']);
});

const plugin = `plugins:
  cloud: { executor: central_deployment_agent, install: false, properties: { region: { type: string } } }`;

test.each([
  ['a value', 'eu-west-1', undefined],
  ['a function', '{ get_secret: region }', undefined],
  ['a value of another type', '[a]', 'C2031'],
  ['a mapping', '{ a: 1 }', 'C2025'],
])('a property of a plugin may be given at its import: %s', async (_, value, code) => {
  const files = importing(`${version(5)}imports: [{ 'a.yaml': { region: ${value} } }]`, { 'a.yaml': plugin });
  if (code !== undefined) expect(await refusalOf(files)).toEqual([code]);
  else expect((await compileText(files)).diagnostics).toEqual([]);
});

test('values of plugin properties must be declared', async () => {
  const files = importing(`${version(5)}imports: [{ 'a.yaml': { zone: a } }]`, { 'a.yaml': plugin });
  expect(await refusalOf(files)).toEqual(['C2031']);
});
