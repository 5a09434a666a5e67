import { expect, test } from 'vitest';
import type { Problem } from '../../blueprint/diagnostics.js';
import type { Json } from '../../blueprint/json.js';
import { Positions } from '../../blueprint/positions.js';
import { readSource } from '../../blueprint/source.js';

function read(text: string): Json | string {
  const problems: Problem[] = [];
  const source = readSource('a.yaml', text, new Positions(), (code, message) => problems.push({ code, message }));
  if (problems.length > 0) return problems[0]?.code as string;
  return JSON.parse(JSON.stringify(source?.value)) as Json;
}

test.each([
  ['yes', true],
  ['Off', false],
  ['y', 'y'],
  ['010', 8],
  ['0b11', 3],
  ['0x1f', 31],
  ['1_000', 1000],
  ['1:30', 90],
  ['1e3', '1e3'],
  ['1.0e+3', 1000],
  ['~', null],
  ['"5"', '5'],
  ['!!str 5', '5'],
  ["'it''s'", "it's"],
  ['"a\\tb\\x41"', 'a\tbA'],
  ['-', '-'],
  ['a: b', 'C2004'],
])('the plain scalar %s means what YAML 1.1 says', (text, value) => {
  const expected = value === 'C2004' ? value : value === '-' ? { k: [null] } : { k: value };
  expect(read(text === '-' ? 'k:\n- ' : `k: ${text}`)).toEqual(expected);
});

test('lines fold in quotes and after >, and stay after |', () => {
  expect(read('a: "one\n  two\n\n  three"\nb: >-\n  one\n  two\n\n  three\nc: |\n  one\n  two\n')).toEqual({
    a: 'one two\nthree',
    b: 'one two\nthree',
    c: 'one\ntwo\n',
  });
});

test('quotes and brackets may go on at any indentation', () => {
  expect(read("a:\n    b: 'one\n  two'\n    c: [1,\n2]\n")).toEqual({ a: { b: 'one two', c: [1, 2] } });
});

test('merge keys: what is written wins over what is merged, earlier over later', () => {
  const text = 'a: &a { x: 1, y: 1 }\nb: &b { y: 2, z: 2 }\nc: { <<: [*a, *b], x: 3 }';
  expect((read(text) as { c: Json }).c).toEqual({ x: 3, y: 1, z: 2 });
});

test('of two equal keys the last value stays, in the first place', () => {
  expect(JSON.stringify(read('a: 1\nb: 2\na: 3'))).toBe('{"a":3,"b":2}');
});

test('keys named like members of JavaScript objects are keys like any other', () => {
  expect(JSON.stringify(read('__proto__: { polluted: 1 }\nconstructor: 2'))).toBe(
    '{"__proto__":{"polluted":1},"constructor":2}',
  );
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

test.each([
  ['an open bracket', 'a: [1', 'C2001'],
  ['an open quote', 'a: "x', 'C2004'],
  ['a tab for indentation', 'a:\n\tb: 1', 'C2004'],
  ['a colon in a plain scalar', 'a: b: c', 'C2004'],
  ['an unknown alias', 'a: *b', 'C2006'],
  ['an alias within its anchor', 'a: &a [*a]', 'C2006'],
  ['two documents', 'a: 1\n---\nb: 2', 'C2006'],
  ['a list for a key', '? [a]\n: 1', 'C2007'],
  ['an unknown tag', 'a: !ruby/object 1', 'C2007'],
  ['a control character', 'a: \x01', 'C2005'],
  ['text beyond ASCII', 'a: é', 'C2002'],
])('%s is refused', (_, text, code) => {
  expect(read(text)).toBe(code);
});

test('an empty document is an empty mapping', () => {
  expect(read('')).toEqual({});
  expect(read('# nothing\n')).toEqual({});
});
