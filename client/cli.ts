/** The command line: parses, runs one command, and turns what came of it into an exit code. */
import './short-lived.js';
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { createColors } from 'picocolors';
import { usageError } from './errors.js';
import { EXIT } from './exit.js';
import { processIo } from './output/io.js';
import { buildProgram, type Outcome } from './program.js';
import { reportError } from './report-error.js';

/** @param argv without node and script; @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const json =
    argv.includes('--json') ||
    argv.some(
      (word, at) =>
        /^(-o|--output)=?json$/.test(word) || (word === 'json' && /^(-o|--output)$/.test(argv[at - 1] ?? '')),
    );
  const outcome: Outcome = { code: EXIT.done };
  try {
    const program = await buildProgram(argv, packageVersion(), outcome);
    program.configureOutput({ writeErr: () => undefined });
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    // Told when it happened; not imported from where it is thrown, which would load all of Temporal.
    if (error instanceof Error && error.name === 'Detached') return EXIT.interrupted;
    const told = error instanceof CommanderError ? fromParser(error, argv) : error;
    const { colors } = processIo(json ? 'never' : 'auto');
    const verbose = argv.some((word) => /^-v+$|^--verbose$/.test(word));
    const { text, exitCode } = reportError(told, { json, verbose, colors: json ? createColors(false) : colors });
    process.stderr.write(`${text}\n`);
    return exitCode;
  }
}

/** Commands of Cloudify's that have another name here. */
const MOVED: Readonly<Record<string, string>> = {
  local: 'caisson install BLUEPRINT, caisson execute WORKFLOW DEPLOYMENT, caisson node-instances list -d DEPLOYMENT',
  init: 'caisson install BLUEPRINT does it all; a deployment that is not installed yet: caisson deployments create BLUEPRINT',
  blueprints: 'caisson validate BLUEPRINT, caisson plan BLUEPRINT, caisson deployments create BLUEPRINT',
  snapshots: 'back up the folder of the setting home, or your Temporal cluster',
};

function fromParser(error: CommanderError, argv: readonly string[]): Error {
  const moved =
    error.code === 'commander.unknownCommand' ? MOVED[argv.find((word) => !word.startsWith('-')) ?? ''] : undefined;
  if (moved !== undefined) return usageError(error.message.replace(/^error: /, '').split('\n', 1)[0] ?? '', moved);
  if (error.code === 'commander.help') return usageError('a command is missing', 'see: caisson --help');
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggested = rest
    .join(' ')
    .trim()
    .replace(/^\(|\)$/g, '');
  return usageError(message, suggested === '' ? 'see: caisson --help' : suggested);
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
