/** Scripts that are evaluated as Python, with the context at hand, rather than executed. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NonRecoverableError } from '../sdk/index.js';
import { pythonInterpreter } from './interpreter.js';
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
  return ['exec', quote(python.executable), '-u', quote(SHIM), quote(script), ...args].join(' ');
}

async function parsesAsPython(source: string): Promise<boolean> {
  const python = await pythonInterpreter();
  if (python === undefined) return false;
  return await new Promise((resolve) => {
    const child = execFile(python.executable, ['-ISE', '-c', LOOKS_LIKE_PYTHON], (error) => resolve(error === null));
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(source);
  });
}

function withoutQuery(location: string): string {
  return /^https?:/i.test(location) ? new URL(location).pathname : location;
}
