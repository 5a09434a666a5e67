/** All plugins of a worker or client: the built-in ones, and those of the folders that its settings name. */
import { builtInPlugins } from './builtin.js';
import type { Catalog } from './catalog.js';
import { loadPlugins } from './load.js';
import { pythonPlugins } from './python/index.js';

/**
 * @param folders each a plugin's folder, or a folder of plugins' folders; one that is not there holds none
 * @param pythonPackages Python packages that may be installed by their name, as the setting `python_plugins` has them
 * @throws PluginRefused for a plugin that cannot be loaded, or two of one name
 */
export async function installedPlugins(folders: readonly string[], pythonPackages?: string): Promise<Catalog> {
  const builtIn = [...(await builtInPlugins()), pythonPlugins(pythonPackages)];
  const own = await loadPlugins(folders, new Map(builtIn.map(({ plugin }) => [plugin.name, 'Caisson itself'])));
  return [...own, ...builtIn];
}
