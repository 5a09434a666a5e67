/** A worker in a terminal or a container: `caisson worker run`. */
import type { Settings } from '../client/settings.js';
import { checkCredentials } from '../client/stack/reach.js';
import { up } from '../client/stack/up.js';
import { workerLog } from './log.js';
import { takePrivate } from './private-environment.js';
import { serve } from './serve.js';

/**
 * Serves until SIGTERM or SIGINT. A second one ends at once. Without a configured server it joins the embedded one.
 *
 * @throws CaissonError when the server is there and refuses the credentials; one that is away is waited for
 */
export async function runInForeground(settings: Settings): Promise<void> {
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';
  const configured = settings.connection.address;
  if (configured !== undefined) await checkCredentials({ ...settings.connection, address: configured });
  const address = configured ?? (await up(settings)).server.address;
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(130);
      stop.abort();
    });
  await serve({
    settings: { ...settings, connection: { ...settings.connection, address } },
    log: workerLog(undefined),
    environment: takePrivate(process.env),
    signal: stop.signal,
  });
}
