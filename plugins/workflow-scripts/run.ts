/**
 * Runs a workflow that is written in Python, a script of a blueprint or a function of a plugin, in a process of its own and
 * talks to it over two pipes. Pipes, not a port: nobody else can speak into them, and when this process dies the other one
 * notices at once and ends.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { endGroup } from '../script/process-group.js';

const SHIM = fileURLToPath(new URL('./python', import.meta.url));
/** The `cloudify` package that operation scripts have. */
const OPERATION_SHIM = fileURLToPath(new URL('../script/python', import.meta.url));
/** Modules that Python has given up since plugins were written. */
const REMOVED = fileURLToPath(new URL('../python/bridge/removed', import.meta.url));

/** Lines of stderr that stand in the error of a script that ended early. */
const MOST_WORDS = 8;

/** What a script says. */
export type ScriptMessage =
  | { readonly kind: 'calls'; readonly calls: readonly JsonObject[] }
  | { readonly kind: 'instances'; readonly id: number }
  | ({ readonly kind: 'secret'; readonly id: number } & SecretQuestion)
  | { readonly kind: 'done'; readonly result?: Json }
  | { readonly kind: 'failed'; readonly type: string; readonly message: string; readonly traceback: string };

export type SecretQuestion =
  | { readonly act: 'get' | 'delete'; readonly key: string }
  | { readonly act: 'set'; readonly key: string; readonly value: Json };

export interface ScriptHost {
  /** The script asks for things to be done; their outcomes are sent with `tell`. */
  calls(calls: readonly JsonObject[]): Promise<void>;
  /** The node instances as they are now. */
  instances(): Promise<Json>;
  /** What of a secret is asked for. Rejects for one that is not there. */
  secret(question: SecretQuestion): Promise<Json>;
  log(level: string, message: string): void;
}

export interface ScriptProcess {
  /** Sends a message to the script. */
  tell(message: JsonObject): void;
  /** How it ended. Rejects when it ended without a word. */
  readonly ended: Promise<ScriptEnd>;
  /** Ends the process and all it has started. */
  kill(): Promise<void>;
}

export type ScriptEnd =
  /** With what the function of a plugin returned. */
  | { readonly kind: 'done'; readonly result?: Json }
  | { readonly kind: 'failed'; readonly type: string; readonly message: string; readonly traceback: string };

/** A script; or a function of a plugin, `module.function`, in the folder with the plugin's virtual environment. */
export type PythonWorkflow =
  | { readonly file: string }
  | { readonly function: string; readonly virtualEnvironment: string };

export interface ScriptStart {
  readonly workflow: PythonWorkflow;
  /** Folder with the blueprint's files. */
  readonly folder: string;
  readonly context: JsonObject;
  readonly environment: NodeJS.ProcessEnv;
}

export function startScript({ workflow, folder, context, environment }: ScriptStart, host: ScriptHost): ScriptProcess {
  const { python, args, variables } = commandOf(workflow, environment);
  const child = spawn(python, ['-u', path.join(SHIM, 'caisson_workflow.py'), ...args], {
    cwd: folder,
    env: { ...environment, ...variables, PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    // A group of its own, so that what the script starts can be ended with it.
    detached: true,
  });
  const into = child.stdio[3] as Writable;
  const from = child.stdio[4] as Readable;
  const tell = (message: JsonObject): void => void into.write(`${JSON.stringify(message)}\n`);
  // A script that has gone does not read: its end tells what there is to tell.
  into.on('error', () => undefined);
  lines(child.stdout as Readable, (line) => host.log('info', line));
  const lastWords: string[] = [];
  lines(child.stderr as Readable, (line) => {
    lastWords.push(line);
    if (lastWords.length > MOST_WORDS) lastWords.shift();
    host.log('warning', line);
  });
  tell({ ...context, folder });

  const ended = new Promise<ScriptEnd>((resolve, reject) => {
    let end: ScriptEnd | undefined;
    const said = (async () => {
      for await (const line of createInterface({ input: from })) {
        const message = JSON.parse(line) as ScriptMessage;
        if (message.kind === 'calls') await host.calls(message.calls);
        else if (message.kind === 'instances') tell({ kind: 'answer', id: message.id, value: await host.instances() });
        else if (message.kind === 'secret') tell(await answerTo(message, host));
        else end = message;
      }
    })();
    said.catch(reject);
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'ENOENT'
          ? new PythonMissing(
              `workflow scripts need ${python}, and this worker has none; install it, or name one in CAISSON_PYTHON`,
            )
          : error,
      ),
    );
    child.once('close', (code, signal) => {
      void said.then(() => {
        if (end) resolve(end);
        else
          reject(
            new Error([`the workflow script ended early (${signal ?? `exit code ${code}`})`, ...lastWords].join('\n')),
          );
      }, reject);
    });
  });
  return {
    tell,
    ended,
    async kill() {
      if (child.pid !== undefined) await endGroup(child.pid);
    },
  };
}

interface Command {
  readonly python: string;
  readonly args: readonly string[];
  readonly variables: NodeJS.ProcessEnv;
}

function commandOf(workflow: PythonWorkflow, environment: NodeJS.ProcessEnv): Command {
  // Sets have one order in each run then: what depends on it asks for the same things again.
  const ordered = { PYTHONHASHSEED: '0' };
  if ('function' in workflow)
    return {
      python: path.join(workflow.virtualEnvironment, 'bin/python'),
      args: ['--function', workflow.function, OPERATION_SHIM, REMOVED],
      variables: ordered,
    };
  const paths = [SHIM, ...(existsSync(OPERATION_SHIM) ? [OPERATION_SHIM] : [])];
  return {
    python: environment.CAISSON_PYTHON || 'python3',
    args: [workflow.file],
    variables: { ...ordered, PYTHONPATH: paths.join(path.delimiter) },
  };
}

async function answerTo(
  { id, ...question }: Extract<ScriptMessage, { kind: 'secret' }>,
  host: ScriptHost,
): Promise<JsonObject> {
  try {
    return { kind: 'answer', id, value: await host.secret(question) };
  } catch (error) {
    return { kind: 'answer', id, error: (error as Error).message };
  }
}

/** This worker has no Python. */
export class PythonMissing extends Error {
  override readonly name = 'PythonMissing';
}

function lines(stream: Readable, take: (line: string) => void): void {
  createInterface({ input: stream }).on('line', take);
}
