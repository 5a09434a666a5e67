/** What a command works with: settings, connection and installed plugins, opened when first asked for. */
import type { Catalog } from '../plugins/catalog.js';
import type { SecretStore } from '../store/secrets.js';
import type { GlobalOptions } from './commands/definition.js';
import type { CaissonConnection } from './connection.js';
import type { Io } from './output/io.js';
import type { LoadedSettings, SettingFlags } from './settings.js';

export interface Session {
  readonly settings: LoadedSettings['settings'];
  readonly connection: CaissonConnection;
}

export function settingFlags({ address, namespace, profile, embedded }: GlobalOptions): SettingFlags {
  return { address, namespace, profile, ...(embedded ? {} : { embedded: false }) };
}

/**
 * The plugins that blueprints may import here: see {@link pluginCatalog}.
 *
 * @param io where nothing is going to be made of them: is told of a store that cannot be reached
 */
export async function installedPlugins(global: GlobalOptions, io?: Pick<Io, 'err'>): Promise<Catalog> {
  const { loadSettings } = await import('./settings.js');
  const { pluginCatalog } = await import('./plugin-catalog.js');
  const { settings } = await loadSettings(settingFlags(global));
  return await pluginCatalog(settings, io ? { tell: (text) => io.err(`warning: ${text}`) } : {}).catch(
    async (error: Error) => {
      if (error.name !== 'PluginRefused') throw error;
      const { CaissonError } = await import('./errors.js');
      throw new CaissonError('usage', 'C1008', error.message, {
        cause: error,
        hint: 'mend it, or take its folder out of the setting plugins (CAISSON_PLUGINS)',
      });
    },
  );
}

/** Connects (starting a server on this machine if none is configured), runs, and closes the connection whatever happens. */
export async function withSession<Result>(
  global: GlobalOptions,
  io: Io,
  run: (session: Session) => Promise<Result>,
): Promise<Result> {
  const { loadSettings } = await import('./settings.js');
  const { connect } = await import('./connection.js');
  const { tellSteps } = await import('./output/stack-steps.js');
  const { settings } = await loadSettings(settingFlags(global));
  const connection = await connect(settings, { onStep: tellSteps(io, global.quiet) });
  // With a server of one's own, workers are one's own too: without one, commands would wait for no told reason.
  const told = connection.embedded ? undefined : tellDeserted(connection, io);
  try {
    return await run({ settings, connection });
  } finally {
    await told;
    await connection.close();
  }
}

async function tellDeserted(connection: CaissonConnection, io: Io): Promise<void> {
  const { deserted } = await import('./stack/pollers.js');
  const text = await deserted(connection);
  if (text !== undefined) io.err(text);
}

/** The secrets that the settings choose. @throws CaissonError for settings that cannot be used */
export async function secretsOf(global: GlobalOptions): Promise<SecretStore> {
  const { loadSettings } = await import('./settings.js');
  const { secretsHere } = await import('./secrets.js');
  const { settings } = await loadSettings(settingFlags(global));
  return await secretsHere(settings);
}

/**
 * Whether secrets exist: asked before anything starts, where this machine's workers are the ones that will need them.
 *
 * @returns undefined when workers elsewhere have secrets of their own
 */
export async function knownSecrets(
  global: GlobalOptions,
  needed: readonly unknown[],
): Promise<((key: string) => boolean) | undefined> {
  const { loadSettings } = await import('./settings.js');
  const { settings } = await loadSettings(settingFlags(global));
  if (needed.length === 0 || settings.connection.address !== undefined) return undefined;
  const { secretsHere } = await import('./secrets.js');
  const secrets = await secretsHere(settings);
  const known = new Set<string>();
  for (const key of needed) if (typeof key === 'string' && (await secrets.get(key)) !== undefined) known.add(key);
  return (key) => known.has(key);
}
