import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compile } from '../../blueprint/compile.js';
import { SOURCE_LIMITS } from '../../blueprint/source.js';
import { prepareDeployment } from '../../graph/prepare-deployment.js';
import { compileText, memoryHost, refusalOf, version } from './compile-text.js';

test('aliases that multiply are refused before they do', async () => {
  const bomb = Array.from({ length: 30 }, (_, level) =>
    level === 0 ? 'a0: &a0 [x, x]' : `a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`,
  );
  expect(await refusalOf(`${version(5)}dsl_definitions:\n  ${bomb.join('\n  ')}`)).toEqual(['C2003']);
});

test.each([
  ['brackets', '['.repeat(100_000)],
  ['mappings on one line', '{a: '.repeat(100_000)],
  ['indented mappings', Array.from({ length: 3_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
  ['indented lists', `${'- '.repeat(100_000)}x`],
])('%s nested without end are refused', async (_, text) => {
  expect(await refusalOf(text)).toEqual(['C2003']);
});

test('a file without end is refused', async () => {
  const { diagnostics } = await compileText(`# ${'x'.repeat(1_000)}`, {
    limits: { ...SOURCE_LIMITS, characters: 1_000 },
  });
  expect(diagnostics.map(({ code }) => code)).toEqual(['C2003']);
});

test('an import that makes up imports without end is cut off', async () => {
  let read = 0;
  const host = {
    exists: async () => true,
    read: async (location: string) => {
      read += 1;
      return location === '/main.yaml' ? `${version(5)}imports: [0.yaml]` : `imports: [${read}.yaml, x${read}.yaml]`;
    },
  };
  const { diagnostics } = await compile('/main.yaml', host);
  expect(diagnostics.map(({ code }) => code)).toEqual(['C2003']);
  expect(read).toBeLessThan(1_100);
});

test('types derived from each other without end are refused', async () => {
  const types = Array.from({ length: 5_000 }, (_, index) => `  t${index}: { derived_from: t${index + 1} }`);
  expect(await refusalOf(`${version(5)}node_types:\n${types.join('\n')}\n  t5000: {}`)).toEqual(['C2003']);
});

test('ten thousand templates in a chain are none too many', async () => {
  const templates = Array.from({ length: 10_000 }, (_, index) =>
    index === 0
      ? '  n0: { type: T }'
      : `  n${index}: { type: T, relationships: [{ type: cloudify.relationships.connected_to, target: n${index - 1} }] }`,
  );
  const { plan } = await compileText(
    `${version(5)}node_types: { T: {} }\nrelationships: { cloudify.relationships.connected_to: {} }\nnode_templates:\n${templates.join('\n')}`,
  );
  expect(plan?.nodes).toHaveLength(10_000);
});

/** Keys and values as blueprints have them, and as attackers would like them. */
const word = fc.constantFrom(
  ...['type', 'properties', 'default', 'a', 'n', 'T', 'required', 'derived_from', 'interfaces', 'relationships'],
  ...['target', 'get_input', 'get_property', 'get_attribute', 'concat', 'SELF', 'inputs', 'members', 'targets'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'cloudify.nodes.Root', 'ns--a', '', '<<', '1'],
);
const section = fc.constantFrom(
  ...['inputs', 'plugins', 'data_types', 'node_types', 'relationships', 'node_templates', 'groups', 'policies'],
  ...['workflows', 'outputs', 'capabilities', 'labels', 'deployment_settings', 'imports', 'metadata', '__proto__'],
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    word,
    fc.constantFrom(null, true, 0, -1, 1.5),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(word, tie('value'), { maxKeys: 4 }),
  ),
}));
const document = fc.dictionary(section, value, { maxKeys: 5 });

async function survives(text: string): Promise<void> {
  const { plan, diagnostics } = await compile('/blueprint/main.yaml', memoryHost(text));
  expect(plan !== undefined || diagnostics.length > 0).toBe(true);
  if (plan) {
    const inputs = JSON.parse('{"a": 1, "__proto__": {"polluted": 1}}');
    prepareDeployment(plan, inputs, { random: Math.random });
  }
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(Object.keys(Object.prototype)).toEqual([]);
}

test('no document makes the compiler crash, hang or change the prototypes of objects', async () => {
  await fc.assert(
    fc.asyncProperty(document, fc.integer({ min: 0, max: 5 }), async (sections, minor) => {
      await survives(
        `${version(minor)}${JSON.stringify(sections)
          .slice(1, -1)
          .replaceAll(/,"(\w+)":/g, ',\n"$1":')}`,
      );
      const lines = Object.entries(sections).map(([name, own]) => `${JSON.stringify(name)}: ${JSON.stringify(own)}`);
      await survives(`${version(minor)}${lines.join('\n')}`);
    }),
    { numRuns: Number(process.env.CAISSON_FUZZ_RUNS ?? 400) },
  );
}, 60_000);

test('no text makes it crash or hang', async () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.constantFrom(
      '\n',
      '\n  ',
      ': ',
      '- ',
      '[',
      ']',
      '{',
      '}',
      '&a ',
      '*a',
      '|\n',
      '>\n',
      '"',
      "'",
      '#',
      '? ',
      '---\n',
      '<<: ',
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      await survives(pieces.join(''));
      await survives(`${version(5)}node_types:\n  ${pieces.join('')}`);
    }),
    { numRuns: Number(process.env.CAISSON_FUZZ_RUNS ?? 400) },
  );
}, 60_000);
