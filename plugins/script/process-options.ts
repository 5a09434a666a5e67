/** The inputs of a script operation: which script, how to run it (`process`), and the variables that are its own. */
import type { Json, JsonObject } from '../sdk/index.js';
import { NonRecoverableError } from '../sdk/index.js';

export interface ScriptInputs {
  readonly script: { readonly path: string } | { readonly source: string };
  /** PEM text of the authority to trust when the script is fetched by https. */
  readonly certificate: string | undefined;
  readonly process: ProcessOptions;
  /** The inputs that are left: what the script gets as environment or parameters. */
  readonly variables: JsonObject;
}

export interface ProcessOptions {
  readonly env: JsonObject;
  readonly cwd: string | undefined;
  /** Joined by blanks into the shell line: quotes group, `$HOME` expands. */
  readonly args: readonly string[];
  readonly commandPrefix: string | undefined;
  /** Whether to evaluate the script as Python; undefined = by its name or content. */
  readonly evalPython: boolean | undefined;
  readonly ctxProxy: boolean;
  readonly logStdout: boolean;
  readonly logStderr: boolean;
  readonly stderrToStdout: boolean;
}

/** Of the reference's ways to reach `ctx`, all but `none` mean the same here. */
const PROXY_TYPES = ['auto', 'http', 'unix', 'tcp', 'none'];

/** @throws NonRecoverableError for a call that no attempt could make good */
export function readInputs(inputs: JsonObject): ScriptInputs {
  const { script_path, script_source, process, ssl_cert_content, ctx: _, ...variables } = inputs;
  return {
    script: scriptOf(script_path, script_source),
    certificate: textOf(ssl_cert_content, 'ssl_cert_content'),
    process: processOptions(process),
    variables,
  };
}

function scriptOf(path: Json | undefined, source: Json | undefined): ScriptInputs['script'] {
  const given = [path, source].filter((value) => value !== undefined && value !== null && value !== '');
  if (given.length !== 1)
    throw new NonRecoverableError(
      `give the script plugin one of script_path and script_source, not ${given.length === 0 ? 'none' : 'both'}`,
    );
  if (typeof given[0] !== 'string')
    throw new NonRecoverableError(`script_path and script_source are text, not ${JSON.stringify(given[0])}`);
  return given[0] === path ? { path: given[0] } : { source: given[0] };
}

function processOptions(value: Json | undefined): ProcessOptions {
  const options = value ?? {};
  if (!isObject(options)) throw new NonRecoverableError(`process must be a mapping, not ${JSON.stringify(value)}`);
  const proxyType = textOf(options.ctx_proxy_type, 'process.ctx_proxy_type') ?? 'auto';
  if (!PROXY_TYPES.includes(proxyType))
    throw new NonRecoverableError(`Unsupported proxy type: ${proxyType}; there are ${PROXY_TYPES.join(', ')}`);
  const env = options.env ?? {};
  if (!isObject(env)) throw new NonRecoverableError(`process.env must be a mapping, not ${JSON.stringify(env)}`);
  const args = options.args ?? [];
  if (!Array.isArray(args)) throw new NonRecoverableError(`process.args must be a list, not ${JSON.stringify(args)}`);
  return {
    env,
    cwd: textOf(options.cwd, 'process.cwd'),
    args: args.map((argument) => (typeof argument === 'string' ? argument : JSON.stringify(argument))),
    commandPrefix: textOf(options.command_prefix, 'process.command_prefix'),
    evalPython: flagOf(options.eval_python, 'process.eval_python'),
    ctxProxy: proxyType !== 'none',
    logStdout: flagOf(options.log_stdout, 'process.log_stdout') ?? true,
    logStderr: flagOf(options.log_stderr, 'process.log_stderr') ?? true,
    stderrToStdout: flagOf(options.stderr_to_stdout, 'process.stderr_to_stdout') ?? false,
  };
}

function textOf(value: Json | undefined, name: string): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value !== 'string') throw new NonRecoverableError(`${name} must be text, not ${JSON.stringify(value)}`);
  return value;
}

function flagOf(value: Json | undefined, name: string): boolean | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  // Inputs typed on a command line arrive as text.
  if (value === 'true' || value === 'True') return true;
  if (value === 'false' || value === 'False') return false;
  throw new NonRecoverableError(`${name} must be true or false, not ${JSON.stringify(value)}`);
}

function isObject(value: Json): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
