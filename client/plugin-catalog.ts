/** The plugins that blueprints may import, as the settings say. */
import type { Catalog } from '../plugins/catalog.js';
import { installedPlugins } from '../plugins/installed.js';
import { storedPlugins } from '../store/plugin-packages.js';
import { artifactStoreOf } from './artifacts.js';
import type { Settings } from './settings.js';

/**
 * Those that come with Caisson, those in the folders of the setting `plugins`, and the packages of the artifact store.
 *
 * @throws PluginRefused for a folder whose plugin cannot be loaded
 * @example
 * const { settings } = await loadSettings();
 * const catalog = await pluginCatalog(settings);
 */
export async function pluginCatalog(settings: Settings): Promise<Catalog> {
  return await installedPlugins(settings.pluginFolders, {
    packages: await storedPlugins(artifactStoreOf(settings)),
    pythonPackages: settings.pythonPlugins,
  });
}
