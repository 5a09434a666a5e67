/** The plugins that are installed: which description an import means, and which activity an operation's mapping means. */
import { withoutNamespaces } from '../blueprint/namespaces.js';
import type { PlanPlugin } from '../blueprint/plan.js';
import { compareVersions } from '../blueprint/python-version.js';
import { suggestion } from '../blueprint/suggestion.js';
import type { Version } from '../blueprint/version.js';
import type { PythonPackage, PythonPlace } from './python/package.js';
import type { Plugin } from './sdk/define.js';

/** The text of a plugin's `plugin.yaml`, and where it is from. */
export interface PluginDescription {
  readonly location: string;
  readonly text: string;
}

/** What of a plugin is known without its code: of its operations, the names. */
export type PluginOutline = Pick<Plugin, 'name' | 'packageNames' | 'version' | 'aliases'> & {
  readonly operations: Readonly<Record<string, unknown>>;
};

/**
 * A plugin that blueprints may import: one that comes with Caisson, lies in a folder of the setting `plugins`, or is a
 * package of the artifact store. Of the last there may be several versions.
 */
export interface InstalledPlugin {
  readonly plugin: PluginOutline;
  /** Of a package in the artifact store: its archive's hash, by which workers load it. */
  readonly archive?: string;
  /** The package brings custom workflows. */
  readonly hasWorkflows?: boolean;
  /** The folder it lies in, for one of the setting `plugins`. */
  readonly folder?: string;
  /** Its code is Python: what its description maps are functions of modules. */
  readonly python?: true;
  /** It has operations besides those named: whatever a blueprint maps is taken to be there. */
  readonly open?: boolean;
  /** Its description in the newest form that a blueprint of the version may import; undefined when it has none. */
  describe(version: Version): Promise<PluginDescription | undefined>;
  /**
   * Of one that runs plugins of another kind by its operation `run`: whether it was `chosen` to run this one, whoever
   * else provides it, or would be `able` to.
   */
  foreign?(plugin: ForeignPlugin): 'chosen' | 'able' | undefined;
}

/** One whose code is in this process. */
export interface PresentPlugin extends InstalledPlugin {
  readonly plugin: Plugin;
  /** Of one that runs Python: what has to be installed for a plugin, whose functions run as workflows then. */
  pythonPackage?(place: PythonPlace): Promise<PythonPackage>;
}

export type ForeignPlugin = Pick<PlanPlugin, 'package_name' | 'source' | 'install'>;

/** The plugins that are installed. Made by `pluginCatalog`. */
export type Catalog = readonly InstalledPlugin[];

/** The plugin that blueprints import as `plugin:NAME`: of several versions the newest. */
export function findPlugin(catalog: Catalog, name: string): InstalledPlugin | undefined {
  return findPlugins(catalog, name)[0];
}

/** The plugins that an import of `plugin:NAME` may mean, best first. */
export function findPlugins(catalog: Catalog, name: string): readonly InstalledPlugin[] {
  const ofPackage = catalog.filter(({ plugin }) => plugin.packageNames?.includes(name));
  return newestFirst(ofPackage.length > 0 ? ofPackage : catalog.filter(({ plugin }) => plugin.name === name));
}

/** What lies in a folder is being worked on, what was uploaded was chosen: either comes before what is built in. */
function newestFirst(plugins: Catalog): readonly InstalledPlugin[] {
  if (plugins.length < 2) return plugins;
  const rank = ({ folder, archive }: InstalledPlugin): number =>
    folder === undefined ? (archive === undefined ? 0 : 1) : 2;
  return [...plugins].sort(
    (one, other) => rank(other) - rank(one) || compareVersions(other.plugin.version ?? '0', one.plugin.version ?? '0'),
  );
}

/** What of a plan's plugin says which installed one does its work. */
export type NamedPlugin = Pick<PlanPlugin, 'name' | 'package_name'> &
  Partial<Pick<PlanPlugin, 'package_version'> & ForeignPlugin>;

/** Whether a package's plugin of another kind was chosen, whoever else provides it. */
export function isChosen(catalog: Catalog, package_name: string): boolean {
  return foreignRunner(catalog, { name: '', package_name }, 'chosen') !== undefined;
}

/** The activity that does the work of a plugin's operation; undefined when no installed plugin provides it. */
export function activityOf(catalog: Catalog, named: NamedPlugin, operation: string): string | undefined {
  return providerOf(catalog, named, operation)?.activity;
}

/**
 * The installed plugin that provides an operation.
 *
 * A plugin of the plan is recognised by its package, since blueprints may give its prefix any name, and by the prefix
 * where the package says nothing (namespaces are no part of it). Of several versions it is the plan's, else the newest.
 */
export function providerOf(
  catalog: Catalog,
  named: NamedPlugin,
  operation: string,
): { readonly installed: InstalledPlugin; readonly activity: string } | undefined {
  const chosen = foreignRunner(catalog, named, 'chosen');
  const own = candidatesFor(catalog, named);
  for (const installed of own) {
    const name = operationNamed(installed, operation);
    // The other kind's plugin knows nothing of names that only ours has.
    if (name !== undefined && (chosen === undefined || name === operation))
      return { installed, activity: `${installed.plugin.name}.${name}` };
  }
  if (chosen !== undefined) return runOf(chosen);
  // Of one that we have, an operation that we lack is a mistake, and no reason to fetch another; unless the blueprint has
  // it with it.
  const fetches = named.source?.includes('://') ?? false;
  const able = own.length === 0 || !fetches ? foreignRunner(catalog, named, 'able') : undefined;
  return able && runOf(able);
}

/**
 * The installed plugin by which a workflow runs whose mapping means a function of a plugin in Python; undefined for every
 * other mapping. Functions are `module.function`; workflows of ours are called by one word.
 */
export function pythonWorkflows(catalog: Catalog, named: NamedPlugin, operation: string): InstalledPlugin | undefined {
  if (!operation.includes('.')) return undefined;
  const chosen = foreignRunner(catalog, named, 'chosen');
  if (chosen) return chosen;
  const own = installedFor(catalog, named);
  if (own?.python) return own;
  const fetches = named.source?.includes('://') ?? false;
  return own === undefined || !fetches ? foreignRunner(catalog, named, 'able') : undefined;
}

function runOf(runner: InstalledPlugin): { readonly installed: InstalledPlugin; readonly activity: string } {
  return { installed: runner, activity: `${runner.plugin.name}.run` };
}

function foreignRunner(
  catalog: Catalog,
  { package_name, source = null, install = true }: NamedPlugin,
  wanted: 'chosen' | 'able',
): InstalledPlugin | undefined {
  return catalog.find((one) => one.foreign?.({ package_name, source, install }) === wanted);
}

/** The installed plugin that a plan's plugin is; undefined for none. */
export function installedFor(catalog: Catalog, named: NamedPlugin): InstalledPlugin | undefined {
  return candidatesFor(catalog, named)[0];
}

function candidatesFor(catalog: Catalog, { name, package_name, package_version }: NamedPlugin): InstalledPlugin[] {
  const bare = withoutNamespaces(name);
  const ofPackage =
    package_name === null
      ? []
      : newestFirst(catalog.filter(({ plugin }) => plugin.packageNames?.includes(package_name)));
  const ofVersion = ofPackage.filter(({ plugin }) => plugin.version === package_version);
  const ofName = newestFirst(catalog.filter(({ plugin }) => plugin.name === bare));
  const ownPrefixFirst = (plugins: Catalog): InstalledPlugin[] => [
    ...plugins.filter(({ plugin }) => plugin.name === bare),
    ...plugins.filter(({ plugin }) => plugin.name !== bare),
  ];
  return [...ownPrefixFirst(ofVersion), ...ownPrefixFirst(ofPackage), ...ofName];
}

/** Every host has operations of Cloudify's agent by its type; where none is asked for, none is run. */
const AGENT_PLUGINS = ['agent', 'cloudify_agent'];

/** What to tell the author about an operation that no installed plugin provides; undefined when one does. */
export function unprovidedHint(catalog: Catalog, plugin: PlanPlugin, operation: string): string | undefined {
  if (AGENT_PLUGINS.includes(plugin.name) || activityOf(catalog, plugin, operation) !== undefined) return undefined;
  const own = newestFirst(catalog.filter((one) => activityPrefix(one, plugin)))[0];
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

function operationNamed({ plugin: { operations, aliases }, open }: InstalledPlugin, name: string): string | undefined {
  if (Object.hasOwn(operations, name)) return name;
  return aliases && Object.hasOwn(aliases, name) ? aliases[name] : open ? name : undefined;
}
