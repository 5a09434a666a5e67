/** Builds the command line parser from the command table. Only the command that is called is loaded. */
import { Command, Option } from 'commander';
import type { CommandDefinition, GlobalOptions, OptionDefinition } from './commands/definition.js';
import { COMMANDS, type CommandEntry } from './commands/table.js';
import { type ColorMode, processIo } from './output/io.js';
import { FORMATS, type Format } from './output/print.js';

export interface Outcome {
  code: number;
}

/** @param argv without node and script */
export async function buildProgram(argv: readonly string[], version: string, outcome: Outcome): Promise<Command> {
  const program = new Command('caisson')
    .description('Installs Cloudify-style blueprints durably, on Temporal.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show the help of a command')
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .exitOverride();
  for (const option of globalOptions()) program.addOption(option);
  const called = wordsOf(argv);
  for (const entry of COMMANDS) {
    const asked = isCalled(entry, called);
    const definition = asked ? await entry.load() : undefined;
    const command = definition ? built(definition, outcome) : new Command(entry.name).description(entry.summary);
    for (const alias of entry.aliases ?? []) command.alias(alias);
    program.addCommand(command.helpGroup(`${entry.group}:`));
  }
  inherit(program);
  return program;
}

function globalOptions(): Option[] {
  return [
    new Option('-o, --output <format>', 'form of the result').choices(FORMATS).default('table'),
    new Option('--json', 'same as -o json'),
    new Option('-q, --quiet', 'errors only'),
    new Option('-v, --verbose', 'say more; twice: debug lines too')
      .argParser((_: string, before: number) => before + 1)
      .default(0),
    new Option('--color <when>', 'colours').choices(['always', 'never', 'auto']).default('auto'),
    new Option('--address <host:port>', 'Temporal server to use (TEMPORAL_ADDRESS)'),
    new Option('--namespace <name>', 'Temporal namespace (TEMPORAL_NAMESPACE)'),
    new Option('--profile <name>', 'profile of temporal.toml (TEMPORAL_PROFILE)'),
    new Option('--no-embedded', 'never start a Temporal server on this machine'),
  ].map((option) => option.helpGroup('Options of every command:'));
}

function built(definition: CommandDefinition, outcome: Outcome): Command {
  const command = new Command(definition.name)
    .description(definition.description ?? definition.summary)
    .summary(definition.summary);
  for (const alias of definition.aliases ?? []) command.alias(alias);
  for (const { name, summary } of definition.arguments ?? []) command.argument(name, summary);
  for (const option of definition.options ?? []) command.addOption(optionOf(option));
  for (const verb of definition.commands ?? []) command.addCommand(built(verb, outcome));
  if (definition.examples && definition.examples.length > 0)
    command.addHelpText(
      'before',
      `Examples:\n${definition.examples.map(([line, meaning]) => `  $ ${line}\n      ${meaning}`).join('\n')}\n`,
    );
  const { run } = definition;
  if (run)
    command.action(async (...parameters: unknown[]) => {
      const own = parameters.at(-1) as Command;
      const global = globalsOf(own.optsWithGlobals());
      const io = processIo(own.optsWithGlobals().color as ColorMode);
      outcome.code = await run({ args: own.args, options: optionsOf(own), global, io });
    });
  return command;
}

/** With those that a group has taken, which knows the same option (`events list --node web`): they are the verb's. */
function optionsOf(command: Command): Record<string, unknown> {
  const options = { ...command.opts() };
  for (let group = command.parent; group?.parent; group = group.parent)
    for (const [name, value] of Object.entries(group.opts()))
      if (group.getOptionValueSource(name) === 'cli' && command.getOptionValueSource(name) !== 'cli')
        options[name] = value;
  return options;
}

function optionOf({ flags, summary, default: fallback, repeatable, choices }: OptionDefinition): Option {
  const option = new Option(flags, summary);
  if (choices) option.choices(choices);
  if (repeatable)
    option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value]);
  if (fallback !== undefined) option.default(fallback);
  return option;
}

function globalsOf(options: Record<string, unknown>): GlobalOptions {
  const text = (name: string): string | undefined =>
    typeof options[name] === 'string' ? (options[name] as string) : undefined;
  return {
    format: options.json === true ? 'json' : ((options.output ?? 'table') as Format),
    quiet: options.quiet === true,
    verbosity: Number(options.verbose ?? 0),
    address: text('address'),
    namespace: text('namespace'),
    profile: text('profile'),
    embedded: options.embedded !== false,
  };
}

/** The first words that are no flags: enough to tell which command is meant (`help install` means install). */
function wordsOf(argv: readonly string[]): readonly string[] {
  return argv.filter((word) => !word.startsWith('-'));
}

function isCalled({ name, aliases = [] }: CommandEntry, words: readonly string[]): boolean {
  return words.some((word) => word === name || aliases.includes(word));
}

function inherit(parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(parent);
    inherit(command);
  }
}
