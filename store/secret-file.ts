/**
 * Secrets in one file, each encrypted with AES-256-GCM under a key that it names, so that keys can be changed.
 *
 * Whoever changes the file reads it, changes it and replaces it while nobody else does; whoever reads it waits for
 * nobody.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Json } from '../blueprint/json.js';
import type { KeyRing, SecretKey, SecretKeys } from './secret-keys.js';
import { SecretExists, type SecretStore } from './secrets.js';
import { replaceFile } from './whole-file.js';

export interface SecretFileOptions {
  readonly file: string;
  readonly keys: SecretKeys;
  /** Runs work while no other process runs any on this file. */
  readonly exclusive: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

interface Sealed {
  /** Id of its key; absent in files of before keys could be changed. */
  readonly key?: string;
  readonly iv: string;
  readonly tag: string;
  readonly data: string;
  readonly created_at?: string;
  readonly updated_at?: string;
  readonly hidden?: boolean;
  readonly schema?: Json;
}

type Secrets = Readonly<Record<string, Sealed>>;

const CIPHER = 'aes-256-gcm';
/** Readings of file and keys, which a change of the keys may fall between. */
const MOST_READINGS = 5;

export function secretFile({ file, keys, exclusive }: SecretFileOptions): SecretStore {
  async function read(): Promise<Secrets> {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}';
      throw error;
    });
    try {
      return JSON.parse(text) as Secrets;
    } catch {
      throw new Error(`the file of secrets ${file} is damaged`);
    }
  }

  const write = async (secrets: Secrets): Promise<void> =>
    await replaceFile(file, `${JSON.stringify(secrets, null, 2)}\n`);

  async function ringFor(secrets: Secrets): Promise<KeyRing> {
    const ring = Object.keys(secrets).length === 0 ? await keys.readOrMake() : await keys.read();
    // A new one would open none of what is there.
    if (!ring) throw new Error(`the key of the secrets in ${file} is missing: put it back in its place`);
    return ring;
  }

  return {
    provider: 'file',
    async get(key) {
      for (let reading = 1; ; reading += 1) {
        const secrets = await read();
        const sealed = Object.hasOwn(secrets, key) ? secrets[key] : undefined;
        if (sealed === undefined) return undefined;
        const opened = opens(key, sealed, await ringFor(secrets));
        if (opened) return opened.value;
        if (reading === MOST_READINGS)
          throw new Error(`the secret ${key} cannot be decrypted: it was stored with another key`);
      }
    },
    async list() {
      return Object.entries(await read())
        .map(([key, { created_at, updated_at, hidden, schema }]) => ({
          key,
          created_at: created_at ?? null,
          updated_at: updated_at ?? null,
          hidden: hidden === true,
          ...(schema === undefined ? {} : { schema }),
        }))
        .sort((a, b) => (a.key < b.key ? -1 : 1));
    },
    async set(key, value, { hidden, schema, onlyNew = false } = {}) {
      await exclusive(async () => {
        const secrets = await read();
        const before = Object.hasOwn(secrets, key) ? secrets[key] : undefined;
        if (before && onlyNew) throw new SecretExists(key);
        const now = new Date().toISOString();
        const [current] = await ringFor(secrets);
        const about = {
          created_at: before?.created_at ?? now,
          updated_at: now,
          ...((hidden ?? before?.hidden) ? { hidden: true } : {}),
          ...(schema === undefined && before?.schema === undefined ? {} : { schema: schema ?? before?.schema ?? null }),
        };
        await write({ ...secrets, [key]: { ...seal(key, value, current), ...about } });
      });
    },
    delete: async (key) =>
      await exclusive(async () => {
        const secrets = await read();
        if (!Object.hasOwn(secrets, key)) return false;
        await write(Object.fromEntries(Object.entries(secrets).filter(([name]) => name !== key)));
        return true;
      }),
    rotate: async () =>
      await exclusive(async () => {
        const secrets = await read();
        // All are opened before anything is changed: one that is lost already must be told, not passed over.
        const values = allOpened(secrets, await ringFor(secrets));
        // Dies the process from here on, the file's keys are all there; the next rotation does the rest.
        const [current] = await keys.renew();
        const resealed = Object.entries(secrets).map(([key, { iv: _, tag: __, data: ___, ...about }]) => {
          return [key, { ...about, ...seal(key, values.get(key) ?? null, current) }] as const;
        });
        await write(Object.fromEntries(resealed));
        return { secrets: resealed.length, key: current.id, still_given: await keys.retire(current) };
      }),
  };
}

function allOpened(secrets: Secrets, ring: KeyRing): ReadonlyMap<string, Json> {
  const values = new Map<string, Json>();
  for (const [key, sealed] of Object.entries(secrets)) {
    const opened = opens(key, sealed, ring);
    if (!opened)
      throw new Error(
        `the secret ${key} cannot be decrypted: it was stored with another key. Give that key too, or delete the secret; nothing was changed`,
      );
    values.set(key, opened.value);
  }
  return values;
}

/** The secret's name is authenticated with it, so that no two can be swapped in the file. */
function seal(name: string, value: Json, { id, bytes }: SecretKey): Pick<Sealed, 'key' | 'iv' | 'tag' | 'data'> {
  const iv = randomBytes(12);
  const cipher = createCipheriv(CIPHER, bytes, iv).setAAD(Buffer.from(name));
  const data = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
  return {
    key: id,
    iv: iv.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    data: data.toString('base64'),
  };
}

/** Undefined when none of the keys fits. */
function opens(name: string, { key, iv, tag, data }: Sealed, ring: KeyRing): { readonly value: Json } | undefined {
  for (const { bytes } of ring.filter(({ id }) => key === undefined || id === key)) {
    try {
      const decipher = createDecipheriv(CIPHER, bytes, Buffer.from(iv, 'base64'))
        .setAAD(Buffer.from(name))
        .setAuthTag(Buffer.from(tag, 'base64'));
      const text = Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]).toString('utf8');
      return { value: JSON.parse(text) as Json };
    } catch {
      // Another key's, or damaged: told by whoever asked, without any part of it.
    }
  }
  return undefined;
}
