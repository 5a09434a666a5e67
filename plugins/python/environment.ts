/**
 * A plugin's Python environment, made at its first use and shared by all that have the same content. The making is a process
 * of its own: if this worker dies, it may end what it began, and if it dies too, the next one begins anew.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { noteUse } from '../files/last-use.js';
import { type Interpreter, pythonInterpreter } from '../script/interpreter.js';
import { Lines } from '../script/lines.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import type { PackageContent, PythonPackage, PythonPlace } from './package.js';

const MAKER = fileURLToPath(new URL('./bridge/make_environment.py', import.meta.url));

/** Every plugin is built on it; the newest that the plugin's own requirements allow. */
const BASE = 'cloudify-common';
/** Up to here it has `pkg_resources` and `distutils`, which newer Pythons have no more and plugins still import. */
const TOOLS = 'setuptools<81';
/** Packages of the manager's that plugins require and nobody publishes: what plugins use of them, the base has. */
const STAND_INS = ['fusion-common', 'fusion-mgmtworker'];

/** What the maker reads. */
interface Order {
  readonly what: string;
  readonly folder: string;
  readonly stand_ins: readonly string[];
  /** Of a run of `pip install` where the new environment has no `pkg_resources`; it may fail. */
  readonly tools: readonly string[];
  /** Of runs of `pip install` before the plugin's. */
  readonly before: readonly (readonly string[])[];
  readonly content: PackageContent;
  /** Of the plugin's run, besides its content. */
  readonly arguments: readonly string[];
}

const making = new Map<string, Promise<void>>();

/** @returns the environment's folder */
export async function environmentOf(ctx: PythonPlace, wanted: PythonPackage): Promise<string> {
  const python = await pythonInterpreter();
  if (python === undefined)
    throw new NonRecoverableError(
      `the plugin ${wanted.name} is written in Python, and this worker has no python3; install it, or name one in CAISSON_PYTHON`,
    );
  const key = createHash('sha256')
    .update([wanted.mark, python.executable, python.version, BASE, TOOLS, ...STAND_INS].join('\0'))
    .digest('hex')
    .slice(0, 16);
  const home = path.join(await ctx.plugin.cacheFolder(), 'python', 'environments');
  await mkdir(home, { recursive: true });
  const folder = path.join(home, `${wanted.name.replaceAll(/[^\w.-]/g, '_')}-${key}`);
  await noteUse(folder);
  if (await isComplete(folder)) return folder;
  const made = making.get(folder) ?? make(ctx, wanted, python, folder).finally(() => making.delete(folder));
  making.set(folder, made);
  await unlessAborted(made, ctx.signal);
  return folder;
}

async function isComplete(folder: string): Promise<boolean> {
  return await access(path.join(folder, 'complete.json')).then(
    () => true,
    () => false,
  );
}

/** Others may be waiting for the environment too: who is cancelled stops waiting, and the making goes on. */
async function unlessAborted(made: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  made.catch(() => undefined);
  await Promise.race([made, aborted]).finally(() => signal.removeEventListener('abort', stop));
}

async function make(
  { logger }: PythonPlace,
  wanted: PythonPackage,
  python: Interpreter,
  folder: string,
): Promise<void> {
  logger.info('making the Python %s environment of %s', python.version, wanted.name);
  const { code, output } = await run(python.executable, orderOf(wanted, folder), (line) => logger.debug('%s', line));
  if (code !== 0) throw failure(wanted.name, output);
  logger.info('made the Python environment of %s in %s', wanted.name, folder);
}

function orderOf({ name, content, installArguments }: PythonPackage, folder: string): Order {
  // Of a plugin that is installed without what it requires, the base's requirements are still needed.
  const alone = installArguments.includes('--no-deps');
  return {
    what: name,
    folder,
    stand_ins: STAND_INS,
    tools: [TOOLS],
    before: alone ? [[BASE]] : [],
    content,
    arguments: [...(alone ? [] : [BASE]), ...installArguments],
  };
}

async function run(
  python: string,
  order: Order,
  onLine: (line: string) => void,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const lines = new Lines(onLine);
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' };
  const child = spawn(python, ['-u', MAKER], { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => lines.add(text));
  child.stdin.on('error', () => undefined);
  child.stdin.end(JSON.stringify(order));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  lines.end();
  return { code, output: lines.tail };
}

const MOST_LINES = 12;

/** What pip says of its failure; the network may be back another time, everything else stays as it is. */
function failure(name: string, output: string): Error {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const said = lines.filter((line) => /^\s*(error|fatal)\b/i.test(line) && !/^\s*error: subprocess-exited/.test(line));
  const shown = (said.length > 0 ? said : lines).slice(-MOST_LINES).join('\n');
  const message = `the Python environment of ${name} cannot be made:\n${shown}`;
  const passing = /Retrying \(|Temporary failure|Connection (refused|reset|broken)|timed out|No space left/i;
  return passing.test(output) ? new RecoverableError(message) : new NonRecoverableError(message);
}
