/** The command tree as a whole: every command can be built, and its help says what it must. */
import { describe, expect, test } from 'vitest';
import type { CommandDefinition } from '../../client/commands/definition.js';
import { COMMANDS } from '../../client/commands/table.js';
import { buildProgram } from '../../client/program.js';

const loaded = await Promise.all(COMMANDS.map(async (entry) => ({ entry, definition: await entry.load() })));

function leaves(definition: CommandDefinition, path: readonly string[] = []): [string, CommandDefinition][] {
  const own = [...path, definition.name];
  const verbs = (definition.commands ?? []).flatMap((verb) => leaves(verb, own));
  return definition.run ? [[own.join(' '), definition], ...verbs] : verbs;
}

test('no two commands have one name', () => {
  const names = COMMANDS.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  expect(new Set(names).size).toBe(names.length);
});

test.each(loaded.map(({ entry, definition }) => [entry.name, entry, definition] as const))(
  '%s can be built, and its table entry says what its module says',
  async (name, entry, definition) => {
    const program = await buildProgram([name], '0.0.0', { code: 0 });
    expect(program.commands.map((command) => command.name())).toContain(name);
    expect(definition.name).toBe(entry.name);
    expect(entry.summary).toBe(definition.summary);
  },
);

describe.each(loaded.flatMap(({ definition }) => leaves(definition)))('%s', (path, definition) => {
  test('has a summary of one line and an example that calls it', () => {
    expect(definition.summary).toMatch(/^[A-Z].*[^.]$/);
    if (path === 'executions start') return; // The same command as `execute`, under Cloudify's name.
    expect(definition.examples?.length ?? 0).toBeGreaterThan(0);
    for (const [line] of definition.examples ?? []) expect(line).toMatch(/^(caisson|temporal|[A-Z_]+=\S+ caisson) /);
  });

  test('knows every flag of its examples', async () => {
    const program = await buildProgram(path.split(' '), '0.0.0', { code: 0 });
    let command = program;
    for (const word of path.split(' ')) command = command.commands.find((one) => one.name() === word) ?? command;
    const known = [...command.options, ...program.options].flatMap(({ short, long }) => [short, long]);
    for (const [line] of (definition.examples ?? []).filter(([one]) => !one.startsWith('temporal ')))
      for (const [, word = ''] of line.split(/[|><]/, 1)[0]?.matchAll(/\s(--?[a-z][a-z-]*)/g) ?? [])
        expect(known, line).toContain(word);
  });
});
