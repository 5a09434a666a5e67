/** Runs one script as one operation: brings it here, serves it its context, waits for its end, and takes its verdict. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  type Json,
  type JsonObject,
  NonRecoverableError,
  type OperationContext,
  ProcessException,
} from '../sdk/index.js';
import { contextCalls } from './ctx-calls.js';
import { installCtx } from './ctx-client.js';
import { contextMembers } from './ctx-members.js';
import { type CtxServer, serveContext } from './ctx-server.js';
import { environmentOf } from './environment.js';
import { isEvaluated, pythonLine } from './evaluated-python.js';
import { isNodeScript, prepareNodeScript } from './node-script.js';
import { endOrphan, processRecord } from './orphans.js';
import { type ProcessOptions, readInputs, type ScriptInputs } from './process-options.js';
import { runProcess } from './run-process.js';
import { dedent, placeScript } from './script-file.js';
import { shellLine } from './shell-line.js';
import { Verdict } from './verdict.js';

export async function runScript(ctx: OperationContext, inputs: JsonObject): Promise<Json | undefined> {
  const given = readInputs(inputs);
  const folder = await mkdtemp(path.join(process.env.CFY_EXEC_TEMP || os.tmpdir(), 'caisson-script-'));
  const verdict = new Verdict();
  let server: CtxServer | undefined;
  try {
    const script = await prepare(ctx, given, folder);
    if (given.process.ctxProxy)
      server = await serveContext(contextMembers(ctx, verdict), contextCalls(ctx, inputs, verdict));
    return await execute(ctx, given, { folder, script, verdict, url: server?.url });
  } finally {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare(ctx: OperationContext, given: ScriptInputs, folder: string): Promise<string> {
  const home = path.join(folder, 'script');
  await mkdir(home);
  if (given.process.ctxProxy) await installCtx(path.join(folder, 'bin'));
  let script: string;
  if ('path' in given.script) script = await placeScript(ctx, given.script.path, home, given.certificate);
  else {
    script = path.join(home, 'inline.sh');
    await writeFile(script, dedent(given.script.source));
  }
  if (isNodeScript(script)) await prepareNodeScript(script);
  await chmod(script, 0o755);
  return script;
}

interface Prepared {
  readonly folder: string;
  readonly script: string;
  readonly verdict: Verdict;
  readonly url: string | undefined;
}

async function execute(ctx: OperationContext, given: ScriptInputs, prepared: Prepared): Promise<Json | undefined> {
  const { folder, script, verdict, url } = prepared;
  const options = given.process;
  const evaluated = await isEvaluated(given);
  const workdir = await ctx.plugin.workdir();
  const ended = await endOrphan(workdir, ctx.taskId);
  if (ended !== undefined) ctx.logger.warning('ended what an earlier attempt had left running: %s', ended);
  const record = await processRecord(workdir, ctx.taskId, url ?? randomUUID(), folder);
  const { logger } = ctx;
  try {
    const end = await runProcess({
      prologue: record.prologue,
      line: evaluated ? await pythonLine(script, nameOf(given), options) : shellLine(script, options),
      cwd: await workingFolder(options, workdir),
      env: environmentOf({
        worker: process.env,
        traceparent: ctx.traceparent,
        // Evaluated scripts have them as `ctx_parameters`.
        variables: evaluated ? {} : given.variables,
        env: options.env,
        ...(url === undefined ? {} : { ctx: { folder: path.join(folder, 'bin'), url } }),
      }),
      signal: ctx.signal,
      stderrToStdout: options.stderrToStdout,
      onStdout: options.logStdout ? (line) => logger.info('%s', `<out> ${line}`) : undefined,
      onStderr: options.logStderr ? (line) => logger.info('%s', `<err> ${line}`) : undefined,
    });
    if (verdict.error) throw verdict.error;
    if (end.exitCode !== 0) throw new ProcessException(nameOf(given), end.exitCode, end.stdout, end.stderr);
    return verdict.value;
  } finally {
    await record.remove();
  }
}

/** Scripts without a folder of their own share the deployment's: what one leaves there the next one finds. */
async function workingFolder({ cwd }: ProcessOptions, workdir: string): Promise<string> {
  if (cwd === undefined) return workdir;
  const found = await stat(cwd).catch(() => undefined);
  if (!found?.isDirectory()) throw new NonRecoverableError(`process.cwd ${cwd} is no folder on this worker`);
  return cwd;
}

function nameOf({ script }: ScriptInputs): string {
  return 'path' in script ? script.path : 'the inline script';
}
