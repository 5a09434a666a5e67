/** What is given by -i: values, and where in which file they were written. */
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Diagnostic } from '../../blueprint/diagnostics.js';
import { CaissonError } from '../../client/errors.js';
import { readGivenInputs, readInputs } from '../../client/inputs.js';
import { compileBlueprint, prepare } from '../../client/prepare.js';
import { scratchFolder } from '../store/scratch.js';

const BLUEPRINT = `tosca_definitions_version: cloudify_dsl_1_4
data_types:
  disk: { properties: { size: { type: integer }, kind: { default: ssd } } }
inputs:
  port: { type: integer, constraints: [{ in_range: [1, 100] }] }
  disk: { type: disk, default: { size: 1 } }
  names: { type: list, item_type: string, default: [] }
`;

/** What is told of inputs, as `file:line:column code`. */
async function told(files: Readonly<Record<string, string>>, ...given: readonly string[]): Promise<string[]> {
  const folder = await scratchFolder({ 'blueprint.yaml': BLUEPRINT, ...files });
  try {
    const blueprint = await compileBlueprint(folder, []);
    const inputs = await readGivenInputs(
      given.map((one) => (one in files ? path.join(folder, one) : one)),
      blueprint.plan.inputs,
    );
    prepare(blueprint, inputs.values, [], { given: inputs });
    return [];
  } catch (error) {
    if (!(error instanceof CaissonError)) throw error;
    return error.diagnostics.map(shown);
  }
}

const shown = ({ code, source }: Diagnostic): string =>
  source ? `${path.basename(source.file)}:${source.line}:${source.column} ${code}` : code;

test('each mistake in a file of inputs is told with its place, all at once', async () => {
  const text = 'port: 1000\ndisk:\n  size: big\n  colour: red\n# a comment\nprot: 80\n';
  expect(await told({ 'a.yaml': text }, 'a.yaml')).toEqual([
    'a.yaml:1:7 C3004',
    'a.yaml:4:3 C3003',
    'a.yaml:3:9 C3003',
    'a.yaml:6:7 C3002',
  ]);
});

test('of several files the one tells the place that gave the value; the command line has none', async () => {
  const files = { 'a.yaml': 'port: 1000\n', 'b.yaml': '\nport: 2000\n' };
  expect(await told(files, 'a.yaml', 'b.yaml')).toEqual(['b.yaml:2:7 C3004']);
  expect(await told(files, 'a.yaml', 'port=3000')).toEqual(['C3004']);
  expect(await told(files, 'port=3000', 'a.yaml')).toEqual(['a.yaml:1:7 C3004']);
});

test('JSON files have places too, at least of their inputs', async () => {
  expect(await told({ 'a.json': '{\n  "port": 1000\n}' }, 'a.json')).toEqual(['a.json:2:11 C3004']);
});

test('a file that cannot be read is told with the place where that ends', async () => {
  expect(await told({ 'a.yaml': 'port: 1\ndisk: [1\n' }, 'a.yaml')).toEqual(['a.yaml:3:1 C2001']);
  expect(await told({ 'a.yaml': 'port: 2020-01-01\n' }, 'a.yaml')).toEqual(['a.yaml:1:7 C2010']);
});

test('values are read as blueprints are, but may hold any characters', async () => {
  const folder = await scratchFolder({ 'a.yaml': 'a: 010\nb: yes\nc: größe\nd: 1.0\n__proto__: 1\n' });
  expect(JSON.stringify(await readInputs([path.join(folder, 'a.yaml'), '{e: [1, x]}'], {}))).toBe(
    '{"a":8,"b":true,"c":"größe","d":1,"__proto__":1,"e":[1,"x"]}',
  );
});

test('what is neither a file nor a value is refused', async () => {
  await expect(readInputs(['no-such-file.yaml'], {})).rejects.toThrow(
    '"no-such-file.yaml" is no file, and no key=value',
  );
  await expect(readInputs(['{a: '], {})).rejects.toThrow('neither key=value nor readable');
});

test('where a list or mapping is meant, key=value takes it as JSON and as YAML; elsewhere it is text', async () => {
  const definitions = { nodes: { default: [] }, names: { type: 'list' }, free: {}, note: { type: 'string' } };
  expect(await readInputs(['nodes=[web, db]', 'names={a: [1]}', 'free=[web]', 'note=[web]'], definitions)).toEqual({
    nodes: ['web', 'db'],
    names: { a: [1] },
    free: '[web]',
    note: '[web]',
  });
  expect(await readInputs(['nodes=["web"]', 'names=[web', 'free=["web"]'], definitions)).toEqual({
    nodes: ['web'],
    names: '[web',
    free: ['web'],
  });
});
