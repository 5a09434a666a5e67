/** A worker's way to its server, which may be away at the start and later. */
import { setTimeout as pause } from 'node:timers/promises';
import { NativeConnection } from '@temporalio/worker';
import type { ConnectionSettings } from '../client/settings.js';
import { reach } from '../client/stack/reach.js';
import type { Reporter } from './reporter.js';
import type { ServeOptions } from './serve.js';

/** Between two attempts. */
const PAUSE_MS = 2_000;
/** How long the server may take to answer. */
const PATIENCE_MS = 5_000;

/** A connection, however long it takes; undefined when told to stop meanwhile. */
export async function connected(
  { settings, log, signal }: ServeOptions,
  onAbsence: () => void,
): Promise<NativeConnection | undefined> {
  for (let attempt = 0; !signal.aborted; attempt += 1) {
    try {
      return await connect(settings.connection);
    } catch (error) {
      if (attempt % 30 === 0)
        log.warn(`no connection to ${settings.connection.address}; trying on`, {
          why: await whyNot(settings.connection),
          error,
        });
      onAbsence();
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  return undefined;
}

/** In which step it fails, and how: the SDK's own words are of its transport. */
async function whyNot({ address, ...connection }: ConnectionSettings): Promise<string | undefined> {
  const failed = (await reach({ ...connection, address: address ?? '127.0.0.1:7233' })).find(({ ok }) => !ok);
  return failed && `${failed.step}: ${failed.detail}`;
}

export async function connect({ address, apiKey, tls, metadata }: ConnectionSettings): Promise<NativeConnection> {
  return await NativeConnection.connect({
    address: address ?? '127.0.0.1:7233',
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(tls === undefined ? {} : { tls: tls as never }),
    ...(metadata === undefined ? {} : { metadata }),
  });
}

/** Whether the server still answers. The polls themselves go on for ever and need no help. */
export async function look(
  connection: NativeConnection,
  { signal, log }: Pick<ServeOptions, 'signal' | 'log'>,
  health: Reporter,
): Promise<void> {
  let error: unknown;
  const answers = await connection
    .withDeadline(Date.now() + PATIENCE_MS, () => connection.workflowService.getSystemInfo({}))
    .then(
      () => true,
      (thrown: unknown) => {
        error = thrown;
        return false;
      },
    );
  if (signal.aborted) return;
  const { state } = health.now();
  if (!answers && state === 'polling') log.warn('the server does not answer; the worker waits for it', { error });
  if (answers && state === 'disconnected') log.info('the server answers again');
  await health.tell(answers ? 'polling' : 'disconnected');
}
