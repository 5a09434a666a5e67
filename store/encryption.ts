/**
 * Encryption of everything that Temporal stores for us: inputs, results, states, summaries, failures. The server, its
 * database and its backups hold nothing readable but names: of workflows, activities, ids and search attributes.
 *
 * AES-256-GCM. Each payload names its key, so that keys can be changed: the first key encrypts, every key decrypts.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Payload, type PayloadCodec, ValueError } from '@temporalio/common';
import proto from '@temporalio/proto';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

export interface EncryptionKeys {
  /** Id of the key that encrypts. */
  readonly current: string;
  readonly keys: ReadonlyMap<string, Buffer>;
}

export interface EncryptionSettings {
  /** `ID:64 hexadecimal digits`, several separated by commas or blanks. */
  readonly keys?: string | undefined;
  /** File of such keys, one a line; `#` begins a comment. They come after those of `keys`. */
  readonly keyFile?: string | undefined;
}

/**
 * The keys that settings give; undefined when they give none.
 *
 * @throws Error for what is no key, without showing it
 */
export async function encryptionKeys(settings: EncryptionSettings | undefined): Promise<EncryptionKeys | undefined> {
  if (settings === undefined) return undefined;
  const file = settings.keyFile === undefined ? '' : await readFile(settings.keyFile, 'utf8');
  const words = `${settings.keys ?? ''}\n${file.replaceAll(/#.*/g, '')}`.split(/[\s,]+/).filter((word) => word !== '');
  const keys = new Map<string, Buffer>();
  for (const [at, word] of words.entries()) {
    const [, id, digits] = /^([\w.-]{1,64}):([0-9a-f]{64})$/i.exec(word) ?? [];
    if (id === undefined || digits === undefined)
      throw new Error(`encryption key ${at + 1} is not of the form ID:64 hexadecimal digits`);
    if (keys.has(id)) throw new Error(`there are two encryption keys ${id}`);
    keys.set(id, Buffer.from(digits, 'hex'));
  }
  const [current] = keys.keys();
  if (current === undefined) throw new Error('encryption is wanted, but there is no key');
  return { current, keys };
}

const CIPHER = 'aes-256-gcm';
const ENCODING = 'binary/encrypted';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export function encryptionCodec({ current, keys }: EncryptionKeys): PayloadCodec {
  return {
    encode: async (payloads) => payloads.map((payload) => seal(payload, current, keys.get(current)!)),
    // What was stored before encryption was switched on is read as it is.
    decode: async (payloads) => payloads.map((payload) => (isSealed(payload) ? open(payload, keys) : payload)),
  };
}

/** A payload that cannot be read with the keys that there are. */
export class UndecipherableError extends Error {
  override readonly name = 'UndecipherableError';
}

/** Without any key the SDK's own converter meets what is encrypted. */
export const isUndecipherable = (error: unknown): boolean =>
  error instanceof UndecipherableError || (error instanceof ValueError && error.message.endsWith(`: ${ENCODING}`));

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('utf8');

const isSealed = ({ metadata }: Payload): boolean => text(metadata?.encoding) === ENCODING;

function seal(payload: Payload, id: string, key: Buffer): Payload {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(id));
  const sealed = Buffer.concat([cipher.update(PayloadMessage.encode(payload).finish()), cipher.final()]);
  return {
    metadata: {
      encoding: Buffer.from(ENCODING),
      'encryption-cipher': Buffer.from('AES-256-GCM'),
      'encryption-key-id': Buffer.from(id),
    },
    data: Buffer.concat([iv, cipher.getAuthTag(), sealed]),
  };
}

function open({ metadata, data }: Payload, keys: EncryptionKeys['keys']): Payload {
  const id = text(metadata?.['encryption-key-id']);
  const key = keys.get(id);
  if (!key)
    throw new UndecipherableError(`a payload is encrypted with the key ${id}, which is not among the given ones`);
  const bytes = Buffer.from(data ?? []);
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(id))
      .setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const opened = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    return PayloadMessage.decode(opened);
  } catch (error) {
    throw new UndecipherableError(`a payload cannot be decrypted: it is damaged, or its key ${id} is another one`, {
      cause: error,
    });
  }
}
