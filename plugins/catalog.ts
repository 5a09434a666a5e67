/** The plugins that are installed: which description an import means, and which activity an operation's mapping means. */
import { withoutNamespaces } from '../blueprint/namespaces.js';
import type { PlanPlugin } from '../blueprint/plan.js';
import { suggestion } from '../blueprint/suggestion.js';
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
 * The activity that does the work of a plugin's operation; undefined when no installed plugin provides it.
 *
 * A plugin of the plan is recognised by its package, since blueprints may give its prefix any name, and by the prefix
 * where the package says nothing (namespaces are no part of it).
 */
export function activityOf(
  catalog: Catalog,
  { name: prefix, package_name }: Pick<PlanPlugin, 'name' | 'package_name'>,
  operation: string,
): string | undefined {
  const bare = withoutNamespaces(prefix);
  const ofPackage =
    package_name === null ? [] : catalog.filter(({ plugin }) => plugin.packageNames?.includes(package_name));
  const ofName = catalog.filter(({ plugin }) => plugin.name === bare);
  for (const { plugin } of [...ofPackage.filter(({ plugin }) => plugin.name === bare), ...ofPackage, ...ofName]) {
    const name = operationNamed(plugin, operation);
    if (name !== undefined) return `${plugin.name}.${name}`;
  }
  return undefined;
}

/** Every host has operations of Cloudify's agent by its type; where none is asked for, none is run. */
const AGENT_PLUGINS = ['agent', 'cloudify_agent'];

/** What to tell the author about an operation that no installed plugin provides; undefined when one does. */
export function unprovidedHint(catalog: Catalog, plugin: PlanPlugin, operation: string): string | undefined {
  if (AGENT_PLUGINS.includes(plugin.name) || activityOf(catalog, plugin, operation) !== undefined) return undefined;
  const own = catalog.find((one) => activityPrefix(one, plugin));
  if (!own)
    return `installed plugins: ${catalog.map((one) => one.plugin.name).join(', ') || 'none'}; see: caisson plugins list`;
  const known = [...Object.keys(own.plugin.operations), ...Object.keys(own.plugin.aliases ?? {})];
  return (
    suggestion(operation, known) ?? `operations of ${own.plugin.name}: ${Object.keys(own.plugin.operations).join(', ')}`
  );
}

function activityPrefix({ plugin }: InstalledPlugin, { name, package_name }: PlanPlugin): boolean {
  return (package_name !== null && plugin.packageNames?.includes(package_name)) || plugin.name === name;
}

function operationNamed({ operations, aliases }: Plugin, name: string): string | undefined {
  if (Object.hasOwn(operations, name)) return name;
  return aliases && Object.hasOwn(aliases, name) ? aliases[name] : undefined;
}
