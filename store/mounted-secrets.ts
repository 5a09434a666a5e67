/** Secrets as files that somebody else puts in place and renews: those that Docker, Kubernetes or an agent of a vault mount. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { SecretEntry, SecretStore } from './secrets.js';

/** @param folder absolute path; a secret's file has its key as name. A line end at the end of a file is no part of the secret. */
export function mountedSecrets(folder: string): SecretStore {
  if (!path.isAbsolute(folder)) throw new Error(`the folder of files:${folder} must be an absolute path`);
  return {
    provider: 'files',
    async get(key) {
      if (!isFileName(key)) return undefined;
      const text = await readFile(path.join(folder, key), 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' && error.code !== 'EISDIR') throw error;
      });
      return text?.replace(/\r?\n$/, '');
    },
    async list() {
      const found: SecretEntry[] = [];
      for (const key of (await readdir(folder)).filter(isFileName).sort()) {
        const file = await stat(path.join(folder, key)).catch(() => undefined);
        if (file?.isFile())
          found.push({ key, created_at: null, updated_at: new Date(file.mtimeMs).toISOString(), hidden: false });
      }
      return found;
    },
  };
}

/** Kubernetes keeps what its links point to under names that begin with a dot. */
const isFileName = (name: string): boolean => /^[^./\\][^/\\]*$/.test(name);
