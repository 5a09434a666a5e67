import { expect, test } from 'vitest';
import type { Json } from '../../blueprint/json.js';
import { deploy, deploymentOf, PLUGINS, planOf, RELATIONSHIPS, refusalOf, version } from './compile-text.js';

const BASE = `${version(5)}${PLUGINS}${RELATIONSHIPS}node_types:
  T:
    properties: { a: { default: 1 }, b: { default: { c: [x, y] } } }
    interfaces: { l: { o: p.x } }
`;
const NODES = 'node_templates: { n: { type: T }, m: { type: T, properties: { a: 2 } } }\n';

const output = (value: string, inputs = '{}'): string =>
  `${BASE}${NODES}inputs: ${inputs}\noutputs: { o: { value: ${value} } }`;

test.each<[value: string, inputs: string, result: Json]>([
  ['{ get_input: [i, a, 0] }', '{ i: { default: { a: [7] } } }', 7],
  ['{ get_property: [n, b, c, 1] }', '{}', 'y'],
  ['{ get_property: [{ get_input: i }, { concat: [a] }] }', '{ i: { default: m } }', 2],
  [
    '{ concat: [a, 1, 1.0, true, null, { a: 1 }, [1, x], 1.5, 1.0e+20] }',
    '{}',
    "a11.0TrueNone{'a': 1}[1, 'x']1.51e+20",
  ],
  ['{ merge: [{ a: 1 }, { a: 2, b: 3 }] }', '{}', { a: 2, b: 3 }],
  ['{ string_find: [abc, c] }', '{}', 2],
  ['{ string_find: [abc, z] }', '{}', -1],
  ['{ string_replace: [aaa, a, b, 2] }', '{}', 'bba'],
  ['{ string_split: [a b, " "] }', '{}', ['a', 'b']],
  ['{ string_split: [a b, " ", -1] }', '{}', 'b'],
  ['{ string_lower: { get_input: i } }', '{ i: { default: ABC } }', 'abc'],
  ['{ string_upper: abc }', '{}', 'ABC'],
  ['{ get_input: i, type: integer }', '{ i: { default: 5 } }', 5],
  ['{ get_input: i, more: 1 }', '{}', { get_input: 'i', more: 1 }],
  ['{ get_nothing: i }', '{}', { get_nothing: 'i' }],
])('%s is evaluated when a deployment is made', async (value, inputs, result) => {
  expect((await deploymentOf(output(value, inputs))).outputs.o?.value).toEqual(result);
});

test.each([
  '{ get_attribute: [n, address] }',
  '{ get_attributes_list: [n, address] }',
  '{ get_attributes_dict: [n, address, [b, c]] }',
  '{ get_secret: [key, part] }',
  '{ get_capability: [deployment, name] }',
  '{ get_environment_capability: name }',
  '{ get_group_capability: [group, name] }',
  '{ get_label: [key, 0] }',
  '{ get_sys: [deployment, id] }',
  '{ get_consumers: count }',
  '{ concat: [x, { get_attribute: [n, address] }] }',
])('%s stays until it runs', async (value) => {
  const parsed = await planOf(output(value));
  expect((await deploymentOf(output(value))).outputs).toEqual(parsed.outputs);
});

test.each([
  ['{ get_input: x }', 'C2133'],
  ['{ get_input: 5 }', 'C2130'],
  ['{ get_input: [i, { a: 1 }] }', 'C2130'],
  ['{ get_property: [[n], a] }', 'C2130'],
  ['{ get_attribute: [{ a: 1 }, b] }', 'C2130'],
  ['{ get_attributes_dict: [n, a, a] }', 'C2132'],
  ['{ get_capability: [d, [c]] }', 'C2130'],
  ['{ get_environment_capability: { get_secret: i } }', 'C2131'],
  ['{ get_consumers: { get_secret: i } }', 'C2130'],
  ['{ get_label: [k, { get_secret: i }] }', 'C2131'],
  ['{ get_property: n }', 'C2130'],
  ['{ get_property: [q, a] }', 'C2134'],
  ['{ get_property: [n, z] }', 'C2132'],
  ['{ get_property: [SELF, a] }', 'C2130'],
  ['{ get_attribute: [q, a] }', 'C2134'],
  ['{ get_attribute: [SELF, a] }', 'C2130'],
  ['{ concat: a }', 'C2130'],
  ['{ merge: 5 }', 'C2130'],
  ['{ merge: [5] }', 'C2131'],
  ['{ string_find: [abc] }', 'C2131'],
  ['{ string_replace: [a, b, c, "2"] }', 'C2131'],
  ['{ string_lower: 5 }', 'C2131'],
  ['{ get_secret: [key] }', 'C2131'],
  ['{ get_capability: [deployment] }', 'C2130'],
  ['{ get_group_capability: [group] }', 'C2130'],
  ['{ get_environment_capability: [name] }', 'C2131'],
  ['{ get_label: [key, first] }', 'C2131'],
  ['{ get_sys: [world, name] }', 'C2136'],
  ['{ get_sys: [tenant, colour] }', 'C2135'],
  ['{ get_consumers: all }', 'C2130'],
])('%s is refused when the blueprint is compiled', async (value, code) => {
  expect(await refusalOf(output(value))).toEqual([code]);
});

test.each([
  ['{ get_input: [i, z] }', '{ i: { default: { a: 1 } } }', 'C2138'],
  ['{ get_input: i, type: integer }', '{ i: { default: x } }', 'C2138'],
  ['{ get_input: [{ get_attribute: [n, a] }] }', '{}', 'C2132'],
  ['{ string_lower: { get_attribute: [n, a] } }', '{}', 'C2132'],
  ['{ string_split: [a b, " ", 9] }', '{}', 'C2132'],
  ['{ merge: [{ get_input: i }] }', '{ i: { default: 5 } }', 'C2132'],
])('%s is refused when a deployment is made', async (value, inputs, code) => {
  expect(await refusalOf(output(value, inputs), {})).toEqual([code]);
});

test.each([
  [0, '{ concat: [a] }'],
  [2, '{ merge: [{ a: 1 }] }'],
])('cloudify_dsl_1_%i does not have %s', async (minor, value) => {
  expect(await refusalOf(`${version(minor)}outputs: { o: { value: ${value} } }`)).toEqual(['C2131']);
});

test('SELF means the node, in its properties and in those that others get from it', async () => {
  const plan = await deploymentOf(`${version(5)}node_types:
  A: { properties: { x: {} } }
  B: { properties: { y: { default: { get_property: [SELF, z] } }, z: { default: 5 } } }
node_templates: { a: { type: A, properties: { x: { get_property: [b, y] } } }, b: { type: B } }`);
  expect(plan.nodes[0]?.properties).toEqual({ x: 5 });
});

test('SOURCE and TARGET mean the ends of a relationship, in its operations alone', async () => {
  const between = (value: string): string => `${BASE}node_templates:
  n:
    type: T
    relationships:
      - type: cloudify.relationships.connected_to
        target: m
        source_interfaces: { r: { establish: { implementation: p.x, inputs: { v: ${value} } } } }
  m: { type: T, properties: { a: 9 } }`;
  const plan = await deploymentOf(between('{ get_property: [TARGET, a] }'));
  expect(plan.nodes[0]?.relationships[0]?.source_operations.establish?.inputs).toEqual({ v: 9 });
  expect(await refusalOf(between('{ get_property: [SELF, a] }'))).toEqual(['C2130']);
  expect(await refusalOf(between('{ get_attribute: [SELF, a] }'))).toEqual(['C2130']);
  expect(
    await refusalOf(`${BASE}node_templates: { n: { type: T, properties: { a: { get_attribute: [SOURCE, x] } } } }`),
  ).toEqual(['C2130']);
});

test('functions that lead to each other in a circle are refused', async () => {
  const circle = '{ a: { get_property: [SELF, b] }, b: { get_property: [SELF, a] } }';
  expect(await refusalOf(`${BASE}node_templates: { n: { type: T, properties: ${circle} } }`)).toEqual(['C2137']);
});

test('functions are not looked for in relationship properties and workflow parameters', async () => {
  await planOf(
    `${BASE}node_templates:
  n: { type: T, relationships: [{ type: r, target: m }] }
  m: { type: T }
workflows: { w: { mapping: p.x, parameters: { a: { default: { get_input: nothing } } } } }
`.replace('relationships:\n', 'relationships:\n  r: { properties: { q: { default: { get_input: nothing } } } }\n'),
  );
});

test('an operation that needs something of a run is marked', async () => {
  const inputs = (value: string): string =>
    `${BASE}inputs: { i: { default: 1 } }\nnode_templates: { n: { type: T, interfaces: { l: { o: { inputs: { v: ${value} } } } } } }`;
  const marked = async (value: string) =>
    (await deploymentOf(inputs(value))).nodes[0]?.operations.o?.has_intrinsic_functions;
  expect(await marked('{ get_secret: key }')).toBe(true);
  expect(await marked('{ get_input: i }')).toBe(false);
  const { plan } = await deploy(inputs('{ get_input: i }'), {}, { runtimeOnlyEvaluation: true });
  expect(plan?.nodes[0]?.operations.o).toMatchObject({
    inputs: { v: { get_input: 'i' } },
    has_intrinsic_functions: true,
  });
});

test('a plan tells which secrets and capabilities it needs, once for each call', async () => {
  const { requirements } = await planOf(
    output('[{ get_secret: key }, { get_secret: [key, part] }, { get_environment_capability: network }]'),
  );
  expect(requirements).toEqual({ secrets: ['key', ['key', 'part']], parent_capabilities: [['network']] });
});

test('secrets must exist, if that can be known', async () => {
  const { diagnostics } = await deploy(output('{ get_secret: key }'), {}, { secretExists: () => false });
  expect(diagnostics.map(({ code, hint }) => [code, hint])).toEqual([
    ['C3008', 'make it with: caisson secrets set key'],
  ]);
});

test('a property, or an item of an input, that only a run could name is refused when a deployment is made', async () => {
  expect(await refusalOf(output('{ get_property: [n, { get_attribute: [n, x] }] }'), {})).toEqual(['C2132']);
  expect(await refusalOf(output('{ get_input: [i, first] }', '{ i: { default: [1] } }'), {})).toEqual(['C2138']);
  expect(await refusalOf(output('{ get_input: [i, 0, b] }', '{ i: { default: [1] } }'), {})).toEqual(['C2132']);
});
