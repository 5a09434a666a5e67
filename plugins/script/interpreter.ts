/** The worker's Python. */
import { execFile } from 'node:child_process';
import { findExecutable } from './executables.js';

export interface Interpreter {
  readonly executable: string;
  /** e.g. `3.11.7` */
  readonly version: string;
}

const interpreters = new Map<string, Promise<Interpreter | undefined>>();

/** The interpreter itself, asked for once: what is on the PATH may be a script that looks for it each time. */
export async function pythonInterpreter(): Promise<Interpreter | undefined> {
  const name = process.env.CAISSON_PYTHON || 'python3';
  const known = interpreters.get(name) ?? interpreterNamed(name);
  interpreters.set(name, known);
  const found = await known;
  // One that is missing may be installed by the next time.
  if (found === undefined) interpreters.delete(name);
  return found;
}

async function interpreterNamed(name: string): Promise<Interpreter | undefined> {
  const command = await findExecutable(name);
  if (command === undefined) return undefined;
  const question = 'import platform, sys; print(platform.python_version()); print(sys.executable)';
  return await new Promise((resolve) => {
    execFile(command, ['-c', question], (error, stdout) => {
      const [version = '', executable = ''] = stdout.trim().split('\n');
      resolve(error === null ? { executable: executable || command, version } : undefined);
    });
  });
}
