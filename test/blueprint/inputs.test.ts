import { expect, test } from 'vitest';
import { deploy, deploymentOf, refusalOf, version } from './compile-text.js';

const input = (definition: string): string => `${version(5)}inputs: { a: ${definition} }`;

test.each([
  ['{}', {}, ['C3001']],
  ['{ default: null }', {}, ['C3001']],
  ['{ type: dict }', {}, ['C3001']],
  ['{ default: 1 }', { b: 1 }, ['C3002']],
  ['{}', { b: 1 }, ['C3001', 'C3002']],
  ['{ type: integer }', { a: '5' }, ['C3003']],
  ['{ type: integer }', { a: null }, ['C3003']],
  ['{ type: list, item_type: integer }', { a: [1, 'x'] }, ['C3003']],
  ['{ constraints: [{ equal: 1 }] }', { a: { get_secret: 'x' } }, ['C2122']],
  ['{ type: secret_key }', { a: 'unknown' }, ['C3004']],
])('the input %s with %j is refused', async (definition, given, codes) => {
  expect(await refusalOf(input(definition), given)).toEqual(codes);
});

test.each([
  ['{ default: 5 }', {}, 5],
  ['{ default: 5 }', { a: 6 }, 6],
  ['{ required: false }', {}, null],
  ['{ required: false, type: integer }', {}, null],
  ['{ type: string }', { a: 'é' }, 'é'],
  ['{ type: list, item_type: integer }', { a: [1, 2] }, [1, 2]],
])('the input %s with %j has the value %j', async (definition, given, value) => {
  expect((await deploymentOf(input(definition), given)).inputs).toEqual({ a: value });
});

test('an input of a data type whose members all have defaults need not be given', async () => {
  const types = 'data_types: { d: { properties: { x: { default: 1 } } } }';
  expect((await deploymentOf(`${input('{ type: d }')}\n${types}`)).inputs).toEqual({ a: { x: 1 } });
});

test('text becomes what the type says, if that is asked for and it converts', async () => {
  const corrected = async (type: string, a: string) =>
    (await deploy(input(`{ type: ${type} }`), { a }, { autoCorrectTypes: true })).plan?.inputs.a;
  expect(await corrected('integer', '5')).toBe(5);
  expect(await corrected('float', '5.5')).toBe(5.5);
  expect(await corrected('boolean', 'true')).toBe(true);
  expect(await corrected('boolean', 'True')).toBeUndefined();
});

test.each([
  ['{ type: integer, default: x }', 'C2043'],
  ['{ type: string, item_type: string }', 'C2047'],
  ['{ type: list, item_type: my_type }', 'C2046'],
  ['{ type: string, display: { rows: 2 } }', 'C2049'],
  ['{ hidden: true }', 'C2050'],
  ['{ constraints: [{}] }', 'C2121'],
  ['{ constraints: [{ foo: 1 }] }', 'C2121'],
  ['{ constraints: [{ equal: 1, less_than: 2 }] }', 'C2121'],
  ['{ constraints: [{ equal: x }] }', 'C2120'],
  ['{ constraints: [{ in_range: [1] }] }', 'C2120'],
  ['{ constraints: [{ pattern: "(" }] }', 'C2120'],
  ['{ default: 5, constraints: [{ less_than: 2 }] }', 'C3004'],
])('the definition %s is refused', async (definition, code) => {
  expect(await refusalOf(input(definition))).toEqual([code]);
});

test.each([
  ['equal: 1', 1, 2],
  ['greater_than: 1', 2, 1],
  ['greater_or_equal: 1', 1, 0],
  ['less_than: 1', 0, 1],
  ['less_or_equal: 1', 1, 2],
  ['in_range: [1, 3]', 3, 4],
  ['valid_values: [a, 1]', 1, 'b'],
  ['length: 2', 'ab', 'abc'],
  ['min_length: 2', [1, 2], [1]],
  ['max_length: 2', { a: 1 }, 'abc'],
  ['pattern: ab', 'abc', 'cab'],
  ['greater_than: 1', 2, 'text'],
])('the constraint %s lets %j pass, and not %j', async (constraint, good, bad) => {
  const text = input(`{ constraints: [{ ${constraint} }] }`);
  expect(await refusalOf(text, { a: good })).toEqual([]);
  expect(await refusalOf(text, { a: bad })).toEqual(['C3004']);
});

test('constraints of a list with an item type hold for each item', async () => {
  const text = input('{ type: list, item_type: integer, constraints: [{ less_than: 2 }] }');
  expect(await refusalOf(text, { a: [1, 0] })).toEqual([]);
  expect(await refusalOf(text, { a: [1, 5] })).toEqual(['C3004']);
});

test("an author's own message tells what is wrong", async () => {
  const text = input('{ constraints: [{ max_length: 3, error_message: too long a name }] }');
  const { diagnostics } = await deploy(text, { a: 'abcd' });
  expect(diagnostics.map(({ message }) => message)).toEqual(['input a: too long a name']);
});

test('an input that is a function is evaluated where it is got', async () => {
  const plan = await deploymentOf(
    `${version(5)}inputs: { name: { default: web }, host: { default: { concat: [{ get_input: name }, -1] } } }
outputs: { o: { value: { get_input: host } } }`,
  );
  expect(plan.outputs.o?.value).toBe('web-1');
});
