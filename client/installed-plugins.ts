/** Takes plugins into the folder that command line and workers load them from, and out of it again. */
import { cp, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { checkPlugin, type PluginProblem } from '../plugins/check.js';
import { type LoadedPlugin, loadPlugin, PluginRefused } from '../plugins/load.js';
import { CaissonError, conflict, notFound, usageError } from './errors.js';

export interface CheckedPlugin {
  readonly loaded: LoadedPlugin;
  readonly problems: readonly PluginProblem[];
}

/** @throws CaissonError (validation) for a folder that holds no plugin that can be loaded */
export async function checkFolder(folder: string): Promise<CheckedPlugin> {
  try {
    const loaded = await loadPlugin(path.resolve(folder));
    return { loaded, problems: await checkPlugin(loaded) };
  } catch (error) {
    if (!(error instanceof PluginRefused)) throw error;
    throw new CaissonError('validation', 'C2200', error.message, { cause: error });
  }
}

/**
 * Copies a plugin into a folder of plugins; it is there whole or not at all.
 *
 * @param from its folder, or the archive that `npm pack` makes of it
 * @returns the plugin where it lies now
 * @throws CaissonError (validation) when description and code do not fit together; (conflict) when it is there already
 */
export async function takeIn(from: string, into: string, { replace = false } = {}): Promise<CheckedPlugin> {
  await mkdir(into, { recursive: true });
  const part = await mkdtemp(path.join(into, '.part-'));
  try {
    const source = (await isFolder(from)) ? path.resolve(from) : await unpacked(from, part);
    const checked = await checkFolder(source);
    const errors = checked.problems.filter(({ severity }) => severity === 'error');
    if (errors.length > 0)
      throw new CaissonError('validation', 'C2201', `${checked.loaded.packageName}: ${errors[0]?.message}`, {
        hint: `all of it: caisson plugins validate ${from}`,
      });
    const target = path.join(into, folderName(checked.loaded.packageName));
    const there = await isFolder(target);
    if (there && !replace)
      throw conflict(`the plugin ${checked.loaded.packageName} is there already, in ${target}`, 'replace it: --force');
    const copy = path.join(part, 'copy');
    await cp(source, copy, { recursive: true, dereference: true });
    if (there) await rename(target, path.join(part, 'old'));
    await rename(copy, target);
    return { ...checked, loaded: { ...checked.loaded, folder: target } };
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** @throws CaissonError (not-found) when no folder has such a plugin */
export async function takeOut(name: string, folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const entries = await readdir(folder).catch(() => []);
    for (const entry of entries.filter((one) => !one.startsWith('.'))) {
      const own = path.join(folder, entry);
      const loaded = await loadPlugin(own).catch(() => undefined);
      if (!loaded || (loaded.packageName !== name && loaded.plugin.name !== name)) continue;
      await rm(own, { recursive: true });
      return own;
    }
  }
  throw notFound('plugin', name, `plugins that come with Caisson stay; looked in ${folders.join(', ') || 'no folder'}`);
}

async function unpacked(archive: string, into: string): Promise<string> {
  const found = await stat(archive).catch(() => undefined);
  if (!found?.isFile())
    throw usageError(`there is no plugin at ${archive}`, 'give its folder, or the .tgz of npm pack');
  const { extract } = await import('tar');
  const folder = path.join(into, 'package');
  await mkdir(folder);
  try {
    await extract({ file: archive, cwd: folder, strip: 1, strict: true });
  } catch (error) {
    throw new CaissonError('validation', 'C2202', `${archive} is no archive of npm pack: ${(error as Error).message}`);
  }
  return folder;
}

/** `@acme/disks` → `acme-disks` */
function folderName(packageName: string): string {
  return packageName
    .replace(/^@/, '')
    .replaceAll(/[^\w.-]/g, '-')
    .replace(/^\.+/, '');
}

async function isFolder(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined))?.isDirectory() ?? false;
}
