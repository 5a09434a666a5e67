/** All plugins that blueprints may import: the built-in ones, those of folders, and packages of the artifact store. */
import { builtInPlugins } from './builtin.js';
import type { Catalog, PresentPlugin } from './catalog.js';
import { loadPlugins } from './load.js';
import { pythonPlugins } from './python/index.js';

export interface InstalledOptions {
  /** Packages of the artifact store, see `storedPlugins`. @default none */
  readonly packages?: Catalog;
  /** Python packages that may be installed by their name, as the setting `python_plugins` has them. */
  readonly pythonPackages?: string | undefined;
}

/**
 * @param folders each a plugin's folder, or a folder of plugins' folders; one that is not there holds none
 * @throws PluginRefused for a plugin that cannot be loaded, or two of one name
 */
export async function installedPlugins(
  folders: readonly string[],
  { packages = [], pythonPackages }: InstalledOptions = {},
): Promise<Catalog> {
  return [...(await presentPlugins(folders, pythonPackages)), ...packages];
}

/** The plugins whose code is at hand: the built-in ones, and those of folders. @throws PluginRefused */
export async function presentPlugins(
  folders: readonly string[],
  pythonPackages?: string,
): Promise<readonly PresentPlugin[]> {
  const builtIn = [...(await builtInPlugins()), pythonPlugins(pythonPackages)];
  const own = await loadPlugins(folders, new Map(builtIn.map(({ plugin }) => [plugin.name, 'Caisson itself'])));
  return [...own, ...builtIn];
}
