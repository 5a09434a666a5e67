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
  /**
   * Of one that runs plugins of another kind by its operation `run`: whether it was `chosen` to run this one, whoever
   * else provides it, or would be `able` to.
   */
  foreign?(plugin: ForeignPlugin): 'chosen' | 'able' | undefined;
}

export type ForeignPlugin = Pick<PlanPlugin, 'package_name' | 'source' | 'install'>;
/** A plugin as operations are looked up by it. */
export type MappedPlugin = Pick<PlanPlugin, 'name' | 'package_name'> & Partial<ForeignPlugin>;

export type Catalog = readonly InstalledPlugin[];

/** The plugin that blueprints import as `plugin:NAME`. */
export function findPlugin(catalog: Catalog, name: string): InstalledPlugin | undefined {
  return (
    catalog.find(({ plugin }) => plugin.packageNames?.includes(name)) ??
    catalog.find(({ plugin }) => plugin.name === name)
  );
}

/** Whether a package's plugin of another kind was chosen, whoever else provides it. */
export function isChosen(catalog: Catalog, package_name: string): boolean {
  return foreignRunner(catalog, { name: '', package_name }, 'chosen') !== undefined;
}

/**
 * The activity that does the work of a plugin's operation; undefined when no installed plugin provides it.
 *
 * A plugin of the plan is recognised by its package, since blueprints may give its prefix any name, and by the prefix
 * where the package says nothing (namespaces are no part of it).
 */
export function activityOf(catalog: Catalog, mapped: MappedPlugin, operation: string): string | undefined {
  const { name: prefix, package_name } = mapped;
  const bare = withoutNamespaces(prefix);
  const ofPackage =
    package_name === null ? [] : catalog.filter(({ plugin }) => plugin.packageNames?.includes(package_name));
  const ofName = catalog.filter(({ plugin }) => plugin.name === bare);
  const own = [...ofPackage.filter(({ plugin }) => plugin.name === bare), ...ofPackage, ...ofName];
  const chosen = foreignRunner(catalog, mapped, 'chosen');
  for (const { plugin } of own) {
    const name = operationNamed(plugin, operation);
    // The other kind's plugin knows nothing of names that only ours has.
    if (name !== undefined && (chosen === undefined || name === operation)) return `${plugin.name}.${name}`;
  }
  if (chosen !== undefined) return chosen;
  // Of one that we have, an operation that we lack is a mistake, and no reason to fetch another; unless the blueprint has
  // it with it.
  const fetches = mapped.source?.includes('://') ?? false;
  return own.length === 0 || !fetches ? foreignRunner(catalog, mapped, 'able') : undefined;
}

function foreignRunner(catalog: Catalog, mapped: MappedPlugin, wanted: 'chosen' | 'able'): string | undefined {
  const { package_name, source = null, install = true } = mapped;
  const runner = catalog.find((one) => one.foreign?.({ package_name, source, install }) === wanted);
  return runner && `${runner.plugin.name}.run`;
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
