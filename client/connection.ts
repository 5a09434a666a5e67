/** The way to Temporal for everything that a client does: a configured server, or the embedded one. */
import type { Client, ConnectionOptions } from '@temporalio/client';
import type { ArtifactStore } from '../store/artifact-store.js';
import type { EncryptionKeys } from '../store/encryption.js';
import { CaissonError } from './errors.js';
import type { ConnectionSettings, Settings } from './settings.js';
import type { Stack, StackStep } from './stack/up.js';

/** A connection to Temporal and to the artifact store. Made by `connect`; to be closed. */
export interface CaissonConnection {
  readonly client: Client;
  readonly namespace: string;
  /** HOST:PORT */
  readonly address: string;
  readonly taskQueue: string;
  /** The server is one that Caisson started on this machine. */
  readonly embedded: boolean;
  readonly store: ArtifactStore;
  /** Whether the namespace knows Caisson's search attributes, so that workflows may set them. Asked once. */
  searchAttributes(): Promise<boolean>;
  /** The page of a workflow in the Temporal UI. */
  uiUrl(workflowId: string, runId?: string): string;
  /** Starts again what of the embedded stack has died; does nothing for a configured server. */
  keepUp(): Promise<void>;
  close(): Promise<void>;
}

/** How `connect` goes about it. */
export interface ConnectOptions {
  /**
   * Bring the embedded stack up if no server is configured and it does not run.
   * @default true
   */
  readonly autoStart?: boolean;
  readonly onStep?: (step: StackStep) => void;
}

/**
 * Connects to the configured server; without one to the embedded one, which is started if need be.
 *
 * @throws CaissonError of kind `unreachable` or `permission`, with what was tried and what to do
 * @example
 * const { settings } = await loadSettings();
 * const connection = await connect(settings);
 * try { … } finally { await connection.close(); }
 */
export async function connect(settings: Settings, options: ConnectOptions = {}): Promise<CaissonConnection> {
  // Loading it takes longest, so it begins first.
  const loading = import('@temporalio/client');
  loading.catch(() => undefined);
  const embedded = settings.connection.address === undefined;
  let stack = embedded ? await embeddedStack(settings, options) : undefined;
  const { address } = settings.connection;
  const [{ Client, Connection }, { repeatBrokenOff }, { createDataConverter }, { artifactStoreOf }, encryption] =
    await Promise.all([
      loading,
      import('./broken-off.js'),
      import('../store/data-converter.js'),
      import('./artifacts.js'),
      settings.encryption && keysOf(settings.encryption),
      // Takes no time beside the loading, and tells at once what Temporal's client tells after ten seconds.
      address === undefined
        ? undefined
        : (await import('./stack/reach.js')).checkReach({ ...settings.connection, address }),
    ]);
  const store = artifactStoreOf(settings);
  const reached = (): ConnectionSettings & { readonly address: string } => ({
    ...settings.connection,
    address: settings.connection.address ?? stack!.server.address,
  });
  const open = async () =>
    await Connection.connect({ ...connectionOptions(reached()), connectTimeout: embedded ? '3s' : '10s' });
  const connection = await open()
    .catch(async (error: unknown) => {
      // Its process was there a moment ago: it is dying, or stuck. Bringing the stack up looks closer.
      if (!embedded || options.autoStart === false || !settings.embedded) throw error;
      const { up } = await import('./stack/up.js');
      stack = await up(settings, options.onStep ? { onStep: options.onStep } : {});
      return await open();
    })
    .catch(async (error: unknown) => {
      if (error instanceof CaissonError) throw error;
      const { unreachable } = await import('./stack/reach.js');
      throw await unreachable(reached(), error);
    });
  const target = reached();
  const { namespace } = target;
  const client = new Client({
    connection,
    namespace,
    dataConverter: createDataConverter(store, encryption),
    interceptors: { workflow: [repeatBrokenOff] },
  });
  const base = settings.uiUrl ?? stack?.server.ui_url ?? guessedUi(target.address);
  let known: Promise<boolean> | undefined;
  return {
    client,
    namespace,
    address: target.address,
    taskQueue: settings.taskQueue,
    embedded: stack !== undefined,
    store,
    async searchAttributes() {
      // The embedded server was started with them, for its first namespace.
      known ??= stack && namespace === 'default' ? Promise.resolve(true) : knowsSearchAttributes(client);
      return await known;
    },
    uiUrl(workflowId, runId) {
      const run = runId === undefined ? '' : `/${runId}/history`;
      return `${base}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}${run}`;
    },
    async keepUp() {
      if (!stack || options.autoStart === false || !settings.embedded) return;
      const { up } = await import('./stack/up.js');
      await up(settings);
    },
    close: async () => await connection.close(),
  };
}

/** @throws CaissonError for what is no key */
export async function keysOf(given: NonNullable<Settings['encryption']>): Promise<EncryptionKeys | undefined> {
  const { encryptionKeys } = await import('../store/encryption.js');
  return await encryptionKeys(given).catch((error: Error) => {
    throw new CaissonError('usage', 'C1006', error.message, {
      hint: 'see: caisson config list --origin',
      cause: error,
    });
  });
}

/** The Temporal UI in use, as far as it is known without asking a server. */
export async function uiOf(settings: Settings): Promise<string | undefined> {
  const { address } = settings.connection;
  if (settings.uiUrl !== undefined) return settings.uiUrl;
  if (address !== undefined) return guessedUi(address);
  const { stackStatus } = await import('./stack/up.js');
  return (await stackStatus(settings)).server?.ui_url;
}

async function embeddedStack(settings: Settings, { autoStart = true, onStep }: ConnectOptions): Promise<Stack> {
  const { runningStack, up } = await import('./stack/up.js');
  const running = await runningStack(settings);
  if (running) return running;
  if (autoStart && settings.embedded) return await up(settings, onStep ? { onStep } : {});
  throw new CaissonError('unreachable', 'C5003', 'no Temporal server is configured, and none runs on this machine', {
    hint: settings.embedded
      ? 'start one with: caisson up; or name yours: TEMPORAL_ADDRESS=host:port'
      : 'name yours: --address host:port, TEMPORAL_ADDRESS or a profile of temporal.toml; the setting embedded forbids to start one',
  });
}

export function connectionOptions({ address, apiKey, tls, metadata }: ConnectionSettings): ConnectionOptions {
  return {
    ...(address === undefined ? {} : { address }),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls: tls as NonNullable<ConnectionOptions['tls']> }),
    ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
  };
}

/** Temporal Cloud's page; the dev server's for this machine; else the port that Temporal's own compose files use. */
function guessedUi(address: string): string {
  const [, host = '', port = '7233'] = /^(.*?)(?::(\d+))?$/.exec(address) ?? [];
  if (/\.tmprl\.cloud$|\.api\.temporal\.io$/.test(host)) return 'https://cloud.temporal.io';
  const isHere = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(host);
  return isHere ? `http://${host}:${Number(port) + 1000}` : `http://${host}:8080`;
}

async function knowsSearchAttributes(client: Client): Promise<boolean> {
  const { SEARCH_ATTRIBUTES } = await import('../workflows/search-attributes.js');
  try {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
      namespace: client.options.namespace,
    });
    return SEARCH_ATTRIBUTES.every((name) => customAttributes?.[name] !== undefined);
  } catch {
    return false;
  }
}
