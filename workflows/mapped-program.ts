/** Which program a workflow's name stands for: what the blueprint maps it to, be it built in, a plugin's, or a file of its own. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import type { PluginInfo } from '../activities/request.js';
import type { JsonObject, PlanWorkflow } from '../blueprint/plan.js';
import { CustomRun } from './custom-run.js';
import { type ExecutionWorkflow, NotTakenIn, type Program, resolvePrograms } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import * as builtIns from './index.js';
import type { ExecutionInput } from './messages.js';
import { anyVersionKey, brokenWorkflow, fileKey, isTakenIn, packageKey, registeredWorkflow } from './registry.js';
import { scriptProgram } from './script-program.js';
import { createWorkflowContext } from './sdk/create-context.js';
import type { WorkflowDefinition } from './sdk/define.js';

const SCRIPT_OPERATION = 'script_runner.tasks.execute_workflow';

/** Names of functions that Cloudify's own workflows have in mappings, where ours differ. */
const FUNCTIONS: Readonly<Record<string, string>> = {
  auto_heal_reinstall_node_subgraph: 'heal',
  scale_entity: 'scale',
};

resolvePrograms(mappedProgram);

/** The program of a workflow that the blueprint declares; undefined for one that it does not. */
export function mappedProgram(input: ExecutionInput): Program | undefined {
  const workflows = input.plan.workflows as ExecutionInput['plan']['workflows'] | undefined;
  const mapped = workflows?.[input.request.workflow_id];
  if (mapped === undefined || mapped.plugin === '') return undefined;
  const plugin = mapped.plugin.split('--').at(-1) as string;
  if (plugin === 'default_workflows') return builtIn(mapped);
  if (mapped.operation === SCRIPT_OPERATION) return ofFile(input, mapped);
  if (mapped.python) return scriptProgram({ function: mapped.operation, plugin: pythonPlugin(input, mapped.plugin) });
  const archive = input.plan.plugin_archives?.[mapped.plugin];
  const shown = `${plugin}.${mapped.operation}`;
  if (archive === undefined) return customProgram(shown, registeredWorkflow(shown));
  const owner = isTakenIn(anyVersionKey(plugin)) ? anyVersionKey(plugin) : packageKey(archive);
  const key = `${owner}.${mapped.operation}`;
  if (brokenWorkflow(key) === undefined && !isTakenIn(owner)) return soon(shown);
  return customProgram(key, registeredWorkflow(key), shown);
}

function pythonPlugin({ plan }: ExecutionInput, name: string): PluginInfo {
  const plugin = plan.workflow_plugins_to_install?.find((one) => one.name === name);
  const archive = plan.plugin_archives?.[name];
  return {
    name,
    ...(plugin?.package_name ? { package_name: plugin.package_name } : {}),
    ...(plugin?.package_version ? { package_version: plugin.package_version } : {}),
    ...(archive === undefined ? {} : { archive }),
    ...(plugin?.source ? { source: plugin.source } : {}),
    ...(plugin?.install_arguments ? { install_arguments: plugin.install_arguments } : {}),
  };
}

function builtIn({ operation }: PlanWorkflow): Program {
  const last = operation.slice(operation.lastIndexOf('.') + 1);
  const name = FUNCTIONS[last] ?? last;
  const found = (builtIns as unknown as Readonly<Record<string, Partial<ExecutionWorkflow> | undefined>>)[name]
    ?.program;
  return found ?? missing(`Caisson has no built-in workflow ${last}`);
}

function ofFile(input: ExecutionInput, { parameters }: PlanWorkflow): Program {
  const path = defaultOf(parameters.script_path);
  const source = defaultOf(parameters.script_source);
  if (source !== undefined) return scriptProgram({ source });
  if (path === undefined) return missing('the workflow names no script');
  if (!/\.workflow\.(ts|mts|js|mjs)$/.test(path)) return scriptProgram({ path });
  const key = fileKey(input.blueprint.archive, path);
  const definition = registeredWorkflow(key);
  if (definition === undefined && brokenWorkflow(key) === undefined && input.blueprint.archive !== undefined)
    return soon(path);
  return customProgram(key, definition, path);
}

function defaultOf(definition: JsonObject[string] | undefined): string | undefined {
  const value = (definition as JsonObject | undefined)?.default;
  return typeof value === 'string' ? value : undefined;
}

function customProgram(key: string, definition: WorkflowDefinition | undefined, shown = key): Program {
  const reason = brokenWorkflow(key);
  if (reason !== undefined) return missing(`${shown} cannot be used: ${reason}`);
  if (definition === undefined)
    return missing(
      `no worker of this queue provides ${shown}. Workers take the workflows of plugins in folders in when they start: ` +
        'restart them (caisson down, caisson up), and resume this execution',
    );
  return async (state: ExecutionState) => {
    const run = new CustomRun(state);
    const { parameters } = state.input.request;
    return await run.execute(async () => (await definition.run(createWorkflowContext(run), parameters)) ?? undefined);
  };
}

/** How long workers have to take in what was uploaded a moment ago. */
const PATIENCE_MS = 60_000;

/**
 * Code that lies in the artifact store, and that this worker has not taken in yet: the workflow task is left to be given
 * out again, to a worker that has. After a while it is no longer waited for.
 */
function soon(shown: string): Program {
  return async () => {
    if (Date.now() - workflowInfo().runStartTime.getTime() < PATIENCE_MS) throw new NotTakenIn(shown);
    throw ApplicationFailure.create({
      message: `no worker of this queue provides ${shown}: it is not in the artifact store, or cannot be read there`,
      type: 'UnknownWorkflow',
      nonRetryable: true,
    });
  };
}

function missing(message: string): Program {
  return async () => {
    throw ApplicationFailure.create({ message, type: 'UnknownWorkflow', nonRetryable: true });
  };
}
