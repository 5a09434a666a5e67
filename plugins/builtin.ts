/** The plugins that come with Caisson. Their index modules are cheap to load: heavy dependencies come with the first call. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { versionSuffix } from '../blueprint/version.js';
import type { PluginDescription, PresentPlugin } from './catalog.js';
import type { Plugin } from './sdk/define.js';

/** Folders beside this file: `index.ts` has the plugin as its default export, `plugin.yaml` describes it if it has types. */
const LOADERS: Readonly<Record<string, () => Promise<{ readonly default: Plugin }>>> = {
  aws: async () => await import('./aws/index.js'),
  wait: async () => await import('./wait/index.js'),
  script: async () => await import('./script/index.js'),
  // First of those that share the package: its description is the package's.
  utilities: async () => await import('./utilities/index.js'),
  keys: async () => await import('./keys/index.js'),
  cloudinit: async () => await import('./cloudinit/index.js'),
  docker: async () => await import('./docker/index.js'),
  ansible: async () => await import('./ansible/index.js'),
  fabric: async () => await import('./fabric/index.js'),
  agent: async () => await import('./agent/index.js'),
  prometheus: async () => await import('./prometheus/index.js'),
  diamond: async () => await import('./diamond/index.js'),
  probe: async () => await import('./probe/index.js'),
  policies: async () => await import('./policies/index.js'),
};

export async function builtInPlugins(): Promise<readonly PresentPlugin[]> {
  return await Promise.all(
    Object.entries(LOADERS).map(async ([folder, load]) => inFolder(folder, (await load()).default)),
  );
}

function inFolder(folder: string, plugin: Plugin): PresentPlugin {
  return {
    plugin,
    describe: async (version) =>
      (await descriptionAt(folder, `plugin_${versionSuffix(version)}.yaml`)) ??
      (await descriptionAt(folder, 'plugin.yaml')),
  };
}

async function descriptionAt(folder: string, name: string): Promise<PluginDescription | undefined> {
  const file = fileURLToPath(new URL(`./${folder}/${name}`, import.meta.url));
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : { location: `caisson:${folder}/${name}`, text };
}
