/** Runs one operation of a Python plugin: its environment, its context over the worker's own, and its end. */
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { contextCalls } from '../script/ctx-calls.js';
import { contextMembers } from '../script/ctx-members.js';
import { serveContext } from '../script/ctx-server.js';
import { endOrphan, processRecord } from '../script/orphans.js';
import { runProcess } from '../script/run-process.js';
import { quote } from '../script/shell-line.js';
import { Verdict } from '../script/verdict.js';
import type { OperationContext } from '../sdk/context.js';
import { type Json, type JsonObject, NonRecoverableError, ProcessException } from '../sdk/index.js';
import { environmentOf } from './environment.js';
import type { PythonPackage } from './package.js';

const BRIDGE = fileURLToPath(new URL('./bridge/caisson_plugin.py', import.meta.url));
/** The package that scripts of blueprints have: what it and the bridge have in common is there. */
const SHIM = fileURLToPath(new URL('../script/python', import.meta.url));

/**
 * @param implementation `package.module.function`
 * @throws what the plugin raises, as the error that it means here
 */
export async function runPythonOperation(
  ctx: OperationContext,
  inputs: JsonObject,
  implementation: string,
  wanted: PythonPackage,
): Promise<Json | undefined> {
  if (!/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/.test(implementation))
    throw new NonRecoverableError(`${implementation} names no function of a Python module`);
  const environment = await environmentOf(ctx, wanted);
  const verdict = new Verdict();
  const server = await serveContext(contextMembers(ctx, verdict), contextCalls(ctx, inputs, verdict));
  try {
    return await execute(ctx, { implementation, environment, verdict, url: server.url });
  } finally {
    await server.close();
  }
}

interface Call {
  readonly implementation: string;
  readonly environment: string;
  readonly verdict: Verdict;
  readonly url: string;
}

async function execute(ctx: OperationContext, call: Call): Promise<Json | undefined> {
  const { implementation, environment, verdict, url } = call;
  const { logger } = ctx;
  const workdir = await ctx.plugin.workdir();
  const ended = await endOrphan(workdir, ctx.taskId);
  if (ended !== undefined) logger.warning('ended what an earlier attempt had left running: %s', ended);
  const record = await processRecord(workdir, ctx.taskId, url);
  try {
    const end = await runProcess({
      prologue: record.prologue,
      line: ['exec', path.join(environment, 'bin/python'), '-u', BRIDGE, implementation, SHIM].map(quote).join(' '),
      cwd: workdir,
      env: { ...environmentVariables(environment), ...(await localResources(ctx, workdir)), CTX_SOCKET_URL: url },
      signal: ctx.signal,
      stderrToStdout: false,
      onStdout: (line) => logger.info('%s', `<out> ${line}`),
      onStderr: (line) => logger.info('%s', `<err> ${line}`),
    });
    if (verdict.error) throw verdict.error;
    if (end.exitCode !== 0) throw new ProcessException(implementation, end.exitCode, end.stdout, end.stderr);
    return verdict.value;
  } finally {
    await record.remove();
  }
}

/**
 * Where the package looks for what a manager keeps for deployments. Both are one folder: it then takes itself for a worker
 * beside its manager, and has nothing to bring to and fro.
 */
async function localResources({ deployment }: OperationContext, workdir: string): Promise<Record<string, string>> {
  const root = path.join(workdir, 'resources');
  await mkdir(path.join(root, 'deployments', deployment.tenantName, deployment.id), { recursive: true });
  return { CFY_RESOURCES_ROOT: root, MANAGER_FILE_SERVER_ROOT: root };
}

/** The worker's, as if the environment had been activated. */
export function environmentVariables(environment: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) result[name] = value;
  delete result.PYTHONPATH;
  delete result.PYTHONHOME;
  const own = path.join(environment, 'bin');
  return { ...result, VIRTUAL_ENV: environment, PATH: [own, result.PATH || '/usr/bin:/bin'].join(path.delimiter) };
}
