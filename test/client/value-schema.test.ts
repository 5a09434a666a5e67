import { Ajv } from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../blueprint/json.js';
import { misfits, unknownKeywords } from '../../client/value-schema.js';

const LOGIN = {
  type: 'object',
  required: ['user', 'password'],
  additionalProperties: false,
  properties: { user: { type: 'string', pattern: '^[a-z]+$' }, password: { type: 'string', minLength: 8 } },
};

test('what is wrong is told by its place, without any of the value', () => {
  expect(misfits({ user: 'ada', password: 'correct horse' }, LOGIN)).toEqual([]);
  expect(misfits({ user: 'Ada', password: 'hunter2', pin: 1 }, LOGIN)).toEqual([
    'the value must not have pin',
    'the value.user must match ^[a-z]+$',
    'the value.password must not be shorter than 8',
  ]);
  expect(misfits('hunter2', LOGIN)).toEqual(['the value must be of the type object']);
  expect(misfits([{ user: 'ada' }], { items: LOGIN })).toEqual(['the value[0] must have password']);
  expect(misfits(5, { oneOf: [{ minimum: 3 }, { type: 'integer' }] })).toEqual([
    'the value must be as exactly one of its forms says',
  ]);
});

test('keywords that are not checked are named, at any depth', () => {
  expect(unknownKeywords({ ...LOGIN, title: 'a login' })).toEqual([]);
  expect(unknownKeywords({ anyOf: [{ properties: { a: { $ref: '#/x' } } }], format: 'uri' })).toEqual([
    'format',
    '$ref',
  ]);
});

const values = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
const small = fc.integer({ min: 0, max: 4 });
const leaf = fc.oneof(
  fc.record({ type: fc.constantFrom('string', 'number', 'integer', 'boolean', 'array', 'object', 'null') }),
  fc.record({ enum: fc.uniqueArray(fc.oneof(small, fc.boolean(), fc.string({ maxLength: 2 })), { minLength: 1 }) }),
  fc.record({
    minLength: small,
    maxLength: small,
    minimum: small,
    exclusiveMaximum: small,
    minItems: small,
    maxItems: small,
  }),
);
const schemas = fc.oneof(
  leaf,
  fc.record({ items: leaf, properties: fc.dictionary(fc.string({ maxLength: 2 }), leaf), additionalProperties: leaf }),
  fc.record({ anyOf: fc.array(leaf, { minLength: 1 }), not: leaf }),
  fc.record({ oneOf: fc.array(leaf, { minLength: 1 }), allOf: fc.array(leaf, { minLength: 1 }) }),
);

test('it agrees with a validator of the whole language', () => {
  const ajv = new Ajv({ strict: false });
  fc.assert(
    fc.property(schemas, values, (schema, value) => {
      expect(misfits(value, schema as Json).length === 0).toBe(ajv.validate(schema, value));
    }),
  );
});
