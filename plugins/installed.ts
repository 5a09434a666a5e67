/** All plugins that blueprints may import: the built-in ones, those of folders, and packages of the artifact store. */
import { builtInPlugins } from './builtin.js';
import type { Catalog, PresentPlugin } from './catalog.js';
import { loadPlugins } from './load.js';

/**
 * @param folders each a plugin's folder, or a folder of plugins' folders; one that is not there holds none
 * @param packages those of the artifact store, see `storedPlugins`
 * @throws PluginRefused for a plugin that cannot be loaded, or two of one name
 */
export async function installedPlugins(folders: readonly string[], packages: Catalog = []): Promise<Catalog> {
  const present = await presentPlugins(folders);
  return [...present, ...packages];
}

/** The plugins whose code is at hand: the built-in ones, and those of folders. @throws PluginRefused */
export async function presentPlugins(folders: readonly string[]): Promise<readonly PresentPlugin[]> {
  const builtIn = await builtInPlugins();
  const own = await loadPlugins(folders, new Map(builtIn.map(({ plugin }) => [plugin.name, 'Caisson itself'])));
  return [...own, ...builtIn];
}
