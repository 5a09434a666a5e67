import { expect, test } from 'vitest';
import { renderDiagnostic } from '../../blueprint/diagnostics.js';
import { compileText, version } from './compile-text.js';

const render = async (text: string): Promise<string> => {
  const { diagnostics, sources } = await compileText(text);
  return diagnostics.map((one) => renderDiagnostic(one, sources.get(one.source?.file ?? ''))).join('\n');
};

test('a diagnostic shows what is wrong, where, the line with a caret under the place, and what to do', async () => {
  expect(
    await render(
      `${version(5)}node_types: { cloudify.nodes.Root: {} }\nnode_templates:\n  web: { type: cloudify.nodes.Rot }`,
    ),
  ).toBe(
    `error[C2060]: node_templates.web is of type cloudify.nodes.Rot, which there is not
  --> /blueprint/main.yaml:4:16
  4 |   web: { type: cloudify.nodes.Rot }
    |                ^
  help: did you mean cloudify.nodes.Root?`,
  );
});

test('of a line without end it shows what is around the place', async () => {
  const [, place, line, caret] = (await render(`${version(5)}# ${'x'.repeat(300)}\n${' '.repeat(400)}bogus: 1`)).split(
    '\n',
  );
  expect(place).toBe('  --> /blueprint/main.yaml:3:401');
  expect(line?.length).toBeLessThan(180);
  expect(line?.slice(caret?.indexOf('^'))).toBe('bogus: 1');
});

test('unreadable YAML is told with its place too', async () => {
  expect(await render(`${version(5)}inputs:\n\ta: 1`)).toBe(
    `error[C2004]: cannot read this YAML: a tab stands where only spaces may: indent with spaces
  --> /blueprint/main.yaml:3:1
  3 |  a: 1
    | ^`,
  );
});
