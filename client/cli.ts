/** The command line: parses, runs one command, and turns what came of it into an exit code. */
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
    const told = error instanceof CommanderError ? fromParser(error) : error;
    const { colors } = processIo(json ? 'never' : 'auto');
    const verbose = argv.some((word) => /^-v+$|^--verbose$/.test(word));
    const { text, exitCode } = reportError(told, { json, verbose, colors: json ? createColors(false) : colors });
    process.stderr.write(`${text}\n`);
    return exitCode;
  }
}

function fromParser(error: CommanderError): Error {
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
