/** Cloudify plugins in Python as they are found: wagons, wheels, sources, in a folder, an archive or at an address. */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { download } from '../plugins/files/download.js';
import { unpackedEntries } from '../plugins/files/source.js';
import { WrapRefused, wrapPlugin } from '../plugins/python/wrap.js';
import { CaissonError } from './errors.js';

/** Makes a package of one in a folder. @throws CaissonError (validation) */
export async function wrapped(from: string, descriptions: readonly string[], folder: string): Promise<void> {
  await wrapPlugin(from, descriptions, folder).catch((error: Error) => {
    if (!(error instanceof WrapRefused)) throw error;
    throw new CaissonError('validation', 'C2204', error.message, { cause: error });
  });
}

/** Whether what lies there is a plugin in Python that describes itself, and no package of npm. */
export async function isPython(from: string): Promise<boolean> {
  const found = await stat(from).catch(() => undefined);
  if (found?.isDirectory()) {
    const has = async (name: string): Promise<boolean> => (await textAt(path.join(from, name))) !== undefined;
    return !(await has('package.json')) && (await has('plugin.yaml'));
  }
  if (!found) return false;
  if (/\.(wgn|whl)$/i.test(from)) return true;
  if (!/\.(zip|tar|tar\.gz|tgz)$/i.test(from)) return false;
  // One that cannot be read is told of by who unpacks it.
  const entries = await unpackedEntries(path.basename(from), await readFile(from)).catch(() => []);
  const manifest = entries.find((entry) => entry.path === 'package.json')?.content?.toString('utf8');
  if (manifest?.includes('"caissonPlugin"')) return false;
  return entries.some((entry) => /^plugin\.yaml$|\.wgn$|^wheels\/[^/]+\.whl$/i.test(entry.path));
}

async function textAt(file: string): Promise<string | undefined> {
  return await readFile(file, 'utf8').catch(() => undefined);
}

/** What lies at an address, fetched into a folder under its own name; a path is returned as it is. */
export async function fetchedInto(folder: string, from: string): Promise<string> {
  if (!/^https?:\/\//.test(from)) return from;
  const name = path.posix.basename(new URL(from).pathname) || 'plugin';
  const bytes = await download(from, new AbortController().signal).catch((error: Error) => {
    throw new CaissonError('validation', 'C2204', error.message, { cause: error });
  });
  await mkdir(folder, { recursive: true });
  const file = path.join(folder, name);
  await writeFile(file, bytes);
  return file;
}
