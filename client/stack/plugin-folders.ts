/** What lies in the folders of plugins that are being worked on: a worker has loaded them as they were when it started. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** More than this is no plugin: what lies beyond is left out. */
const MOST_FILES = 5_000;

/** Changes whenever a file of a plugin does; packages that plugins depend on are left out. */
export async function pluginFilesNow(folders: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  for (const folder of folders) await collect(folder, found);
  return found;
}

async function collect(folder: string, found: string[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    if (entry.name === 'node_modules' || entry.name.startsWith('.') || found.length >= MOST_FILES) continue;
    const own = path.join(folder, entry.name);
    const at = await stat(own).catch(() => undefined);
    if (at?.isDirectory()) await collect(own, found);
    else if (at?.isFile()) found.push(`${own} ${at.size} ${at.mtimeMs}`);
  }
}
