/**
 * Plugin packages of the artifact store, loaded by the hash of their archive when the first operation needs them. Each
 * version is a folder of its own, so that any number of them live side by side in one process.
 */
import path from 'node:path';
import type { OpenedPackage, OpenPackage } from '../activities/definitions.js';
import { noteUse } from '../plugins/files/last-use.js';
import { loadPlugin } from '../plugins/load.js';
import { NonRecoverableError } from '../plugins/sdk/errors.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { extractPluginPackage, findPluginPackage, type PluginPackage } from '../store/plugin-packages.js';

/** Makes the unpacked files of a package into something that operations can be called of. */
export type PackageLoader = (folder: string, known: PluginPackage) => Promise<OpenedPackage>;

/** How often a worker says that it uses what it has loaded. */
const NOTE_MS = 30 * 60_000;

/** By kind of package. */
const LOADERS: Readonly<Record<string, PackageLoader>> = {
  npm: openPluginPackage,
  // Its functions are operations like any others.
  python: openPluginPackage,
};

/** @param cacheFolder packages are unpacked in it */
export function packageOpener(store: ArtifactStore, cacheFolder: string): OpenPackage {
  const opened = new Map<string, Promise<OpenedPackage>>();
  // Code that is loaded may look into its files at any time.
  setInterval(() => {
    for (const archive of opened.keys()) void noteUse(path.join(unpackedIn(cacheFolder), archive));
  }, NOTE_MS).unref();
  return async (archive) => {
    const known = opened.get(archive) ?? open(store, archive, cacheFolder);
    opened.set(archive, known);
    try {
      return await known;
    } catch (error) {
      // The store may answer, or have it, the next time.
      opened.delete(archive);
      throw error;
    }
  };
}

async function open(store: ArtifactStore, archive: string, cacheFolder: string): Promise<OpenedPackage> {
  const known = await findPluginPackage(store, archive);
  if (!known) throw new NonRecoverableError(`the artifact store has no plugin package ${archive}`);
  const named = `${known.package_name} ${known.package_version}`;
  const load = LOADERS[known.kind];
  if (!load) throw new NonRecoverableError(`${named} is of the kind ${known.kind}, which this worker does not serve`);
  try {
    return await load(await packageFolder(store, archive, cacheFolder), known);
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'ArchiveRefused' || name === 'PluginRefused')
      throw new NonRecoverableError(`${named}: ${message}`, { cause: error });
    throw error;
  }
}

/** Where a package is unpacked on this machine. */
export async function packageFolder(store: ArtifactStore, archive: string, cacheFolder: string): Promise<string> {
  const folder = await extractPluginPackage(store, archive, unpackedIn(cacheFolder));
  await noteUse(folder);
  return folder;
}

const unpackedIn = (cacheFolder: string): string => path.join(cacheFolder, 'plugins');

async function openPluginPackage(folder: string, known: PluginPackage): Promise<OpenedPackage> {
  const { plugin, pythonPackage, functionNamed } = await loadPlugin(folder);
  return {
    name: `${known.package_name} ${known.package_version}`,
    ...(pythonPackage ? { pythonPackage } : {}),
    operation(activityType) {
      const prefix = `${plugin.name}.`;
      if (!activityType.startsWith(prefix)) return undefined;
      const name = activityType.slice(prefix.length);
      return Object.hasOwn(plugin.operations, name) ? plugin.operations[name] : functionNamed?.(name);
    },
  };
}
