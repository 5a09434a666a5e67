/** What an implementation names: a plugin's operation, or a script that the script plugin runs. */
import type { At, Compilation } from './compilation.js';
import type { DiagnosticCode } from './diagnostics.js';
import type { Json, JsonObject } from './json.js';
import { hasScheme } from './location.js';
import { withoutNamespaces } from './namespaces.js';
import type { PlanPlugin } from './plan.js';
import { suggestion } from './suggestion.js';

export interface Mapping {
  readonly plugin: string;
  readonly operation: string;
  readonly executor: string | null;
  /** Of a script: the input that tells which, besides the operation's own. */
  readonly script?: JsonObject;
}

export interface MappingRequest {
  readonly implementation: string;
  readonly inputs: JsonObject;
  readonly executor: string | null;
  /** As messages call it: `node_templates.vm.cloudify.interfaces.lifecycle.create`. */
  readonly owner: string;
  readonly at: At;
  /** Code of the diagnostic when nothing serves it. */
  readonly code: DiagnosticCode;
  /** Operation of the script plugin that runs scripts of this kind. */
  readonly scriptOperation: string;
}

export const RUN_SCRIPT = 'script_runner.tasks.run';
export const RUN_WORKFLOW_SCRIPT = 'script_runner.tasks.execute_workflow';

/** @returns undefined for an empty implementation, and for one that nothing serves, which is reported */
export function resolveMapping(
  request: MappingRequest,
  plugins: readonly PlanPlugin[],
  cx: Compilation,
): Mapping | undefined {
  const { implementation, owner, at } = request;
  if (implementation === '') return undefined;
  if (isScript(implementation, cx)) return scriptMapping(request, plugins, cx);
  const serving = plugins.filter(({ name }) => implementation.startsWith(`${name}.`));
  const [plugin, ...others] = serving;
  if (plugin && others.length === 0) {
    refuseUnprovided(request, plugin, cx);
    return {
      plugin: plugin.name,
      operation: implementation.slice(plugin.name.length + 1),
      executor: request.executor ?? plugin.executor,
    };
  }
  if (plugin) {
    const names = serving.map(({ name }) => name).join(', ');
    cx.report('C2088', `${owner} is mapped to ${implementation}, which several plugins may mean: ${names}`, at);
    return undefined;
  }
  if (isOfImportedBlueprint(implementation, cx)) return scriptMapping(request, plugins, cx);
  cx.report(
    request.code,
    `${owner} is mapped to ${implementation}, which is neither a plugin's operation nor a file of the blueprint`,
    at,
    suggestion(
      implementation.split('.')[0] as string,
      plugins.map(({ name }) => name),
    ) ?? `plugins here: ${plugins.map(({ name }) => name).join(', ') || 'none'}`,
  );
  return undefined;
}

/** Workflows are looked up where they run; operations must be there before anything starts. */
function refuseUnprovided(
  { implementation, owner, at, code }: MappingRequest,
  plugin: PlanPlugin,
  cx: Compilation,
): void {
  if (code === 'C2082' || !cx.unprovided) return;
  const hint = cx.unprovided(plugin, implementation.slice(plugin.name.length + 1));
  if (hint !== undefined)
    cx.report('C2089', `${owner} is mapped to ${implementation}, which no installed plugin provides`, at, hint);
}

function isScript(implementation: string, cx: Compilation): boolean {
  return hasScheme(implementation) || isInline(implementation) || cx.hasFile(withoutNamespaces(implementation));
}

const isInline = (implementation: string): boolean => implementation.trim().includes('\n');

function isOfImportedBlueprint(implementation: string, cx: Compilation): boolean {
  for (const namespace of cx.blueprintNamespaces) if (implementation.startsWith(namespace)) return true;
  return false;
}

function scriptMapping(request: MappingRequest, plugins: readonly PlanPlugin[], cx: Compilation): Mapping | undefined {
  const { implementation, inputs, owner, at } = request;
  const plugin = plugins.find(({ name }) => name === 'script') ?? plugins.find(({ name }) => name.endsWith('script'));
  if (!plugin) {
    cx.report(
      'C2087',
      `${owner} is a script, and no script plugin is imported`,
      at,
      'import cloudify/types/types.yaml',
    );
    return undefined;
  }
  if (Object.hasOwn(inputs, 'script_path') || Object.hasOwn(inputs, 'script_source')) {
    cx.report('C2086', `${owner} is a script and has an input script_path or script_source besides`, at);
    return undefined;
  }
  const key = isInline(implementation) ? 'script_source' : 'script_path';
  const value: Json = implementation;
  return {
    plugin: plugin.name,
    operation: request.scriptOperation,
    executor: request.executor ?? 'auto',
    script: { [key]: value },
  };
}
