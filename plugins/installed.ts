/** All plugins of a worker or client: the built-in ones, and those of the folders that its settings name. */
import { builtInPlugins } from './builtin.js';
import type { Catalog } from './catalog.js';
import { loadPlugins } from './load.js';

/**
 * @param folders each a plugin's folder, or a folder of plugins' folders; one that is not there holds none
 * @throws PluginRefused for a plugin that cannot be loaded, or two of one name
 */
export async function installedPlugins(folders: readonly string[]): Promise<Catalog> {
  const builtIn = await builtInPlugins();
  const own = await loadPlugins(folders, new Map(builtIn.map(({ plugin }) => [plugin.name, 'Caisson itself'])));
  return [...own, ...builtIn];
}
