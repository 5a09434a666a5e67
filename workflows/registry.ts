/**
 * The custom workflows that were bundled with the engine: those of plugins by `plugin.name`, those of blueprints by the
 * archive and the path in it. Filled once, when the bundle is loaded.
 */
import { isWorkflowDefinition, type WorkflowDefinition } from './sdk/define.js';

const registered = new Map<string, WorkflowDefinition>();
const broken = new Map<string, string>();
const taken = new Set<string>();

/** Names a workflow file of a blueprint. */
export const fileKey = (archive: string | undefined, path: string): string => `file:${archive ?? ''}/${path}`;

/** Names a plugin package of the artifact store, in place of the plugin's name. */
export const packageKey = (archive: string): string => `package:${archive}`;

/** Names all packages of a plugin at once: in replays, which ask whether the code of now fits the runs of any version. */
export const anyVersionKey = (plugin: string): string => `any:${plugin}`;

/** Registers what a plugin's module exports. @param plugin its name, or the key of its package */
export function registerPluginWorkflows(plugin: string, module: Readonly<Record<string, unknown>>): void {
  taken.add(plugin);
  for (const [name, value] of Object.entries(module))
    if (isWorkflowDefinition(value)) registered.set(`${plugin}.${name}`, value);
}

/** Registers the default export of a blueprint's workflow file. */
export function registerFileWorkflow(key: string, module: Readonly<Record<string, unknown>>): void {
  if (isWorkflowDefinition(module.default)) registered.set(key, module.default);
  else broken.set(key, 'it has no default export made by defineWorkflow');
}

/** Notes a module that could not be bundled, so that its executions can say why. */
export function registerBroken(key: string, reason: string): void {
  broken.set(key, reason);
}

export function registeredWorkflow(key: string): WorkflowDefinition | undefined {
  return registered.get(key);
}

/** Whether the module of a plugin or package was bundled, whatever it holds. */
export function isTakenIn(plugin: string): boolean {
  return taken.has(plugin);
}

export function brokenWorkflow(key: string): string | undefined {
  return broken.get(key) ?? broken.get(key.slice(0, key.indexOf('.')));
}
