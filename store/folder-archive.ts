/**
 * A folder as one archive, named by its content: the same files give the same name, so that storing them twice stores
 * them once, and who has unpacked them once needs them never again.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { create, extract, Parser, type ReadEntry } from 'tar';

/** The folder cannot be archived, or the archive is none that may be unpacked. */
export class ArchiveRefused extends Error {
  override readonly name = 'ArchiveRefused';
}

export interface FolderArchive {
  /** SHA-256 of the bytes, as hexadecimal digits. */
  readonly hash: string;
  /** A gzipped tar file; empty for a folder without files. */
  readonly bytes: Uint8Array;
}

/** @param files paths of files and links in the folder, sorted */
export async function archiveFolder(folder: string, files: readonly string[]): Promise<FolderArchive> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-archive-'));
  try {
    const file = path.join(scratch, 'folder.tar.gz');
    const options = { file, cwd: folder, gzip: true, portable: true, noDirRecurse: true, mtime: new Date(0) };
    if (files.length > 0) await create(options, [...files]);
    else await writeFile(file, '');
    const bytes = await readFile(file);
    return { hash: hashOf(bytes), bytes };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

export interface UnpackOptions {
  /** Names the archive in messages: `the blueprint archive`. */
  readonly what: string;
  /** The archive's bytes; undefined when they are lost. */
  readonly read: () => Promise<Uint8Array | undefined>;
  /** What the archive may hold. @default anything that stays in the folder */
  readonly limits?: ArchiveLimits;
}

/**
 * The folder with an archive's files, unpacked on first use. Safe against a crash half-way and against others doing the
 * same: the folder appears whole or not at all.
 *
 * @throws ArchiveRefused for bytes that are not those of the hash, or hold what the limits forbid
 */
export async function unpackOnce(hash: string, cacheFolder: string, options: UnpackOptions): Promise<string> {
  const target = path.join(cacheFolder, hash);
  if (await isThere(target)) return target;
  const bytes = await options.read();
  if (!bytes) throw new ArchiveRefused(`the artifact store has lost ${options.what} ${hash}`);
  if (hashOf(bytes) !== hash) throw new ArchiveRefused(`${options.what} ${hash} in the artifact store is damaged`);
  const scratch = path.join(cacheFolder, `.${hash}.${randomBytes(4).toString('hex')}`);
  await mkdir(scratch, { recursive: true });
  try {
    if (bytes.length > 0) await unpack(bytes, scratch, options.limits ? { limits: options.limits } : {});
    await rename(scratch, target);
  } catch (error) {
    await rm(scratch, { recursive: true, force: true });
    if (!(await isThere(target))) throw error;
  }
  return target;
}

export interface ArchiveLimits {
  /** Bytes of all files, unpacked. */
  readonly bytes: number;
  readonly files: number;
}

/**
 * Unpacks a tar file of unknown origin. With limits, all of it is looked at before anything is written: files and folders
 * only, no links, no path out of the folder, no more than allowed.
 *
 * @param strip leading folders to leave out of each path
 * @throws ArchiveRefused, or what `tar` says of a file that is no archive
 */
export async function unpack(
  bytes: Uint8Array,
  folder: string,
  { strip = 0, limits }: { readonly strip?: number; readonly limits?: ArchiveLimits } = {},
): Promise<void> {
  if (limits) await inspect(bytes, limits);
  const file = path.join(folder, `.archive-${randomBytes(4).toString('hex')}`);
  await writeFile(file, bytes);
  // `tar` itself refuses what climbs out of the folder, links included.
  await extract({ file, cwd: folder, strip, strict: true });
  await rm(file);
}

async function inspect(bytes: Uint8Array, limits: ArchiveLimits): Promise<void> {
  let files = 0;
  let size = 0;
  await new Promise<void>((resolve, reject) => {
    const parser = new Parser({ strict: true });
    const refuse = (message: string): void => {
      const refused = new ArchiveRefused(message);
      reject(refused);
      parser.abort(refused);
    };
    parser.on('entry', (entry: ReadEntry) => {
      files += 1;
      size += entry.size;
      const wrong = refusalOf(entry);
      if (wrong !== undefined) refuse(wrong);
      else if (files > limits.files) refuse(`it holds more than ${limits.files} files`);
      else if (size > limits.bytes) refuse(`it unpacks to more than ${limits.bytes / 1024 / 1024} MiB`);
      entry.resume();
    });
    parser.on('end', () => resolve());
    parser.on('error', (error) => reject(error));
    parser.end(Buffer.from(bytes));
  });
}

function refusalOf({ path: name, type }: ReadEntry): string | undefined {
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name) || name.split(/[\\/]/).includes('..'))
    return `${JSON.stringify(name)} leads out of its folder`;
  if (type !== 'File' && type !== 'OldFile' && type !== 'Directory')
    return `${JSON.stringify(name)} is neither a file nor a folder, but a ${type}`;
  return undefined;
}

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export async function isThere(file: string): Promise<boolean> {
  return await stat(file).then(
    () => true,
    () => false,
  );
}
