/**
 * Secrets in a key-value engine (version 2) of HashiCorp Vault, or of a server that speaks its HTTP API.
 *
 * A secret of one field `value` is that field; any other is an object of its fields, of which blueprints take one by
 * `{ get_secret: [KEY, FIELD] }`.
 */
import { readFile } from 'node:fs/promises';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { type SecretEntry, SecretExists, type SecretStore, SecretsUnavailable } from '../secrets.js';
import { refusal } from './failure.js';
import { type VaultAnswer, type VaultRequest, type VaultTls, vaultHttp } from './http.js';
import { vaultLogin } from './login.js';
import type { VaultSettings } from './settings.js';

/** Requests for what is in folders, at once. */
const FOLDERS_AT_ONCE = 8;

/**
 * @param place `MOUNT` or `MOUNT/PREFIX`
 * @throws Error for settings that cannot be used
 */
export async function vaultSecrets(place: string, settings: VaultSettings): Promise<SecretStore> {
  const [mount = '', ...prefix] = place.split('/').filter((segment) => segment !== '');
  if (mount === '') throw new Error('vault: needs the mount of a key-value engine, as in vault:secret/caisson');
  if (settings.address === undefined)
    throw new Error('secrets are to come from Vault, but it has no address: set VAULT_ADDR');
  const http = vaultHttp(settings.address, await tlsOf(settings));
  const headers = settings.namespace === undefined ? {} : { 'x-vault-namespace': settings.namespace };
  const login = vaultLogin(settings, http, headers);

  async function ask(request: Omit<VaultRequest, 'headers'>): Promise<VaultAnswer> {
    for (let again = false; ; again = true) {
      const token = await login.token();
      const answer = await http({ ...request, headers: { ...headers, 'x-vault-token': token } });
      if (answer.status !== 403 || again || !login.refused(token)) return answer;
    }
  }

  const at = (kind: 'data' | 'metadata', key: string): string =>
    [mount, kind, ...prefix, ...segmentsOf(key)].map(encodeURIComponent).join('/');
  const shown = (key: string): string => [mount, ...prefix, key].join('/');

  async function keysBelow(folder: string): Promise<string[]> {
    const answer = await ask({
      method: 'LIST',
      path: [mount, 'metadata', ...prefix, ...folder.split('/')].filter(Boolean).map(encodeURIComponent).join('/'),
    });
    // Nothing is there yet; Vault answers the same for an engine of another kind, then with words about it.
    if (answer.status === 404 && !hasErrors(answer)) return [];
    const keys = (answer.body?.data as JsonObject | undefined)?.keys;
    if (answer.status !== 200 || !Array.isArray(keys)) throw refusal(`Vault does not list ${shown(folder)}`, answer);
    const names = keys.filter((key) => typeof key === 'string').map((key) => `${folder}${key}`);
    const found = names.filter((name) => !name.endsWith('/'));
    const folders = names.filter((name) => name.endsWith('/'));
    for (let next = 0; next < folders.length; next += FOLDERS_AT_ONCE)
      found.push(...(await Promise.all(folders.slice(next, next + FOLDERS_AT_ONCE).map(keysBelow))).flat());
    return found;
  }

  return {
    provider: 'vault',
    async get(key) {
      const answer = await ask({ method: 'GET', path: at('data', key) });
      // Never written (no words), or deleted (its data is null).
      if (answer.status === 404 && !hasErrors(answer)) return undefined;
      const data = answer.body?.data as { data?: JsonObject | null } | undefined;
      if (answer.status !== 200 || typeof data?.data !== 'object' || data.data === null)
        throw refusal(`Vault does not give the secret ${shown(key)}`, answer);
      return fromFields(data.data);
    },
    async list() {
      const keys = await keysBelow('');
      return keys.sort().map((key): SecretEntry => ({ key, created_at: null, updated_at: null, hidden: false }));
    },
    async set(key, value, { hidden, schema, onlyNew = false } = {}) {
      if (schema !== undefined) throw new SecretsUnavailable('Vault keeps no schemas of secrets: leave --schema out');
      if (hidden) throw new SecretsUnavailable('Vault knows no hidden values: its policies say who may read a secret');
      const body = { data: toFields(value), ...(onlyNew ? { options: { cas: 0 } } : {}) };
      const answer = await ask({ method: 'POST', path: at('data', key), body });
      if (onlyNew && answer.status === 400 && JSON.stringify(answer.body?.errors ?? '').includes('check-and-set'))
        throw new SecretExists(key);
      if (answer.status !== 200) throw refusal(`Vault does not take the secret ${shown(key)}`, answer);
    },
    async delete(key) {
      const before = await ask({ method: 'GET', path: at('metadata', key) });
      if (before.status === 404 && !hasErrors(before)) return false;
      // All versions: what is deleted is not to be found by whoever lists or undeletes.
      const answer = await ask({ method: 'DELETE', path: at('metadata', key) });
      if (answer.status !== 204 && answer.status !== 200)
        throw refusal(`Vault does not delete the secret ${shown(key)}`, answer);
      return true;
    },
  };
}

const hasErrors = ({ body }: VaultAnswer): boolean => Array.isArray(body?.errors) && body.errors.length > 0;

/** A key may lead into folders, and never out of its own. */
function segmentsOf(key: string): string[] {
  const segments = key.split('/');
  if (segments.some((segment) => segment === '' || segment === '.' || segment === '..'))
    throw new SecretsUnavailable(`not a key of Vault: ${JSON.stringify(key)}`);
  return segments;
}

function fromFields(fields: JsonObject): Json {
  const names = Object.keys(fields);
  return names.length === 1 && names[0] === 'value' ? (fields.value ?? null) : fields;
}

/** Everything that would come back as something else is put under `value`. */
function toFields(value: Json): JsonObject {
  const isFields =
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).join() !== 'value';
  return isFields ? (value as JsonObject) : { value };
}

async function tlsOf({ caFile, certFile, certKeyFile, serverName }: VaultSettings): Promise<VaultTls> {
  const read = async (file: string | undefined): Promise<string | undefined> =>
    file === undefined
      ? undefined
      : await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
          throw new Error(`a certificate for Vault cannot be read: ${file} (${error.code})`);
        });
  const [ca, cert, key] = await Promise.all([read(caFile), read(certFile), read(certKeyFile)]);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}
