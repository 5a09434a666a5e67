import path from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { createColors } from 'picocolors';
import { expect, onTestFinished, test } from 'vitest';
import type { CommandDefinition, GlobalOptions } from '../../client/commands/definition.js';
import { plan } from '../../client/commands/plan.js';
import { schema } from '../../client/commands/schema.js';
import { validate } from '../../client/commands/validate.js';
import { scratchFolder } from '../store/scratch.js';

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function run(
  { run: act }: CommandDefinition,
  args: readonly string[],
  options: Readonly<Record<string, unknown>> = {},
  format: GlobalOptions['format'] = 'table',
  stdin = '',
): Promise<Ran> {
  const home = process.env.CAISSON_HOME;
  process.env.CAISSON_HOME = await scratchFolder();
  onTestFinished(() => {
    if (home === undefined) delete process.env.CAISSON_HOME;
    else process.env.CAISSON_HOME = home;
  });
  const [out, err]: [string[], string[]] = [[], []];
  const stdout = new PassThrough();
  stdout.on('data', (chunk: Buffer) => out.push(chunk.toString().trimEnd()));
  const code = await act?.({
    args,
    options,
    global: {
      format,
      quiet: false,
      verbosity: 0,
      address: undefined,
      namespace: undefined,
      profile: undefined,
      embedded: false,
    },
    io: {
      out: (text) => void out.push(text),
      err: (text) => void err.push(text),
      stdin: Readable.from([stdin]),
      stdout,
      stderr: new PassThrough(),
      isTerminal: false,
      canAsk: false,
      columns: () => 80,
      colors: createColors(false),
    },
  });
  return { code: code ?? -1, out: out.join('\n'), err: err.join('\n') };
}

const good = `tosca_definitions_version: cloudify_dsl_1_5
inputs: { size: { type: integer, default: 1 } }
node_types: { T: { properties: { size: {} } } }
node_templates: { n: { type: T, properties: { size: { get_input: size } } } }
`;
const bad = good.replace('type: T,', 'type: TT,');

const blueprint = async (text: string): Promise<string> =>
  path.join(await scratchFolder({ 'blueprint.yaml': text, 'inputs.json': '{"size": 3}' }), 'blueprint.yaml');

test('validate tells what is wrong with each blueprint, and ends with 3', async () => {
  const [one, other] = [await blueprint(good), await blueprint(bad)];
  expect(await run(validate, [one])).toMatchObject({ code: 0, out: `✓ ${one}`, err: '' });
  const { code, out, err } = await run(validate, [one, other]);
  expect([code, out]).toEqual([3, `✓ ${one}\n✗ ${other}: 1 error`]);
  expect(err).toContain('error[C2060]: node_templates.n is of type TT, which there is not');
  expect(err).toContain('help: did you mean T?');
  const document = JSON.parse((await run(validate, [one, other], {}, 'json')).out) as { items: object[] };
  expect(document.items).toMatchObject([{ valid: true }, { valid: false, diagnostics: [{ code: 'C2060' }] }]);
});

test('plan prints the compiled plan as JSON, or that of a deployment when inputs are given', async () => {
  const file = await blueprint(good);
  const parsed = JSON.parse((await run(plan, [file], {}, 'json')).out);
  expect(parsed).toMatchObject({
    inputs: { size: { default: 1 } },
    nodes: [{ properties: { size: { get_input: 'size' } } }],
  });
  const inputs = [path.join(path.dirname(file), 'inputs.json')];
  const deployed = JSON.parse((await run(plan, [file], { inputs }, 'json')).out);
  expect(deployed).toMatchObject({
    inputs: { size: 3 },
    nodes: [{ properties: { size: 3 } }],
    node_instances: [{ node_id: 'n' }],
  });
});

test('a refusal as JSON has the class and number of the error that Cloudify raises', async () => {
  const { code, out, err } = await run(plan, [await blueprint(bad)], {}, 'json');
  expect([code, out]).toEqual([3, '']);
  expect(JSON.parse(err)).toMatchObject({
    error: { code: 7, class: 'DSLParsingLogicException', exit_code: 3, diagnostics: [{ code: 'C2060' }] },
  });
});

test('plan answers one request a line', async () => {
  const requests = [
    { id: 'a', main: await blueprint(good), inputs: null },
    { id: 'b', main: await blueprint(good), inputs: { size: 'x' } },
    { id: 'c', main: '/nowhere.yaml', inputs: null },
  ];
  const lines = requests.map((request) => JSON.stringify(request)).join('\nthis is no JSON\n');
  const { out } = await run(plan, [], { batch: true }, 'table', `${lines}\n`);
  expect(out.split('\n').map((line) => JSON.parse(line) as object)).toMatchObject([
    { id: 'a', ok: true },
    { id: 'b', ok: false, error: { code: 214, class: 'DSLParsingException' } },
    { id: 'c', ok: false, error: { code: 13 } },
  ]);
});

test('plan for people names what is made', async () => {
  const { out } = await run(plan, [await blueprint(good)]);
  expect(out).toContain('+ n  T');
  expect(out).toContain('Plan: 1 to create');
});

test('schema prints a JSON Schema, of the language or with the types of a blueprint', async () => {
  expect(JSON.parse((await run(schema, [])).out)).toMatchObject({ title: 'Blueprint' });
  const own = JSON.parse((await run(schema, [], { for: await blueprint(good) })).out);
  expect(own.properties.node_templates.additionalProperties.properties.type.enum).toEqual(['T']);
});
