import { randomBytes } from 'node:crypto';
import { appendFile, link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type ArtifactStore, checkKey } from './artifact-store.js';

/** An artifact store in a folder, which is made when first written to. */
export function folderStore(root: string): ArtifactStore {
  const fileOf = (key: string): string => {
    checkKey(key);
    return path.join(root, ...key.split('/'));
  };

  return {
    async put(key, data) {
      const file = fileOf(key);
      await rename(await writtenAside(file, data), file);
    },
    async create(key, data) {
      const file = fileOf(key);
      const part = await writtenAside(file, data);
      try {
        await link(part, file);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        return false;
      } finally {
        await rm(part, { force: true });
      }
    },
    async get(key) {
      try {
        return await readFile(fileOf(key));
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    async has(key) {
      try {
        return (await stat(fileOf(key))).isFile();
      } catch (error) {
        if (isMissing(error)) return false;
        throw error;
      }
    },
    async list(prefix) {
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      const keys: string[] = [];
      await collect(path.join(root, folder), folder, keys);
      return keys.filter((key) => key.startsWith(prefix) && !key.endsWith('.part')).sort();
    },
    async append(key, data) {
      const file = fileOf(key);
      await mkdir(path.dirname(file), { recursive: true });
      await appendFile(file, data, { mode: 0o600 });
    },
    async delete(key) {
      await rm(fileOf(key), { force: true });
    },
  };
}

/** Written beside its place and then named: a process that dies in between leaves the old content. */
async function writtenAside(file: string, data: Uint8Array): Promise<string> {
  await mkdir(path.dirname(file), { recursive: true });
  const part = `${file}.${randomBytes(6).toString('hex')}.part`;
  await writeFile(part, data, { mode: 0o600 });
  return part;
}

async function collect(folder: string, prefix: string, keys: string[]): Promise<void> {
  let entries: import('node:fs').Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  for (const entry of entries) {
    if (entry.isDirectory()) await collect(path.join(folder, entry.name), `${prefix}${entry.name}/`, keys);
    else keys.push(`${prefix}${entry.name}`);
  }
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
