/** RSA key pairs in the forms that SSH takes. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { NonRecoverableError } from '../sdk/index.js';

export interface KeyPair {
  /** PEM. */
  readonly privateKey: string;
  /** One line of `authorized_keys`, or PEM. */
  readonly publicKey: string;
}

export interface KeyForm {
  readonly bits: number;
  readonly openssh: boolean;
  readonly comment: string;
  readonly passphrase: string | undefined;
}

export async function generatePair(form: KeyForm): Promise<KeyPair> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: form.bits });
  const encrypted = form.passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: form.passphrase };
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem', ...encrypted }).toString();
  return { privateKey: pem, publicKey: publicForm(createPublicKey(privateKey), form) };
}

/** The pair that a private key belongs to. @throws NonRecoverableError for text that is no key, or a wrong passphrase */
export function pairOf(privateKey: string, form: KeyForm): KeyPair {
  try {
    const key = createPrivateKey({
      key: privateKey,
      ...(form.passphrase === undefined ? {} : { passphrase: form.passphrase }),
    });
    return { privateKey, publicKey: publicForm(createPublicKey(key), form) };
  } catch {
    // What the library says could quote the key.
    throw new NonRecoverableError(
      'the private key that is there already cannot be read: wrong passphrase, or no RSA key',
    );
  }
}

function publicForm(key: KeyObject, { openssh, comment }: KeyForm): string {
  if (!openssh) return key.export({ type: 'spki', format: 'pem' }).toString();
  const { n = '', e = '' } = key.export({ format: 'jwk' });
  const blob = Buffer.concat([Buffer.from('ssh-rsa'), integer(e), integer(n)].map(sized));
  return ['ssh-rsa', blob.toString('base64'), ...(comment === '' ? [] : [comment])].join(' ');
}

/** A number above zero never begins with a set bit. */
function integer(base64url: string): Buffer {
  const bytes = Buffer.from(base64url, 'base64url');
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

function sized(bytes: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
