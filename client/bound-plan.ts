/** A plan bound to the plugins that are installed: which activity does the work of each operation, from which package. */
import type { DeploymentPlan, Operation, PlanNode, PlanPlugin, PlanWorkflow } from '../blueprint/plan.js';
import { compactPlan } from '../graph/compact-plan.js';
import { type Catalog, installedFor, providerOf, pythonWorkflows } from '../plugins/catalog.js';

/** The plan as it travels to the workflows. Its `plugin_archives` tell the packages it is bound to. */
export function boundPlan(plan: DeploymentPlan, catalog: Catalog): DeploymentPlan {
  const archives: Record<string, string> = {};
  const plugins = pluginsOf(plan);
  function activityOf({ plugin, operation }: Operation, node: PlanNode): string | undefined {
    const named = node.plugins.find(({ name }) => name === plugin) ??
      plugins.get(plugin) ?? { name: plugin, package_name: null, package_version: null };
    const provider = providerOf(catalog, named, operation);
    if (provider?.installed.archive !== undefined) archives[plugin] ??= provider.installed.archive;
    return provider?.activity === `${plugin}.${operation}` ? undefined : provider?.activity;
  }
  const compact = compactPlan(plan, activityOf);
  const workflows = Object.entries(plan.workflows).map(([name, workflow]): readonly [string, PlanWorkflow] => {
    const { plugin, operation } = workflow;
    const named = plan.workflow_plugins_to_install.find((one) => one.name === plugin);
    const python = named && pythonWorkflows(catalog, named, operation);
    const installed = python ?? (named && installedFor(catalog, named));
    if (installed?.archive !== undefined && (python || installed.hasWorkflows)) archives[plugin] ??= installed.archive;
    return [name, python ? { ...workflow, python: true } : workflow];
  });
  return {
    ...compact,
    workflows: Object.fromEntries(workflows),
    ...(Object.keys(archives).length > 0 ? { plugin_archives: archives } : {}),
  };
}

/** Operations of a relationship's target are those of a plugin that only the target's node names. */
function pluginsOf({ nodes }: DeploymentPlan): ReadonlyMap<string, PlanPlugin> {
  return new Map(nodes.flatMap(({ plugins }) => plugins.map((plugin) => [plugin.name, plugin] as const)));
}

/** The packages of the artifact store that a plan is bound to, each once. */
export function archivesOf({ plugin_archives = {} }: Pick<DeploymentPlan, 'plugin_archives'>): readonly string[] {
  return [...new Set(Object.values(plugin_archives))];
}
