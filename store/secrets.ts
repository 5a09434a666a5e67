/**
 * Secrets by key: from the environment (`CAISSON_SECRET_<KEY>`), else from the provider that the settings choose: an
 * encrypted file, files that somebody else puts in place, or HashiCorp Vault.
 */
import path from 'node:path';
import type { Json } from '../blueprint/json.js';
import { mountedSecrets } from './mounted-secrets.js';
import { secretFile } from './secret-file.js';
import { givenKeys, keyFile } from './secret-keys.js';
import type { VaultSettings } from './vault/settings.js';

export interface SecretEntry {
  readonly key: string;
  /** RFC 3339; null where the provider does not tell. */
  readonly created_at: string | null;
  readonly updated_at: string | null;
  /** Not to be shown to people; operations get it. */
  readonly hidden: boolean;
  /** JSON Schema that its values are checked against when they are stored. */
  readonly schema?: Json;
}

export interface SetOptions {
  readonly hidden?: boolean | undefined;
  /** Kept with it. @default the one it has */
  readonly schema?: Json | undefined;
  /** @throws SecretExists instead of replacing one */
  readonly onlyNew?: boolean;
}

export interface Rotation {
  /** How many were encrypted anew. */
  readonly secrets: number;
  /** Id of the key that encrypts now. */
  readonly key: string;
  /** Ids of keys that nothing needs any more and that the settings still give. */
  readonly still_given: readonly string[];
}

export interface SecretStore {
  readonly provider: 'file' | 'files' | 'environment' | 'vault';
  get(key: string): Promise<Json | undefined>;
  /** Sorted by key, without values. Those of the environment are not listed: their spelling is lost there. */
  list(): Promise<readonly SecretEntry[]>;
  /** Absent where secrets can only be read. */
  set?(key: string, value: Json, options?: SetOptions): Promise<void>;
  /** @returns whether there was one */
  delete?(key: string): Promise<boolean>;
  /** Encrypts everything anew. Absent where somebody else keeps the keys. */
  rotate?(): Promise<Rotation>;
}

export class SecretExists extends Error {
  override readonly name = 'SecretExists';

  constructor(key: string) {
    super(`a secret ${key} exists`);
  }
}

/** The provider cannot be asked, or refuses: that says nothing about whether there is such a secret. */
export class SecretsUnavailable extends Error {
  override readonly name = 'SecretsUnavailable';
}

export interface SecretSettings {
  /**
   * A folder, which holds `secrets.json` and unless given otherwise its key; `files:FOLDER`, one file for each;
   * `environment:`, nothing but variables; `vault:MOUNT` or `vault:MOUNT/PREFIX`, a key-value engine of Vault.
   */
  readonly location: string;
  /** Keys of the file, instead of a key file. */
  readonly keys?: string;
  /** @default secrets.key in the folder */
  readonly keyFile?: string;
  readonly vault?: VaultSettings;
}

export interface SecretSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Runs work while no other process runs any under the same name. @default no other process is expected */
  readonly exclusive?: <Result>(file: string, work: () => Promise<Result>) => Promise<Result>;
}

/** The variable that gives a secret: `db-password` is `CAISSON_SECRET_DB_PASSWORD`. */
export function secretVariable(key: string): string {
  return `CAISSON_SECRET_${key.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`;
}

/** @throws Error for a kind of provider that there is not, or settings that it cannot use */
export async function openSecrets(settings: SecretSettings, surroundings: SecretSurroundings): Promise<SecretStore> {
  const { environment } = surroundings;
  const provider = await providerOf(settings, surroundings);
  return { ...provider, get: async (key) => environment[secretVariable(key)] ?? (await provider.get(key)) };
}

async function providerOf(settings: SecretSettings, { exclusive }: SecretSurroundings): Promise<SecretStore> {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+]+):(.*)$/i.exec(settings.location) ?? [];
  switch (scheme?.toLowerCase()) {
    case undefined: {
      const folder = settings.location;
      const file = path.join(folder, 'secrets.json');
      return secretFile({
        file,
        keys:
          settings.keys === undefined
            ? keyFile(settings.keyFile ?? path.join(folder, 'secrets.key'))
            : givenKeys(settings.keys),
        exclusive: async (work) =>
          exclusive ? await exclusive(path.join(folder, 'secrets.lock'), work) : await work(),
      });
    }
    case 'environment':
      return { provider: 'environment', get: async () => undefined, list: async () => [] };
    case 'files':
      return mountedSecrets(rest);
    case 'vault': {
      const { vaultSecrets } = await import('./vault/secrets.js');
      return await vaultSecrets(rest, settings.vault ?? {});
    }
    default:
      throw new Error(
        `secrets cannot be kept at ${scheme}: use a folder, files:FOLDER, environment: or vault:MOUNT/PREFIX`,
      );
  }
}
