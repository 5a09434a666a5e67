/** The environment of a script: the worker's, the operation's inputs, what the blueprint sets, and the way to `ctx`. */
import os from 'node:os';
import path from 'node:path';
import type { Json, JsonObject } from '../sdk/index.js';
import { NonRecoverableError } from '../sdk/index.js';
import { pythonJson } from './python-json.js';

/** The system takes no variable longer than this (bytes, with its name). */
const LONGEST = 131_071;

export interface ScriptEnvironment {
  readonly worker: NodeJS.ProcessEnv;
  /** Under which spans of the script's own belong; absent: nobody traces. */
  readonly traceparent?: string | undefined;
  readonly variables: JsonObject;
  readonly env: JsonObject;
  /** Folder of the `ctx` command, and where the command finds its server; absent for scripts that go without. */
  readonly ctx?: { readonly folder: string; readonly url: string };
}

/** @throws NonRecoverableError for a variable that no process can be given */
export function environmentOf({ worker, traceparent, variables, env, ctx }: ScriptEnvironment): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(worker)) {
    if (value !== undefined) result[name] = value;
  }
  if (traceparent !== undefined) result.TRACEPARENT = traceparent;
  for (const [name, value] of [...Object.entries(variables), ...Object.entries(env)])
    result[name] = checked(name, encoded(value));
  result.TMPDIR ||= os.tmpdir();
  if (ctx) {
    result.CTX_SOCKET_URL = ctx.url;
    result.PATH = [result.PATH || '/usr/local/bin:/usr/bin:/bin', ctx.folder].join(path.delimiter);
  }
  return result;
}

/** Text and numbers as they are, null as nothing, everything else as JSON. */
export function encoded(value: Json): string {
  if (value === null) return '';
  return typeof value === 'string' ? value : pythonJson(value);
}

function checked(name: string, value: string): string {
  if (name === '' || /[=\0]/.test(name))
    throw new NonRecoverableError(`input ${JSON.stringify(name)} cannot be the name of an environment variable`);
  if (value.includes('\0'))
    throw new NonRecoverableError(`input ${name} holds a NUL character: no environment variable can`);
  const size = Buffer.byteLength(name) + Buffer.byteLength(value) + 1;
  if (size > LONGEST)
    throw new NonRecoverableError(
      `input ${name} is ${size} bytes long: the system takes environment variables of up to ${LONGEST}; put it into a resource`,
    );
  return value;
}
