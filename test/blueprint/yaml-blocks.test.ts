import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Positions } from '../../blueprint/positions.js';
import { parsedSource, SOURCE_LIMITS } from '../../blueprint/source.js';
import { readBlocks } from '../../blueprint/yaml/blocks.js';

/** Values with the places of every container, key, value and item, in the order in which they are written. */
function placed(value: unknown, positions: Positions): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return String(value);
  const keys = Array.isArray(value) ? value.keys() : Object.keys(value);
  return [
    Array.isArray(value) ? 'list' : 'mapping',
    positions.of(value)?.offset,
    ...[...keys].map((key) => [
      key,
      positions.ofKey(value, key)?.offset,
      positions.ofValue(value, key)?.offset,
      placed((value as Record<string, unknown>)[key], positions),
    ]),
  ];
}

function read(text: string): unknown {
  const positions = new Positions();
  const blocks = readBlocks(text, SOURCE_LIMITS, {
    mapping: (mapping, ...places) => positions.markMapping(mapping, 'a.yaml', ...places),
    list: (list, ...places) => positions.markList(list, 'a.yaml', ...places),
  });
  return blocks && placed(blocks.value ?? {}, positions);
}

function parsed(text: string): unknown {
  const positions = new Positions();
  const codes: string[] = [];
  const source = parsedSource('a.yaml', text, positions, (code) => codes.push(code), SOURCE_LIMITS);
  return source && codes.length === 0 ? placed(source.value, positions) : codes;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = ['types', 'examples', 'plugins', 'test/fixtures'].flatMap((folder) =>
  readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !name.includes('node_modules'))
    .map((name) => path.join(folder, name)),
);

test.each(files)('%s means the same to those who read it in one go and to those who parse it', (file) => {
  const text = readFileSync(path.join(root, file), 'utf8');
  const found = read(text);
  if (found !== undefined) expect(found).toEqual(parsed(text));
});

test('what the built-in types are written in is read in one go', () => {
  for (const file of files.filter((name) => name.startsWith('types/')))
    expect(read(readFileSync(path.join(root, file), 'utf8')), file).toBeDefined();
});

test.each([
  'a: 1\nb:\n  - x\n  - y: 1\n    z: 2\nc: { d: [e, "f"], g: { h: 1 } }\n',
  '---\na:\n- b\n-\n- - c\n  - d\ne:\n',
  "# begins\na: 'it''s'  # ends\n\nb: |\n  one\n   two\nc: >-\n  three\n  four\nd: five\n  six\n",
  'a b c: d # e\n"f g": h#i\nj: k:l, m\n',
  'a: [1, 2.5, ~, yes, "no", -1,\n  b, { c: d,\n e: f }]\n',
  'a: ~\nb: null\nc:\n',
  'a: &x { b: 1 }\nc: *x\nd: &y\n  <<: [*x, { b: 2, e: 3 }]\n  f: &z [1]\ng:\n  - &w v\n  - <<: *y\n  - &v\n    h: [*w, *z]\n',
  '- a\n- b: c\n',
  'just text',
  '',
])('%j is read in one go', (text) => {
  expect(read(text)).toBeDefined();
  expect(read(text)).toEqual(parsed(text));
});

test.each([
  'a: *b\n',
  'a: &b [*b]\n',
  '&b a: *b\n',
  'a: !!str 1\n',
  'a: 1\na: 2\n',
  '"<<": {}\n',
  '<<: 1\n',
  '? a\n: b\n',
  'a: ü\n',
  'a: [\n',
  'yes: no\n',
])('%j is left to the parser', (text) => {
  expect(read(text)).toBeUndefined();
});

const piece = fc.constantFrom(
  ...[
    'a',
    'b',
    'a: ',
    'b: ',
    'c:',
    'd d: ',
    '- ',
    '-',
    '\n',
    '\n',
    '\n  ',
    '\n  ',
    '\n    ',
    '\n ',
    '  ',
    ' ',
    ':',
    ': ',
  ],
  ...[
    '[',
    ']',
    '{',
    '}',
    ', ',
    ',',
    '"x"',
    "'y'",
    '"',
    "'",
    '"z": ',
    '# c',
    ' # c',
    '#',
    '|',
    '>',
    '|-',
    '>+',
    '? ',
    '?',
  ],
  ...[
    '&a ',
    '*a',
    '<<: ',
    '1',
    '-1',
    '~',
    'null',
    'true',
    '1.0',
    '1:30',
    '---',
    '...',
    '!',
    '!!str ',
    '%',
    '@',
    '\\',
    '\t',
  ],
  ...['x y', 'a#b', 'a:b', '<', '=', '-x', '.5', '__proto__: ', '2020-01-01', '\\x41', "''"],
);

test('whatever is read in one go is what the parser makes of it', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      const text = pieces.join('');
      const found = read(text);
      if (found !== undefined) expect(found).toEqual(parsed(text));
    }),
    { numRuns: Number(process.env.CAISSON_FUZZ_RUNS ?? 3_000) },
  );
});
