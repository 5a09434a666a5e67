/** A blueprint's folder as one archive in the artifact store. */
import type { Dirent } from 'node:fs';
import { cp, mkdtemp, readdir, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileNamesOf } from '../blueprint/namespaces.js';
import type { ArtifactStore } from './artifact-store.js';
import { ArchiveRefused, archiveFolder, type FolderArchive, isThere, unpackOnce } from './folder-archive.js';

/** More than this is hardly a blueprint: someone has put one into their home folder. */
const MOST_BYTES = 256 * 1024 * 1024;
const MOST_FILES = 20_000;
const IGNORE_FILE = '.caissonignore';
const ALWAYS_IGNORED = ['.git', '.hg', '.svn', '__pycache__', '.DS_Store'];

/**
 * Files of a blueprint that is imported by `blueprint:`. `scripts/start.sh` of what is imported as `db` is called
 * `db--scripts/start.sh` in plans, and so it is in the archive.
 */
export interface ImportedFolder {
  readonly namespace: string;
  readonly folder: string;
  /** Only these, where they are there. @default all files */
  readonly files?: readonly string[];
}

/**
 * Stores a folder's files, `.git` and what `.caissonignore` lists left out.
 *
 * @returns the archive's hash, which {@link extractBlueprint} takes
 * @throws ArchiveRefused
 */
export async function storeBlueprint(
  store: ArtifactStore,
  folder: string,
  imported: readonly ImportedFolder[] = [],
): Promise<string> {
  const { hash, bytes } = await packBlueprint(folder, imported);
  if (!(await store.has(keyOf(hash)))) await store.put(keyOf(hash), bytes);
  return hash;
}

/** The archive that {@link storeBlueprint} stores, and its hash. @throws ArchiveRefused */
export async function packBlueprint(folder: string, imported: readonly ImportedFolder[]): Promise<FolderArchive> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-blueprint-'));
  try {
    const cwd = imported.length > 0 ? await gathered(folder, imported, path.join(scratch, 'files')) : folder;
    return await archiveFolder(cwd, await filesOf(cwd));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A folder with the files of all of these. */
async function gathered(folder: string, imported: readonly ImportedFolder[], target: string): Promise<string> {
  for (const file of await filesOf(folder))
    await cp(path.join(folder, file), path.join(target, file), { verbatimSymlinks: true });
  for (const { namespace, folder: from, files } of imported) {
    const there = await filesOf(from, files);
    // Links are followed: what they lead to has another name in the archive.
    for (const file of there)
      await cp(path.join(from, file), path.join(target, `${namespace}--${file}`), {
        dereference: true,
        recursive: true,
      });
  }
  return target;
}

/** The folder with the files of an archive, unpacked on first use. */
export async function extractBlueprint(store: ArtifactStore, hash: string, cacheFolder: string): Promise<string> {
  return await unpackOnce(hash, cacheFolder, {
    what: 'the blueprint archive',
    read: async () => await store.get(keyOf(hash)),
  });
}

/**
 * The file in an unpacked archive that a plan calls by a name, see {@link fileNamesOf}.
 *
 * @returns undefined when it is not there, or is not in the folder
 */
export async function archivedFile(folder: string, name: string): Promise<string | undefined> {
  for (const own of fileNamesOf(name)) {
    const file = path.resolve(folder, own);
    if (file.startsWith(folder + path.sep) && (await isThere(file))) return file;
  }
  return undefined;
}

const keyOf = (hash: string): string => `blueprints/${hash}.tar.gz`;

/**
 * Paths of all files and links to be archived, sorted.
 *
 * @param only the others are not even counted
 */
async function filesOf(folder: string, only?: readonly string[]): Promise<string[]> {
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

  if (only) {
    for (const file of new Set(only)) if (await isFileWithin(root, file)) files.push(file);
  } else await walk('');
  return files.sort();
}

async function isFileWithin(root: string, file: string): Promise<boolean> {
  const real = await realpath(path.join(root, file)).catch(() => undefined);
  return real?.startsWith(`${root}${path.sep}`) === true && (await stat(real)).isFile();
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
