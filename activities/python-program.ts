/** The code of a workflow in Python: a script of the blueprint, or a function of a plugin in the plugin's own environment. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { PythonPackage, PythonPlace } from '../plugins/python/package.js';
import { errorKind } from '../plugins/sdk/errors.js';
import type { PythonWorkflow } from '../plugins/workflow-scripts/run.js';
import { archivedFile } from '../store/blueprint-archive.js';
import type { WorkflowScriptRequest } from '../workflows/script-messages.js';
import type { OperationEnvironment } from './environment.js';
import type { OperationLog } from './operation-log.js';
import type { PluginInfo } from './request.js';

/** Tries to make a plugin's environment, where the reason may pass. */
const MOST_ATTEMPTS = 5;

/**
 * What has to be installed for a plugin whose function, the second argument, is a workflow.
 *
 * @throws NonRecoverableError when the worker has no such plugin; anything else may pass
 */
export type PythonPackages = (plugin: PluginInfo, operation: string, place: PythonPlace) => Promise<PythonPackage>;

export interface ProgramSources {
  readonly environment: OperationEnvironment;
  readonly packages: PythonPackages | undefined;
  readonly log: OperationLog;
}

export interface Program {
  readonly workflow: PythonWorkflow;
  /** With the blueprint's files. */
  readonly folder: string;
  readonly variables: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/** What a workflow in Python is run from. */
export async function programOf({ script, archive }: WorkflowScriptRequest, plugins: ProgramSources): Promise<Program> {
  const folder = await plugins.environment.blueprintFolder(archive);
  const nothing = async (): Promise<void> => undefined;
  if ('function' in script) {
    const virtualEnvironment = await environmentFor(script, folder, plugins);
    const { environmentVariables } = await import('../plugins/python/run.js');
    const workflow = { function: script.function, virtualEnvironment };
    return { workflow, folder, variables: environmentVariables(virtualEnvironment), remove: nothing };
  }
  const variables = scriptEnvironment();
  if ('path' in script) {
    const file = await archivedFile(path.resolve(folder), script.path);
    if (file === undefined)
      throw ApplicationFailure.nonRetryable(`${script.path} is no file of the blueprint`, 'ScriptRefused');
    return { workflow: { file }, folder, variables, remove: nothing };
  }
  const own = await mkdtemp(path.join(tmpdir(), 'caisson-workflow-'));
  const file = path.join(own, 'workflow.py');
  await writeFile(file, script.source, { mode: 0o600 });
  return { workflow: { file }, folder, variables, remove: async () => await rm(own, { recursive: true, force: true }) };
}

/** The plugin's virtual environment, made if need be. */
async function environmentFor(
  { function: operation, plugin }: { readonly function: string; readonly plugin: PluginInfo },
  folder: string,
  { environment, packages, log }: ProgramSources,
): Promise<string> {
  const { cancellationSignal, info } = Context.current();
  const { environmentOf } = await import('../plugins/python/environment.js');
  const { loggerOn } = await import('../plugins/sdk/logger.js');
  const place: PythonPlace = {
    logger: loggerOn((level, message) => log.write(level, message)),
    signal: cancellationSignal,
    blueprintFolder: async () => folder,
    plugin: {
      name: plugin.name,
      packageName: plugin.package_name,
      packageVersion: plugin.package_version,
      source: plugin.source,
      installArguments: plugin.install_arguments,
      cacheFolder: async () => await environment.cacheFolder(),
    },
  };
  try {
    if (!packages) throw ApplicationFailure.nonRetryable('this worker runs no workflows of plugins in Python');
    return await environmentOf(place, await packages(plugin, operation, place));
  } catch (error) {
    if (cancellationSignal.aborted) throw new CancelledFailure('the workflow was cancelled');
    throw ApplicationFailure.create({
      message: (error as Error).message,
      type: (error as Error).name,
      nonRetryable: errorKind(error) === 'non-recoverable' || info.attempt >= MOST_ATTEMPTS,
    });
  }
}

/** What the script needs of our environment: no address, key or secret of ours is among it. */
function scriptEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'USER', 'CAISSON_PYTHON', 'VIRTUAL_ENV'];
  return Object.fromEntries(
    kept.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
