/** Who we are at Vault: a token as it is given, from a file that somebody renews, or by logging in with AppRole. */
import { readFile } from 'node:fs/promises';
import { SecretsUnavailable } from '../secrets.js';
import { refusal } from './failure.js';
import type { VaultHttp } from './http.js';
import type { VaultSettings } from './settings.js';

export interface VaultLogin {
  token(): Promise<string>;
  /**
   * Vault has refused the token.
   *
   * @returns whether another one may do better
   */
  refused(token: string): boolean;
}

/** A token is not used any more when less than this part of its life is left. */
const LAST_PART = 0.1;

/** @throws Error when the settings give no way to log in */
export function vaultLogin(
  settings: VaultSettings,
  http: VaultHttp,
  headers: Readonly<Record<string, string>>,
): VaultLogin {
  const { token, tokenFile, roleId } = settings;
  if (token !== undefined) return { token: async () => token, refused: () => false };
  if (tokenFile !== undefined)
    return {
      token: async () => await secretText(tokenFile, 'the token file of Vault'),
      refused: () => false,
    };
  if (roleId !== undefined) return appRole(settings, roleId, http, headers);
  throw new Error(
    'there is no way to log in to Vault: set VAULT_TOKEN, the setting vault.token_file, or VAULT_ROLE_ID with VAULT_SECRET_ID',
  );
}

interface Lease {
  readonly token: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

function appRole(
  settings: VaultSettings,
  roleId: string,
  http: VaultHttp,
  headers: Readonly<Record<string, string>>,
): VaultLogin {
  let lease: Promise<Lease> | undefined;

  async function logIn(): Promise<Lease> {
    const { secretId, secretIdFile, authMount = 'approle' } = settings;
    const secret =
      secretIdFile === undefined ? secretId : await secretText(secretIdFile, 'the secret id file of Vault');
    const mount = authMount.split('/').map(encodeURIComponent).join('/');
    const answer = await http({
      method: 'POST',
      path: `auth/${mount}/login`,
      headers,
      body: { role_id: roleId, ...(secret === undefined ? {} : { secret_id: secret }) },
    });
    const auth = answer.body?.auth as { client_token?: unknown; lease_duration?: unknown } | undefined;
    if (answer.status !== 200 || typeof auth?.client_token !== 'string')
      throw refusal(`Vault refuses the login by AppRole (auth/${authMount})`, answer);
    const seconds = Number(auth.lease_duration ?? 0);
    const life = seconds > 0 ? seconds * 1_000 * (1 - LAST_PART) : Number.POSITIVE_INFINITY;
    return { token: auth.client_token, until: Date.now() + life };
  }

  /** Those that ask at once wait for one login; one that failed is not kept. */
  function begin(): Promise<Lease> {
    const begun = logIn();
    lease = begun;
    begun.catch(() => {
      if (lease === begun) lease = undefined;
    });
    return begun;
  }

  let last = '';
  return {
    async token() {
      let current = await (lease ?? begin());
      if (current.until <= Date.now()) current = await begin();
      last = current.token;
      return current.token;
    },
    refused(token) {
      // It was revoked, or Vault was restored from a backup: a new login tells whether we still may.
      if (token === last) lease = undefined;
      return true;
    },
  };
}

async function secretText(file: string, what: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SecretsUnavailable(`${what} cannot be read: ${file} (${error.code})`);
  });
  if (text.trim() === '') throw new SecretsUnavailable(`${what} is empty: ${file}`);
  return text.trim();
}
