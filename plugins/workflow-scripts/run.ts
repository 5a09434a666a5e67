/**
 * Runs a workflow script of a blueprint in a Python process and talks to it over two pipes. Pipes, not a port: nobody
 * else can speak into them, and when this process dies the script notices at once and ends.
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

/** Lines of stderr that stand in the error of a script that ended early. */
const MOST_WORDS = 8;

/** What a script says. */
export type ScriptMessage =
  | { readonly kind: 'calls'; readonly calls: readonly JsonObject[] }
  | { readonly kind: 'instances'; readonly id: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly type: string; readonly message: string; readonly traceback: string };

export interface ScriptHost {
  /** The script asks for things to be done; their outcomes are sent with `tell`. */
  calls(calls: readonly JsonObject[]): Promise<void>;
  /** The node instances as they are now. */
  instances(): Promise<Json>;
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
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly type: string; readonly message: string; readonly traceback: string };

export interface ScriptStart {
  readonly file: string;
  /** Folder with the blueprint's files. */
  readonly folder: string;
  readonly context: JsonObject;
  readonly environment: NodeJS.ProcessEnv;
}

export function startScript({ file, folder, context, environment }: ScriptStart, host: ScriptHost): ScriptProcess {
  const python = environment.CAISSON_PYTHON || 'python3';
  const paths = [SHIM, ...(existsSync(OPERATION_SHIM) ? [OPERATION_SHIM] : [])];
  const child = spawn(python, ['-u', path.join(SHIM, 'caisson_workflow.py'), file], {
    cwd: folder,
    env: { ...environment, PYTHONPATH: paths.join(path.delimiter), PYTHONDONTWRITEBYTECODE: '1' },
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

/** This worker has no Python. */
export class PythonMissing extends Error {
  override readonly name = 'PythonMissing';
}

function lines(stream: Readable, take: (line: string) => void): void {
  createInterface({ input: stream }).on('line', take);
}
