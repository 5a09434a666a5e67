import { expect, test } from 'vitest';
import type { JsonObject } from '../../blueprint/json.js';
import { nodeOf, refusalOf, version } from './compile-text.js';

/** A node template of one type, with these property definitions and these values. */
const node = (properties: string, values: string, more = ''): string =>
  `${version(5)}${more}\nnode_types: { T: { properties: ${properties} } }\nnode_templates: { n: { type: T, properties: ${values} } }`;

const propertiesOf = async (text: string): Promise<JsonObject> => (await nodeOf(text, 'n')).properties;

test.each([
  ['integer', 'true'],
  ['integer', '"5"'],
  ['integer', '5.0'],
  ['integer', ''],
  ['float', 'true'],
  ['float', '"5"'],
  ['boolean', '1'],
  ['list', '{}'],
  ['dict', '[]'],
  ['regex', '"("'],
])('a property of type %s does not take %s', async (type, value) => {
  expect(await refusalOf(node(`{ a: { type: ${type} } }`, `{ a: ${value} }`))).toEqual(['C2043']);
});

test.each([
  ['integer', '5', 5],
  ['float', '5', 5],
  ['boolean', 'yes', true],
  ['string', '[1]', [1]],
  ['string', '', null],
  ['node_id', '{ x: 1 }', { x: 1 }],
  ['regex', '"(?P<x>a)+"', '(?P<x>a)+'],
  ['integer', '{ get_secret: x }', { get_secret: 'x' }],
])('a property of type %s takes %s as it is', async (type, value, taken) => {
  expect(await propertiesOf(node(`{ a: { type: ${type} } }`, `{ a: ${value} }`))).toEqual({ a: taken });
});

test('what is required must be given, what is not declared must not', async () => {
  expect(await refusalOf(node('{ a: {}, b: { required: false } }', '{ c: 1 }'))).toEqual(['C2044', 'C2045']);
  expect(await propertiesOf(node('{ b: { required: false } }', '{}'))).toEqual({});
});

test('of an external resource nothing is required', async () => {
  const text = node('{ a: {}, use_external_resource: { default: false } }', '{ use_external_resource: true }');
  expect(await propertiesOf(text)).toEqual({ use_external_resource: true });
});

test('whether a resource is external must be known when the blueprint is compiled', async () => {
  const text = node(
    '{ use_external_resource: { default: false } }',
    '{ use_external_resource: { get_input: i } }',
    'inputs: { i: { default: true } }',
  );
  expect(await refusalOf(text)).toEqual(['C2048']);
});

test('a default of null is a default, which no typed property takes', async () => {
  expect(await propertiesOf(node('{ a: { default: null } }', '{}'))).toEqual({ a: null });
  expect(await refusalOf(node('{ a: { type: integer, default: null } }', '{}'))).toEqual(['C2043']);
});

const DATA_TYPES = `data_types:
  inner: { properties: { q: { default: Q } } }
  outer: { properties: { x: { default: 1 }, y: { type: integer }, z: { type: inner } } }`;

test('values of a data type are completed at every depth, and partial ones add up', async () => {
  expect(await propertiesOf(node('{ a: { type: outer } }', '{ a: { y: 2 } }', DATA_TYPES))).toEqual({
    a: { x: 1, y: 2, z: { q: 'Q' } },
  });
  const withDefault = node('{ a: { type: outer, default: { y: 7 } } }', '{ a: { x: 9 } }', DATA_TYPES);
  expect(await propertiesOf(withDefault)).toEqual({ a: { x: 9, y: 7, z: { q: 'Q' } } });
});

test('plain mappings replace each other whole', async () => {
  expect(await propertiesOf(node('{ a: { type: dict, default: { x: 1 } } }', '{ a: { y: 2 } }'))).toEqual({
    a: { y: 2 },
  });
});

test.each([
  ['a member that is required is missing', '{}', 'C2045'],
  ['a member is not declared', '{ a: { y: 1, w: 1 } }', 'C2044'],
  ['the value is no mapping', '{ a: 5 }', 'C2043'],
])('a value of a data type is refused when %s', async (_, values, code) => {
  expect(await refusalOf(node('{ a: { type: outer } }', values, DATA_TYPES))).toEqual([code]);
});

test.each([
  ['a primitive type is defined', '{ string: {} }', 'C2042'],
  ['the parent is unknown', '{ a: { derived_from: b } }', 'C2041'],
  [
    'types hold each other',
    '{ a: { properties: { b: { type: b } } }, b: { properties: { a: { type: a } } } }',
    'C2040',
  ],
  ['types are derived from each other', '{ a: { derived_from: b }, b: { derived_from: a } }', 'C2040'],
])('data types are refused when %s', async (_, types, code) => {
  expect(await refusalOf(`${version(5)}data_types: ${types}`)).toEqual([code]);
});

test('a derived type replaces a property whole: the default of its parent is gone', async () => {
  const text = `${version(5)}node_types:
  A: { properties: { a: { default: 1 }, b: { default: 2 } } }
  T: { derived_from: A, properties: { a: {} } }
node_templates: { n: { type: T } }`;
  expect(await refusalOf(text)).toEqual(['C2045']);
});

test('except of a data type, whose defaults add up', async () => {
  const text = `${version(5)}${DATA_TYPES}
node_types:
  A: { properties: { a: { type: outer, default: { y: 1 } } } }
  T: { derived_from: A, properties: { a: { type: outer, default: { x: 5 } } } }
node_templates: { n: { type: T } }`;
  expect(await propertiesOf(text)).toEqual({ a: { x: 5, y: 1, z: { q: 'Q' } } });
});
