/** Folders of the worker's disk, read into the entries of an archive and written from them. */
import { lstat, mkdir, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ArchiveEntry } from './archive.js';

/** The files below a folder as entries of an archive; links stay links. */
export async function entriesOf(
  root: string,
  below = '',
  leaveOut: (name: string) => boolean = () => false,
): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  for (const name of (await readdir(path.join(root, below))).sort()) {
    const relative = below === '' ? name : `${below}/${name}`;
    const file = path.join(root, relative);
    const stats = await lstat(file);
    const mode = stats.mode & 0o777;
    if (stats.isDirectory()) {
      const inside = await entriesOf(root, relative, leaveOut);
      // A folder that is left out may hold files that are not.
      if (!leaveOut(relative) || inside.length > 0) entries.push({ path: relative, directory: true, mode }, ...inside);
    } else if (leaveOut(relative)) continue;
    else if (stats.isSymbolicLink()) entries.push({ path: relative, link: await readlink(file) });
    else if (stats.isFile()) entries.push({ path: relative, content: await readFile(file), mode });
  }
  return entries;
}

/** Writes entries into a folder; what is there of the same name is replaced. */
export async function writeEntries(folder: string, entries: readonly ArchiveEntry[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const { path: name, content, link, directory, mode } of entries) {
    const file = path.join(folder, name);
    await mkdir(path.dirname(file), { recursive: true });
    if (directory) await mkdir(file, { recursive: true });
    else {
      await rm(file, { force: true });
      if (link !== undefined) await symlink(link, file);
      else await writeFile(file, content ?? '', { mode: mode ?? 0o644 });
    }
  }
}
