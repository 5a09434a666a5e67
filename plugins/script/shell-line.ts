/** The shell line that runs a script: its interpreter, its path, its arguments. */
import path from 'node:path';
import { isNodeScript } from './node-script.js';
import type { ProcessOptions } from './process-options.js';

/** Under the name it has on Windows, or the one it has elsewhere. */
const POWERSHELL = '"$(command -v powershell || command -v pwsh || echo powershell)"';

/** A script that is executed. The shell starts it, so its first line names its interpreter; without one it is sh's. */
export function shellLine(script: string, { commandPrefix, args }: ProcessOptions): string {
  const prefix = commandPrefix ?? interpreterFor(script);
  return [...(prefix === undefined ? [] : [prefix]), quote(script), ...args].join(' ');
}

function interpreterFor(script: string): string | undefined {
  if (path.extname(script).toLowerCase() === '.ps1') return POWERSHELL;
  return isNodeScript(script) ? quote(process.execPath) : undefined;
}

/** One word for a POSIX shell, whatever is in it. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
