/** A Temporal server in memory, for the length of a test. */
import { spawn } from 'node:child_process';
import { loadSettings } from '../client/settings.js';
import { freePort } from '../client/stack/ports.js';
import { becomesServing } from '../client/stack/serving.js';
import { findTemporal } from '../client/stack/temporal/binary.js';
import { binaryOptions } from '../client/stack/up.js';

const PATIENCE_MS = 60_000;

export async function ownServer(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const { settings } = await loadSettings({ download: true });
  const { path } = await findTemporal(binaryOptions(settings));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const server = spawn(
    path,
    ['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'never'],
    { stdio: 'ignore' },
  );
  // A test that ends without closing the stage does not leave it behind.
  const end = (): void => void server.kill('SIGKILL');
  process.once('exit', end);
  await becomesServing(server, address, PATIENCE_MS);
  return {
    address,
    async close() {
      process.off('exit', end);
      if (server.exitCode !== null) return;
      const gone = new Promise((resolve) => server.once('exit', resolve));
      end();
      await gone;
    },
  };
}
