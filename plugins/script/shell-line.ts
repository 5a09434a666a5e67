/** The shell line that runs a script: its interpreter, its path, its arguments. */
import path from 'node:path';
import type { ProcessOptions } from './process-options.js';

export interface ShellLine {
  readonly line: string;
  /** What an error calls the script. */
  readonly name: string;
}

/** A script that is executed. The shell starts it, so its first line names its interpreter; without one it is sh's. */
export function shellLine(script: string, { commandPrefix, args }: ProcessOptions): string {
  const prefix = commandPrefix ?? interpreterFor(script);
  return [...(prefix === undefined ? [] : [prefix]), quote(script), ...args].join(' ');
}

function interpreterFor(script: string): string | undefined {
  switch (path.extname(script).toLowerCase()) {
    case '.ps1':
      return 'powershell';
    case '.js':
    case '.mjs':
    case '.cjs':
      return quote(process.execPath);
    default:
      return undefined;
  }
}

/** One word for a POSIX shell, whatever is in it. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
