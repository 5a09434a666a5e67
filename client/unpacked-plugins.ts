/**
 * What this machine keeps of plugins: unpacked packages, Python environments, downloads. All of it can be made again, so
 * nothing is lost with what is removed; and nothing that is in use is, whichever process uses it (see last-use.ts).
 */
import { randomBytes } from 'node:crypto';
import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { lastUse } from '../plugins/files/last-use.js';

export interface UnpackedPlugin {
  /** `leftover`: of a making that was cut off. */
  readonly kind: 'package' | 'environment' | 'download' | 'leftover';
  /** Of a package: its archive's hash. */
  readonly name: string;
  readonly folder: string;
  readonly bytes: number;
  readonly usedAt: Date;
}

/** @param cacheFolder the setting `cache` */
export async function unpackedPlugins(cacheFolder: string): Promise<readonly UnpackedPlugin[]> {
  const plugins = path.join(cacheFolder, 'plugins');
  const found = [
    ...(await foldersIn(plugins, (name) => (/^[0-9a-f]{64}$/.test(name) ? 'package' : scratch(name)))),
    ...(await foldersIn(path.join(plugins, 'python', 'environments'), environmentKind)),
    ...(await foldersIn(path.join(plugins, 'python', 'sources'), () => 'download')),
  ];
  return await Promise.all(
    found.map(async ({ kind, name, folder }) => ({
      kind,
      name,
      folder,
      bytes: await sizeOf(folder),
      usedAt: await lastUse(folder),
    })),
  );
}

/** What is moved away before it is removed, and what an unpacking that died has left. */
const scratch = (name: string): 'leftover' | undefined => (name.startsWith('.') ? 'leftover' : undefined);

async function environmentKind(name: string, folder: string): Promise<UnpackedPlugin['kind']> {
  const whole = await readFile(path.join(folder, 'complete.json')).then(
    () => true,
    () => false,
  );
  return scratch(name) ?? (whole ? 'environment' : 'leftover');
}

type Kind = UnpackedPlugin['kind'] | undefined;

async function foldersIn(
  folder: string,
  kindOf: (name: string, folder: string) => Kind | Promise<Kind>,
): Promise<readonly Pick<UnpackedPlugin, 'kind' | 'name' | 'folder'>[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: Pick<UnpackedPlugin, 'kind' | 'name' | 'folder'>[] = [];
  for (const entry of entries) {
    if (!entry.isDirectory()) continue;
    const own = path.join(folder, entry.name);
    const kind = await kindOf(entry.name, own);
    if (kind !== undefined) found.push({ kind, name: entry.name, folder: own });
  }
  return found;
}

async function sizeOf(folder: string): Promise<number> {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const own = path.join(folder, entry.name);
    if (entry.isDirectory()) bytes += await sizeOf(own);
    else bytes += (await lstat(own).catch(() => undefined))?.size ?? 0;
  }
  return bytes;
}

/**
 * Removes one, if nobody has used it since it was looked at: moved away first, so that others see all of it or nothing.
 *
 * @returns whether it is gone
 */
export async function removeUnpacked({ folder, usedAt }: UnpackedPlugin): Promise<boolean> {
  const away = path.join(path.dirname(folder), `.gone.${randomBytes(4).toString('hex')}`);
  await rename(folder, away);
  if ((await lastUse(folder).catch(() => usedAt)) > usedAt) {
    await rename(away, folder);
    return false;
  }
  await rm(away, { recursive: true, force: true });
  for (const beside of ['.used', '.lock']) await rm(`${folder}${beside}`, { force: true });
  return true;
}
