/** A blueprint's folder as one archive in the artifact store. */
import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ArtifactStore } from './artifact-store.js';
import { ArchiveRefused, archiveFolder, unpackOnce } from './folder-archive.js';

/** More than this is hardly a blueprint: someone has put one into their home folder. */
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_FILES = 20_000;
const IGNORE_FILE = '.caissonignore';
const ALWAYS_IGNORED = ['.git', '.hg', '.svn', '__pycache__', '.DS_Store'];

/**
 * Stores a folder's files, `.git` and what `.caissonignore` lists left out.
 *
 * @returns the archive's hash, which {@link extractBlueprint} takes
 * @throws ArchiveRefused
 */
export async function storeBlueprint(store: ArtifactStore, folder: string): Promise<string> {
  const { hash, bytes } = await archiveFolder(folder, await filesOf(folder));
  if (!(await store.has(keyOf(hash)))) await store.put(keyOf(hash), bytes);
  return hash;
}

/** The folder with the files of an archive, unpacked on first use. */
export async function extractBlueprint(store: ArtifactStore, hash: string, cacheFolder: string): Promise<string> {
  return await unpackOnce(hash, cacheFolder, {
    what: 'the blueprint archive',
    read: async () => await store.get(keyOf(hash)),
  });
}

const keyOf = (hash: string): string => `blueprints/${hash}.tar.gz`;

/** Paths of all files and links to be archived, sorted. */
async function filesOf(folder: string): Promise<string[]> {
  const root = await realpath(folder);
  const ignored = await ignoreRules(folder);
  const files: string[] = [];
  let bytes = 0;

  async function walk(relative: string): Promise<void> {
    for (const entry of await readdir(path.join(folder, relative), { withFileTypes: true })) {
      const own = path.posix.join(relative, entry.name);
      if (ignored(own, entry.name)) continue;
      if (entry.isDirectory()) {
        await walk(own);
        continue;
      }
      if (!isArchived(entry)) continue;
      if (entry.isSymbolicLink()) await refuseOutwardLink(root, path.join(folder, own), own);
      else bytes += (await stat(path.join(folder, own))).size;
      files.push(own);
      if (bytes > MOST_BYTES || files.length > MOST_FILES)
        throw new ArchiveRefused(
          `${folder} holds more than ${MOST_FILES} files or ${MOST_BYTES / 1024 / 1024} MiB. The whole folder of a ` +
            `blueprint goes with it: put the blueprint into a folder of its own, or list what it does not need in ${IGNORE_FILE}`,
        );
    }
  }

  await walk('');
  return files.sort();
}

const isArchived = (entry: Dirent): boolean => entry.isFile() || entry.isSymbolicLink();

async function refuseOutwardLink(root: string, link: string, shown: string): Promise<void> {
  const target = await realpath(link).catch(() => undefined);
  if (target === undefined) throw new ArchiveRefused(`${shown} is a link to nothing`);
  if (target !== root && !target.startsWith(`${root}${path.sep}`))
    throw new ArchiveRefused(
      `${shown} is a link out of the blueprint's folder; a worker on another machine could not follow it`,
    );
}

/** Lines of `.caissonignore`: a name, a path from the blueprint's folder, or either with `*`. `#` begins a comment. */
async function ignoreRules(folder: string): Promise<(relative: string, name: string) => boolean> {
  const text = await readFile(path.join(folder, IGNORE_FILE), 'utf8').catch(() => '');
  const lines = text
    .split('\n')
    .map((line) => line.trim().replace(/^\//, '').replace(/\/$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'));
  const patterns = [...ALWAYS_IGNORED, ...lines].map(
    (line) => new RegExp(`^${line.split('*').map(literally).join('[^/]*')}$`),
  );
  return (relative, name) => patterns.some((pattern) => pattern.test(relative) || pattern.test(name));
}

const literally = (text: string): string => text.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&');
