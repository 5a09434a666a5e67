/** Scripts that are evaluated as Python, with the context at hand, rather than executed. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NonRecoverableError } from '../sdk/index.js';
import { findExecutable } from './executables.js';
import type { ProcessOptions, ScriptInputs } from './process-options.js';
import { dedent } from './script-file.js';
import { quote } from './shell-line.js';

const SHIM = fileURLToPath(new URL('./python/caisson_script.py', import.meta.url));

/** Told by Python itself. A lone command such as `ls -l` parses too, and means nothing in Python. */
const LOOKS_LIKE_PYTHON = `
import ast, sys
try:
    tree = ast.parse(sys.stdin.read())
except (SyntaxError, ValueError):
    sys.exit(1)
means = (ast.Call, ast.Assign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.FunctionDef, ast.If, ast.For, ast.Raise)
sys.exit(0 if any(isinstance(node, means) for node in ast.walk(tree)) else 1)
`;

/** Whether to evaluate: as the blueprint says, else by the name, and for inline scripts by their text. */
export async function isEvaluated({ script, process }: ScriptInputs): Promise<boolean> {
  if (process.evalPython !== undefined) return process.evalPython;
  if ('path' in script) return path.posix.extname(withoutQuery(script.path)) === '.py';
  const shebang = /^\s*#!.*/.exec(script.source)?.[0];
  if (shebang !== undefined) return /python/.test(shebang);
  return await parsesAsPython(dedent(script.source));
}

/** @throws NonRecoverableError where there is no Python */
export async function pythonLine(script: string, name: string, { args }: ProcessOptions): Promise<string> {
  const python = await pythonInterpreter();
  if (python === undefined)
    throw new NonRecoverableError(
      `${name} is a Python script, and this worker has no python3; install it, or name one in CAISSON_PYTHON`,
    );
  return ['exec', quote(python), '-u', quote(SHIM), quote(script), ...args].join(' ');
}

const interpreters = new Map<string, Promise<string | undefined>>();

/** The interpreter itself, asked for once: what is on the PATH may be a script that looks for it each time. */
async function pythonInterpreter(): Promise<string | undefined> {
  const name = process.env.CAISSON_PYTHON || 'python3';
  const known = interpreters.get(name) ?? interpreterNamed(name);
  interpreters.set(name, known);
  const found = await known;
  // One that is missing may be installed by the next time.
  if (found === undefined) interpreters.delete(name);
  return found;
}

async function interpreterNamed(name: string): Promise<string | undefined> {
  const command = await findExecutable(name);
  if (command === undefined) return undefined;
  return await new Promise((resolve) => {
    execFile(command, ['-c', 'import sys; print(sys.executable)'], (error, stdout) =>
      resolve(error === null ? stdout.trim() || command : undefined),
    );
  });
}

async function parsesAsPython(source: string): Promise<boolean> {
  const python = await pythonInterpreter();
  if (python === undefined) return false;
  return await new Promise((resolve) => {
    const child = execFile(python, ['-ISE', '-c', LOOKS_LIKE_PYTHON], (error) => resolve(error === null));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(source);
  });
}

function withoutQuery(location: string): string {
  return /^https?:/i.test(location) ? new URL(location).pathname : location;
}
