/** The plugins that blueprints may import, as the settings say. */
import type { Catalog } from '../plugins/catalog.js';
import { installedPlugins } from '../plugins/installed.js';
import { storedPlugins } from '../store/plugin-packages.js';
import { artifactStoreOf } from './artifacts.js';
import type { Settings } from './settings.js';

export interface CatalogOptions {
  /**
   * Goes on without the packages of an artifact store that cannot be reached, and tells so: for what makes no deployment.
   * @default it fails
   */
  readonly tell?: (text: string) => void;
}

/**
 * Those that come with Caisson, those in the folders of the setting `plugins`, and the packages of the artifact store.
 *
 * @throws PluginRefused for a folder whose plugin cannot be loaded; StoreUnavailable
 * @example
 * const { settings } = await loadSettings();
 * const catalog = await pluginCatalog(settings);
 */
export async function pluginCatalog(settings: Settings, { tell }: CatalogOptions = {}): Promise<Catalog> {
  const packages = await storedPlugins(artifactStoreOf(settings)).catch((error: Error) => {
    if (!tell || error.name !== 'StoreUnavailable') throw error;
    tell(`${error.message}; plugins that were uploaded there are not known here`);
    return [];
  });
  return await installedPlugins(settings.pluginFolders, {
    packages,
    pythonPackages: settings.pythonPlugins,
  });
}
