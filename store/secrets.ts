/**
 * Secrets by key: from the environment (`CAISSON_SECRET_<KEY>`), else from one file encrypted with AES-256-GCM.
 *
 * The key of the file is `CAISSON_SECRETS_KEY` (64 hexadecimal digits) or a key file beside it that only its owner may
 * read, made on first use.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { access, link, mkdir, readFile, rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Json } from '../blueprint/json.js';

export interface SecretStore {
  get(key: string): Promise<Json | undefined>;
  set(key: string, value: Json): Promise<void>;
  /** Keys only, sorted. Those of the environment are not listed: their spelling is lost there. */
  list(): Promise<string[]>;
  /** @returns whether there was one */
  delete(key: string): Promise<boolean>;
}

interface Sealed {
  readonly iv: string;
  readonly tag: string;
  readonly data: string;
}

const CIPHER = 'aes-256-gcm';

export interface SecretSettings {
  /** Holds `secrets.json` and `secrets.key`. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The variable that gives a secret: `db-password` is `CAISSON_SECRET_DB_PASSWORD`. */
export function secretVariable(key: string): string {
  return `CAISSON_SECRET_${key.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

export function secretStore({ folder, environment }: SecretSettings): SecretStore {
  const file = path.join(folder, 'secrets.json');

  async function read(): Promise<Record<string, Sealed>> {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}';
      throw error;
    });
    return JSON.parse(text) as Record<string, Sealed>;
  }

  async function write(secrets: Record<string, Sealed>): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const part = `${file}.${randomBytes(4).toString('hex')}.part`;
    await writeFile(part, JSON.stringify(secrets, null, 2), { mode: 0o600 });
    await rename(part, file);
  }

  return {
    async get(key) {
      const given = environment[secretVariable(key)];
      if (given !== undefined) return given;
      const sealed = (await read())[key];
      return sealed === undefined ? undefined : unseal(key, sealed, await fileKey(folder, environment));
    },
    async set(key, value) {
      const sealed = seal(key, value, await fileKey(folder, environment));
      await write({ ...(await read()), [key]: sealed });
    },
    list: async () => Object.keys(await read()).sort(),
    async delete(key) {
      const { [key]: found, ...rest } = await read();
      if (found !== undefined) await write(rest);
      return found !== undefined;
    },
  };
}

/** The secret's name is authenticated with it, so that no two can be swapped in the file. */
function seal(key: string, value: Json, fileKey: Buffer): Sealed {
  const iv = randomBytes(12);
  const cipher = createCipheriv(CIPHER, fileKey, iv).setAAD(Buffer.from(key));
  const data = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return { iv: iv.toString('base64'), tag: cipher.getAuthTag().toString('base64'), data: data.toString('base64') };
}

function unseal(key: string, { iv, tag, data }: Sealed, fileKey: Buffer): Json {
  try {
    const decipher = createDecipheriv(CIPHER, fileKey, Buffer.from(iv, 'base64'))
      .setAAD(Buffer.from(key))
      .setAuthTag(Buffer.from(tag, 'base64'));
    const text = Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]).toString('utf8');
    return JSON.parse(text) as Json;
  } catch {
    throw new Error(`the secret ${key} cannot be decrypted: it was stored with another key`);
  }
}

async function fileKey(folder: string, environment: SecretSettings['environment']): Promise<Buffer> {
  const given = environment.CAISSON_SECRETS_KEY;
  if (given !== undefined) {
    if (!/^[0-9a-f]{64}$/i.test(given)) throw new Error('CAISSON_SECRETS_KEY must be 64 hexadecimal digits');
    return Buffer.from(given, 'hex');
  }
  const file = path.join(folder, 'secrets.key');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Written aside and linked into place: of two that make it at once one wins, and nobody reads half a key.
  const part = `${file}.${randomBytes(4).toString('hex')}.part`;
  if (!(await exists(file))) {
    await writeFile(part, randomBytes(32).toString('hex'), { mode: 0o600 });
    await link(part, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    await unlink(part);
  }
  return Buffer.from((await readFile(file, 'utf8')).trim(), 'hex');
}

async function exists(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}
