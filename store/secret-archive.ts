/**
 * Secrets in a file to take elsewhere: encrypted under a passphrase (scrypt, AES-256-GCM), or in clear as Cloudify's own
 * export without encryption has them.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import type { Json, JsonObject } from '../blueprint/json.js';

export interface ArchivedSecret {
  readonly key: string;
  readonly value: Json;
  readonly is_hidden_value: boolean;
}

export const SHORTEST_PASSPHRASE = 8;
const FORMAT = 'caisson/secrets@1';
const CIPHER = 'aes-256-gcm';
/** 2^17 · 8 · 128 bytes = 128 MiB for each guess. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 };

/** @param passphrase undefined: in clear */
export async function writeArchive(
  secrets: readonly ArchivedSecret[],
  passphrase: string | undefined,
): Promise<string> {
  const plain = JSON.stringify(secrets, null, 2);
  if (passphrase === undefined) return `${plain}\n`;
  const [salt, iv] = [randomBytes(16), randomBytes(12)];
  const cipher = createCipheriv(CIPHER, await derived(passphrase, salt), iv).setAAD(Buffer.from(FORMAT));
  const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  const text = (bytes: Buffer): string => bytes.toString('base64');
  const { N, r, p } = COST;
  return `${JSON.stringify(
    {
      format: FORMAT,
      scrypt: { N, r, p, salt: text(salt) },
      iv: text(iv),
      tag: text(cipher.getAuthTag()),
      data: text(data),
    },
    null,
    2,
  )}\n`;
}

/** @throws Error for another file, or another passphrase; what it holds is not shown */
export async function readArchive(text: string, passphrase: string | undefined): Promise<readonly ArchivedSecret[]> {
  const document = parsed(text);
  if (Array.isArray(document)) return document.map(secretIn);
  const { format, iv, tag, data, scrypt: kdf } = (document ?? {}) as JsonObject;
  if (format !== FORMAT) throw new Error('the file holds no exported secrets');
  if (passphrase === undefined) throw new Error('the file is encrypted: give its passphrase');
  const { salt } = kdf as { readonly salt: string };
  const bytes = (value: unknown): Buffer => Buffer.from(String(value), 'base64');
  const key = await derived(passphrase, bytes(salt));
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes(iv)).setAAD(Buffer.from(FORMAT)).setAuthTag(bytes(tag));
    const plain = Buffer.concat([decipher.update(bytes(data)), decipher.final()]).toString('utf8');
    return (JSON.parse(plain) as Json[]).map(secretIn);
  } catch {
    throw new Error('the passphrase is another one, or the file is damaged');
  }
}

function secretIn(entry: Json): ArchivedSecret {
  const { key, value, is_hidden_value, encrypted } = (entry ?? {}) as JsonObject;
  if (typeof key !== 'string' || key === '' || value === undefined)
    throw new Error('the file holds no exported secrets: an entry has no key or no value');
  if (encrypted === true)
    throw new Error(
      `${key} is encrypted in another way: export it there without encryption, and delete that file afterwards`,
    );
  return { key, value, is_hidden_value: is_hidden_value === true };
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw new Error('the file holds no exported secrets: it is no JSON');
  }
}

function derived(passphrase: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    scrypt(passphrase.normalize('NFC'), salt, 32, COST, (error, key) => (error ? reject(error) : resolve(key))),
  );
}
