/** The plugins that are installed: which description an import means, and which activity an operation's mapping means. */
import type { Operation, PlanNode } from '../blueprint/plan.js';
import type { Version } from '../blueprint/version.js';
import type { Plugin } from './sdk/define.js';

/** The text of a plugin's `plugin.yaml`, and where it is from. */
export interface PluginDescription {
  readonly location: string;
  readonly text: string;
}

export interface InstalledPlugin {
  readonly plugin: Plugin;
  /** Its description in the newest form that a blueprint of the version may import; undefined when it has none. */
  describe(version: Version): Promise<PluginDescription | undefined>;
}

export type Catalog = readonly InstalledPlugin[];

/** The plugin that blueprints import as `plugin:NAME`. */
export function findPlugin(catalog: Catalog, name: string): InstalledPlugin | undefined {
  return (
    catalog.find(({ plugin }) => plugin.packageNames?.includes(name)) ??
    catalog.find(({ plugin }) => plugin.name === name)
  );
}

/**
 * The activity that does the work of a mapped operation; undefined when no installed plugin provides it.
 *
 * A plugin of the plan is recognised by its package, since blueprints may give its prefix any name, and by the prefix
 * where the package says nothing (namespaces are no part of it).
 */
export function activityOf(
  catalog: Catalog,
  { plugin: prefix, operation }: Operation,
  node: PlanNode,
): string | undefined {
  const bare = prefix.slice(prefix.lastIndexOf('--') + (prefix.includes('--') ? 2 : 0));
  const packageName = node.plugins.find(({ name }) => name === prefix)?.package_name ?? undefined;
  const ofPackage =
    packageName === undefined ? [] : catalog.filter(({ plugin }) => plugin.packageNames?.includes(packageName));
  const ofName = catalog.filter(({ plugin }) => plugin.name === bare);
  for (const { plugin } of [...ofPackage.filter(({ plugin }) => plugin.name === bare), ...ofPackage, ...ofName]) {
    const name = operationNamed(plugin, operation);
    if (name !== undefined) return `${plugin.name}.${name}`;
  }
  return undefined;
}

function operationNamed({ operations, aliases }: Plugin, name: string): string | undefined {
  if (Object.hasOwn(operations, name)) return name;
  return aliases && Object.hasOwn(aliases, name) ? aliases[name] : undefined;
}
