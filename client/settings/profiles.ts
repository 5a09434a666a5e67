/** All profiles of the `temporal` command's configuration file. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import type { ClientConfigProfile } from '@temporalio/envconfig';
import { CaissonError } from '../errors.js';
import { temporalConfigFile } from './folders.js';

export interface Profiles {
  readonly file: string;
  readonly active: string;
  readonly profiles: Readonly<Record<string, ClientConfigProfile>>;
}

export async function loadProfiles(
  chosen: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Profiles> {
  const platform = { name: process.platform, homedir: environment.HOME ?? homedir(), environment };
  const file = environment.TEMPORAL_CONFIG_FILE ?? temporalConfigFile(platform);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '[profile]';
    throw error;
  });
  const { loadClientConfigFromToml } = await import('@temporalio/envconfig');
  try {
    const { profiles } = loadClientConfigFromToml(Buffer.from(text), { strict: false });
    return { file, active: chosen ?? environment.TEMPORAL_PROFILE ?? 'default', profiles };
  } catch (error) {
    throw new CaissonError('usage', 'C1005', `${file}: ${(error as Error).message}`, { cause: error });
  }
}
