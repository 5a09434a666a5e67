/** Files that are to lie beside an engine: from a URL, the blueprint, or the worker; archives are unpacked. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { unzipSync } from 'fflate';
import { extract } from 'tar';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import type { ArchiveEntry } from './archive.js';
import { download } from './download.js';
import { entriesOf } from './folder.js';

/** What an archive may hold when unpacked: it may be made to burst the worker. */
const MOST_BYTES = 1024 * 1024 * 1024;
const ARCHIVE = /\.(zip|tar|tar\.gz|tgz)$/i;

/** @throws NonRecoverableError when there is no such source, or it is no archive that can be read */
export async function sourceEntries(ctx: OperationContext, source: string): Promise<ArchiveEntry[]> {
  if (/^(git@|ssh:\/\/)|\.git$/.test(source)) return await cloned(source, ctx.signal);
  if (/^https?:\/\//.test(source)) {
    const name = path.posix.basename(new URL(source).pathname);
    return await unpackedEntries(name, await download(source, ctx.signal));
  }
  if (path.isAbsolute(source)) return await fromWorker(source);
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-source-'));
  try {
    const there = path.join(scratch, path.basename(source));
    await ctx.downloadDirectory(source, there);
    return await fromWorker(there);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function fromWorker(file: string): Promise<ArchiveEntry[]> {
  const stats = await stat(file).catch((error: NodeJS.ErrnoException) => {
    throw new NonRecoverableError(`source ${file} cannot be read on the worker (${error.code})`);
  });
  if (stats.isDirectory()) return await entriesOf(file);
  const entries = await unpackedEntries(path.basename(file), await readFile(file));
  return ARCHIVE.test(file) ? entries : entries.map((entry) => ({ ...entry, mode: stats.mode & 0o777 }));
}

/** The files of an archive, without the one folder that holds them all; anything else is a file. */
export async function unpackedEntries(name: string, content: Buffer): Promise<ArchiveEntry[]> {
  if (!ARCHIVE.test(name)) return [{ path: name, content }];
  const entries = /\.zip$/i.test(name) ? unzipped(name, content) : await untarred(name, content);
  return withoutTop(entries);
}

function unzipped(name: string, content: Buffer): ArchiveEntry[] {
  let bytes = 0;
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(content, {
      filter({ originalSize }) {
        bytes += originalSize;
        if (bytes > MOST_BYTES) throw new Error(`it holds more than ${MOST_BYTES} bytes`);
        return true;
      },
    });
  } catch (error) {
    throw new NonRecoverableError(`${name} cannot be unpacked: ${(error as Error).message}`);
  }
  return Object.entries(files).map(([raw, data]) => {
    const member = path.posix.normalize(raw);
    if (path.posix.isAbsolute(member) || member.split(/[/\\]/).includes('..'))
      throw new NonRecoverableError(`${name} cannot be unpacked: ${member} leads out of it`);
    return member.endsWith('/')
      ? { path: member.slice(0, -1), directory: true }
      : { path: member, content: Buffer.from(data) };
  });
}

async function untarred(name: string, content: Buffer): Promise<ArchiveEntry[]> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-untar-'));
  try {
    const file = path.join(scratch, 'archive');
    const folder = path.join(scratch, 'content');
    await writeFile(file, content);
    await mkdir(folder);
    await extract({ file, cwd: folder, strict: true }).catch((error: Error) => {
      throw new NonRecoverableError(`${name} cannot be unpacked: ${error.message}`);
    });
    return await entriesOf(folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function cloned(source: string, signal: AbortSignal): Promise<ArchiveEntry[]> {
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-clone-'));
  try {
    const folder = path.join(scratch, 'clone');
    const env = { ...process.env, GIT_TERMINAL_PROMPT: '0' };
    await promisify(execFile)('git', ['clone', '--quiet', '--depth', '1', '--', source, folder], { signal, env }).catch(
      (error: Error & { stderr?: string }) => {
        signal.throwIfAborted();
        throw new RecoverableError(
          `${source.replace(/\/\/[^/@]+@/, '//')} cannot be cloned: ${error.stderr ?? error.message}`,
        );
      },
    );
    await rm(path.join(folder, '.git'), { recursive: true, force: true });
    return await entriesOf(folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Archives of repositories hold one folder with everything in it: what counts is inside. */
function withoutTop(entries: readonly ArchiveEntry[]): ArchiveEntry[] {
  const tops = new Set(entries.map(({ path: name }) => name.split('/')[0]));
  const [top] = tops;
  const isFolder = entries.some(({ path: name, directory }) => name !== top || directory);
  if (tops.size !== 1 || !isFolder) return [...entries];
  return entries
    .filter(({ path: name }) => name !== top)
    .map((entry) => ({ ...entry, path: entry.path.slice((top?.length ?? 0) + 1) }));
}
