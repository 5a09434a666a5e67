/** What Vault refuses, in words of which none is a secret: its status and its own `errors`. */
import { SecretsUnavailable } from '../secrets.js';
import type { VaultAnswer } from './http.js';

const MEANINGS: Readonly<Record<number, string>> = {
  403: 'the token is not valid, or its policies do not allow this',
  404: 'there is nothing at that path; is the mount right, and a key-value engine of version 2?',
  412: 'it has not caught up with its own last write',
  429: 'it is a standby, or has too much to do',
  472: 'it is a standby of another cluster',
  473: 'it is a performance standby',
  501: 'it is not initialized',
  503: 'it is sealed, or being maintained',
};

export function refusal(what: string, { status, body }: VaultAnswer): SecretsUnavailable {
  const errors = Array.isArray(body?.errors) ? body.errors.filter((one) => typeof one === 'string') : [];
  const told = errors.join('; ').replaceAll(/\s+/g, ' ').trim();
  const meaning = MEANINGS[status];
  return new SecretsUnavailable(
    `${what}: ${status}${told === '' ? '' : ` ${told}`}${meaning === undefined ? '' : ` (${meaning})`}`,
  );
}
