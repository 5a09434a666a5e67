/** A script of the blueprint on a machine over SSH, with its `ctx` at hand: calls come back through the connection. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { type ArchiveEntry, archiveOf } from '../files/archive.js';
import { entriesOf } from '../files/folder.js';
import { sourceEntries } from '../files/source.js';
import type { SshConnection } from '../hosts/ssh.js';
import { contextCalls } from '../script/ctx-calls.js';
import { contextMembers } from '../script/ctx-members.js';
import { serveContext } from '../script/ctx-server.js';
import { environmentOf } from '../script/environment.js';
import { isEvaluated } from '../script/evaluated-python.js';
import { readInputs, type ScriptInputs } from '../script/process-options.js';
import { dedent, placeScript } from '../script/script-file.js';
import { quote } from '../script/shell-line.js';
import { Verdict } from '../script/verdict.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { objectOf, textOf } from '../values.js';
import { execute, onTarget } from './commands.js';

const SCRIPTS = fileURLToPath(new URL('../script/', import.meta.url));

/** @param inputs `script_path`, `process`, `use_sudo`, `fabric_env`, …; the others are the script's variables */
export async function runScript(ctx: OperationContext, inputs: JsonObject): Promise<Json | undefined> {
  const { fabric_env: _, use_sudo: __, hide_output: ___, non_recoverable_error_exit_codes: ____, ...own } = inputs;
  const given = readInputs(own);
  const evaluated = await isEvaluated(given);
  const verdict = new Verdict();
  const server = await serveContext(contextMembers(ctx, verdict), contextCalls(ctx, own, verdict));
  try {
    return await onTarget(ctx, inputs, async (connection, target) => {
      const local = new URL(server.url);
      local.port = String(await connection.reverse(Number(local.port)));
      const root = textOf(objectOf(inputs.process).base_dir) ?? '/tmp';
      const folder = `${root}/caisson-${randomBytes(8).toString('hex')}`;
      try {
        const name = await upload(ctx, connection, given, { folder, url: local.href, evaluated });
        const line = evaluated ? `python3 -u ${folder}/caisson_script.py` : (given.process.commandPrefix ?? '');
        const cwd = given.process.cwd ?? '.';
        const script = [line, quote(`${folder}/script/${name}`), ...given.process.args].join(' ').trim();
        const command = `. ${folder}/environment && cd ${quote(cwd)} && ${script}`;
        const result = execute(ctx, connection, target, command, inputs);
        await result.catch((error: unknown) => {
          throw verdict.error ?? error;
        });
        if (verdict.error) throw verdict.error;
        return verdict.value;
      } finally {
        await connection.exec(`rm -rf ${folder}`, new AbortController().signal).catch(() => undefined);
      }
    });
  } finally {
    await server.close();
  }
}

interface Placing {
  readonly folder: string;
  readonly url: string;
  readonly evaluated: boolean;
}

/** Its variables go into a file that only the user may read: a command line is for everybody on the machine. */
async function upload(
  ctx: OperationContext,
  connection: SshConnection,
  given: ScriptInputs,
  { folder, url, evaluated }: Placing,
): Promise<string> {
  const { name, content } = await scriptOf(ctx, given);
  const variables = environmentOf({
    worker: {},
    traceparent: ctx.traceparent,
    variables: evaluated ? {} : given.variables,
    env: given.process.env,
    ...(given.process.ctxProxy ? { ctx: { folder: '', url } } : {}),
  });
  delete variables.PATH;
  delete variables.TMPDIR;
  const exports = Object.entries(variables).map(([variable, value]) => `export ${variable}=${quote(value)}\n`);
  const bin = async (file: string) => await readFile(path.join(SCRIPTS, 'bin', file));
  const entries: ArchiveEntry[] = [
    { path: `script/${name}`, content, mode: 0o755 },
    {
      path: 'environment',
      content: Buffer.from(`${exports.join('')}export PATH="$PATH:${folder}/bin"\n`),
      mode: 0o600,
    },
    { path: 'bin/ctx-sh', content: await bin('ctx-sh'), mode: 0o755 },
    { path: 'bin/ctx.bash', content: await bin('ctx.bash'), mode: 0o755 },
    { path: 'bin/ctx.py', content: await bin('ctx.py'), mode: 0o755 },
    ...(evaluated ? await entriesOf(path.join(SCRIPTS, 'python')) : []),
  ];
  const choose = `cd ${folder}/bin && if [ -x /bin/bash ]; then ln -s ctx.bash ctx; else ln -s ctx.py ctx; fi`;
  const command = `mkdir -m 700 ${folder} && tar -x -o -f - -C ${folder} && ${choose}`;
  const { code, stderr } = await connection.exec(command, ctx.signal, archiveOf(entries));
  if (code !== 0) throw new NonRecoverableError(`the script cannot be placed on the machine: ${stderr.trim()}`);
  return name;
}

async function scriptOf(ctx: OperationContext, given: ScriptInputs): Promise<{ name: string; content: Buffer }> {
  if ('source' in given.script) return { name: 'inline', content: Buffer.from(dedent(given.script.source)) };
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-remote-'));
  try {
    const file = await placeScript(ctx, given.script.path, scratch, given.certificate);
    return { name: path.basename(file), content: await readFile(file) };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** @param inputs `source` (file, folder or archive of the blueprint, path on the worker, URL), `target` (folder there) */
export async function putFiles(ctx: OperationContext, inputs: JsonObject): Promise<void> {
  const source = textOf(inputs.source);
  const target = textOf(inputs.target);
  if (source === undefined || target === undefined)
    throw new NonRecoverableError('put_files needs a source and a target');
  const archive = archiveOf(await sourceEntries(ctx, source));
  await onTarget(ctx, inputs, async (connection) => {
    const folder = quote(target);
    const { code, stderr } = await connection.exec(
      `mkdir -p ${folder} && tar -x -o -f - -C ${folder}`,
      ctx.signal,
      archive,
    );
    if (code !== 0) throw new NonRecoverableError(`files cannot be put into ${target}: ${stderr.trim()}`);
  });
}
