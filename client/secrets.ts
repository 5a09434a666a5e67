/** The secrets that the settings choose, as commands and workers use them. */
import { openSecrets, type SecretStore } from '../store/secrets.js';
import { CaissonError } from './errors.js';
import type { Settings } from './settings.js';

/** For a worker. @throws Error for settings that cannot be used */
export async function secretsOf(
  { secrets }: Pick<Settings, 'secrets'>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SecretStore> {
  const { withLock } = await import('./stack/lock.js');
  return await openSecrets(secrets, { environment, exclusive: withLock });
}

/** For a command: what its methods throw tells a person what to do. @throws CaissonError */
export async function secretsHere(settings: Pick<Settings, 'secrets'>): Promise<SecretStore> {
  const store = await secretsOf(settings, process.env).catch((error: unknown) => {
    throw told(error);
  });
  const { set, delete: remove, rotate } = store;
  return {
    ...store,
    get: async (key) => await asked(store.get(key)),
    list: async () => await asked(store.list()),
    ...(set ? { set: async (...args) => await asked(set(...args)) } : {}),
    ...(remove ? { delete: async (key) => await asked(remove(key)) } : {}),
    ...(rotate ? { rotate: async () => await asked(rotate()) } : {}),
  };
}

async function asked<Result>(asking: Promise<Result>): Promise<Result> {
  return await asking.catch((error: unknown) => {
    throw told(error);
  });
}

function told(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'SecretExists')
    return new CaissonError('conflict', 'C4002', error.message, { hint: 'replace it with -u', cause: error });
  return new CaissonError('usage', 'C1009', error.message, { hint: 'see: caisson config list --origin', cause: error });
}
