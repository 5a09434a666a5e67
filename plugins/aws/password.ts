/** The first password of a Windows instance, which the API tells encrypted with the key pair's public key. */
import { constants, createPrivateKey, privateDecrypt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { NonRecoverableError } from '../sdk/errors.js';
import type { Call } from './call.js';
import { relatedTo } from './infer.js';
import { textAt } from './json.js';
import { waitFor } from './wait.js';

export async function windowsPassword(call: Call, InstanceId: string): Promise<string> {
  const key = await privateKeyOf(call);
  const encrypted = await waitFor(
    call.ctx,
    `the password of ${InstanceId}`,
    async () => textAt(await call.api.send('GetPasswordData', { InstanceId }), 'PasswordData'),
    { slow: true },
  );
  return decrypted(encrypted, key);
}

/** PKCS #1 v1.5, taken off by hand: Node leaves that to us since its own way told attackers too much. */
export function decrypted(encrypted: string, key: string): string {
  const block = raw(Buffer.from(encrypted.trim(), 'base64'), key);
  const end = block?.indexOf(0, 2) ?? -1;
  if (block?.[0] !== 0 || block[1] !== 2 || end < 10)
    throw new NonRecoverableError('the password was not encrypted for the private key that is given');
  return block.subarray(end + 1).toString('utf8');
}

/** Undefined when it is no number that this key can have made: it is larger than the key's modulus, or of other length. */
function raw(encrypted: Buffer, pem: string): Buffer | undefined {
  const key = createPrivateKey(pem);
  try {
    return privateDecrypt({ key, padding: constants.RSA_NO_PADDING }, encrypted);
  } catch {
    return undefined;
  }
}

/** PEM text or a file: the operation's input, the agent's key, or that of the related key pair. */
async function privateKeyOf({ ctx, inputs, properties }: Call): Promise<string> {
  const [pair] = relatedTo(ctx.instance, 'keypair');
  const given =
    textAt(inputs, 'private_key_path') ??
    textAt(properties, 'agent_config.key') ??
    textAt(pair?.instance.runtimeProperties, 'create_response.KeyMaterial') ??
    textAt(pair?.node.properties, 'private_key_path');
  if (given === undefined)
    throw new NonRecoverableError(`${ctx.instance.id} has use_password, but no private key to read the password with`);
  if (given.includes('-----BEGIN')) return given;
  return await readFile(given.replace(/^~(?=\/|$)/, homedir()), 'utf8').catch((error: Error) => {
    throw new NonRecoverableError(`the private key file ${given} cannot be read: ${error.message}`);
  });
}
