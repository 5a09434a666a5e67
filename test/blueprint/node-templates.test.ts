import { expect, test } from 'vitest';
import { compileText, nodeOf, PLUGINS, planOf, problemsOf, RELATIONSHIPS, refusalOf, version } from './compile-text.js';

const templates = (text: string): string =>
  `${version(5)}${PLUGINS}${RELATIONSHIPS}node_types: { T: { properties: { a: { default: 1 } } } }\nnode_templates: ${text}`;

const related = (relationships: string): string =>
  templates(`{ n: { type: T, relationships: [${relationships}] }, m: { type: T }, o: { type: T } }`);

test.each([
  ['it has no type', '{ n: {} }', 'C2010'],
  ['its type is unknown', '{ n: { type: Q } }', 'C2060'],
])('a node template is refused when %s', async (_, text, code) => {
  expect(await refusalOf(templates(text))).toEqual([code]);
});

test.each([
  ['its target is unknown', '{ type: cloudify.relationships.depends_on, target: x }', 'C2062'],
  ['it leads to its own template', '{ type: cloudify.relationships.depends_on, target: n }', 'C2061'],
  ['its type is unknown', '{ type: near, target: m }', 'C2063'],
  [
    'it is the second container',
    '{ type: cloudify.relationships.contained_in, target: m }, { type: cloudify.relationships.contained_in, target: o }',
    'C2064',
  ],
])('a relationship is refused when %s', async (_, text, code) => {
  expect(await refusalOf(related(text))).toEqual([code]);
});

test('templates that depend on each other in a circle are told in the order of the circle', async () => {
  const { diagnostics } = await compileText(
    templates(`
  a: { type: T, relationships: [{ type: cloudify.relationships.depends_on, target: b }] }
  b: { type: T, relationships: [{ type: cloudify.relationships.depends_on, target: a }] }`),
  );
  expect(diagnostics.map(({ message }) => message)).toEqual([
    'node templates depend on each other in a circle: a → b → a',
  ]);
});

test('to wait for an operation of the target, the target must declare it itself', async () => {
  const waiting = (values: string, target: string): string => `${version(5)}${PLUGINS}node_types: { T: {} }
relationships: { cloudify.relationships.depends_on_lifecycle_operation: { properties: { operation: { default: create } } } }
node_templates:
  n: { type: T, relationships: [{ type: cloudify.relationships.depends_on_lifecycle_operation, target: m${values} }] }
  m: { type: T${target} }`;
  const create = ', interfaces: { cloudify.interfaces.lifecycle: { create: p.x } }';
  expect(await refusalOf(waiting('', create))).toEqual(['C2070']);
  expect(await refusalOf(waiting(', properties: { operation: create }', ''))).toEqual(['C2071']);
  await planOf(waiting(', properties: { operation: create }', create));
});

test.each([
  ['instances: { deploy: 2 }', [0, -1, 2, 2, 2]],
  ['capabilities: { scalable: { properties: { default_instances: 3 } } }', [0, -1, 3, 3, 3]],
  ['capabilities: { scalable: { properties: { min_instances: 1, max_instances: UNBOUNDED } } }', [1, -1, 1, 1, 1]],
])('%s', async (text, numbers) => {
  const { capabilities } = await nodeOf(templates(`{ n: { type: T, ${text} } }`), 'n');
  const { min_instances, max_instances, default_instances, current_instances, planned_instances } =
    capabilities.scalable.properties;
  expect([min_instances, max_instances, default_instances, current_instances, planned_instances]).toEqual(numbers);
});

test.each([
  ['{ default_instances: "1" }', 'C2010'],
  ['{ default_instances: -1 }', 'C2066'],
  ['{ max_instances: 0 }', 'C2066'],
  ['{ default_instances: 1, min_instances: 2 }', 'C2066'],
  ['{ default_instances: 3, max_instances: 2 }', 'C2066'],
  ['{ max_instances: many }', 'C2067'],
  ['{ default_instances: { a: 1 } }', 'C2069'],
  ['{ current_instances: 1 }', 'C2010'],
])('the numbers %s are refused', async (numbers, code) => {
  expect(
    await refusalOf(templates(`{ n: { type: T, capabilities: { scalable: { properties: ${numbers} } } } }`)),
  ).toEqual([code]);
});

test('the old and the new form of instance numbers exclude each other', async () => {
  const both = 'instances: { deploy: 2 }, capabilities: { scalable: { properties: { default_instances: 1 } } }';
  expect(await refusalOf(templates(`{ n: { type: T, ${both} } }`))).toEqual(['C2068']);
});

test('everything that is wrong is told at once, each at its place', async () => {
  const text = `${version(3)}imports: [cloudify/types/types.yaml]
node_templates:
  web:
    type: cloudify.nodes.WebServr
  db:
    type: cloudify.nodes.Database
    properties: { port: 80 }
    relationships:
      - type: cloudify.relationships.contained_in
        target: hst
outputs:
  address: { value: { get_attribute: [web, ip] } }
  other: { value: { get_attribute: [wbe, ip] } }
bogus: 1
`;
  expect(await problemsOf(text)).toEqual(['C2060 5:11', 'C2044 8:19', 'C2062 11:17', 'C2010 15:1', 'C2134 14:19']);
  const { diagnostics } = await compileText(text);
  expect(diagnostics[0]?.hint).toBe('did you mean cloudify.nodes.WebServer?');
  expect(diagnostics[4]?.hint).toBe('did you mean web?');
});

test('of a node template whose type there is not, wrong relationships are told all the same', async () => {
  const text = `${version(5)}${RELATIONSHIPS}node_types: { T: {} }
node_templates:
  a: { type: TT, relationships: [{ type: cloudify.relationships.depends_on, target: bb }] }
  b: { type: T }
`;
  expect(await refusalOf(text)).toEqual(['C2060', 'C2062']);
});
