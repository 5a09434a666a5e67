/**
 * The keys of the secrets' file: the first one encrypts, all of them decrypt. They are given (by a setting), or kept in a
 * key file that only its owner may read, made on first use.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createFile, replaceFile } from './whole-file.js';

export interface SecretKey {
  readonly id: string;
  readonly bytes: Buffer;
}

/** Newest first; never empty. */
export type KeyRing = readonly [SecretKey, ...SecretKey[]];

export interface SecretKeys {
  /** Undefined when there is none yet. */
  read(): Promise<KeyRing | undefined>;
  /** The keys, of which one is made if there is none. */
  readOrMake(): Promise<KeyRing>;
  /** Before a re-encryption: the keys with the one that is to encrypt from now on. All of them are kept. */
  renew(): Promise<KeyRing>;
  /** After a re-encryption: nothing needs any key but this one any more. @returns the ids of those that are still given */
  retire(current: SecretKey): Promise<readonly string[]>;
}

/**
 * Keys given as text: `ID:64 hexadecimal digits`, several separated by commas or blanks, or one without an id.
 *
 * @throws Error for what is no key, without showing it
 */
export function givenKeys(text: string): SecretKeys {
  const ring = parsed(text, 'CAISSON_SECRETS_KEY');
  return {
    read: async () => ring,
    readOrMake: async () => ring,
    renew: async () => ring,
    retire: async (current) => ring.filter(({ id }) => id !== current.id).map(({ id }) => id),
  };
}

export function keyFile(file: string): SecretKeys {
  const read = async (): Promise<KeyRing | undefined> => {
    const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    return text === undefined ? undefined : parsed(text, file);
  };
  return {
    read,
    async readOrMake() {
      // Of two that make it at once one wins, and nobody reads half a key.
      if ((await read()) === undefined) await createFile(file, written([newKey()]));
      return (await read())!;
    },
    async renew() {
      const ring: KeyRing = [newKey(), ...((await read()) ?? [])];
      await replaceFile(file, written(ring));
      return ring;
    },
    async retire(current) {
      await replaceFile(file, written([current]));
      return [];
    },
  };
}

function newKey(): SecretKey {
  const bytes = randomBytes(32);
  return { id: fingerprint(bytes), bytes };
}

/** A key's own name: two keys have the same one only if they are the same. */
const fingerprint = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex').slice(0, 8);

function written(ring: readonly SecretKey[]): string {
  return ring.map(({ id, bytes }) => `${id}:${bytes.toString('hex')}\n`).join('');
}

function parsed(text: string, from: string): KeyRing {
  const words = text
    .replaceAll(/#.*/g, '')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const keys = words.map((word, at): SecretKey => {
    const [, id, digits] = /^(?:([\w.-]{1,64}):)?([0-9a-f]{64})$/i.exec(word) ?? [];
    if (digits === undefined)
      throw new Error(`${from}: key ${at + 1} must be 64 hexadecimal digits, or ID: and such digits`);
    const bytes = Buffer.from(digits, 'hex');
    return { id: id ?? fingerprint(bytes), bytes };
  });
  const [first, ...rest] = keys;
  if (!first) throw new Error(`${from} holds no key`);
  const twice = keys.find(({ id }, at) => keys.findIndex((one) => one.id === id) !== at);
  if (twice) throw new Error(`${from} holds two keys ${twice.id}`);
  return [first, ...rest];
}
