/** A Temporal dev server of a test's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { isServing } from '../../client/stack/grpc.js';
import { freePort } from '../../client/stack/ports.js';
import { temporalBinary } from './binary.js';

export interface DevServer {
  readonly address: string;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
}

export interface DevServerOptions {
  /** In memory without one. */
  readonly database?: string;
  readonly port?: number;
  readonly namespace?: string;
}

export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const port = options.port ?? (await freePort());
  const server = spawn(await temporalBinary(), argumentsFor(options, port), { stdio: 'ignore' });
  const address = `127.0.0.1:${port}`;
  await serving(address, server);
  return {
    address,
    async kill() {
      if (server.exitCode !== null || server.signalCode !== null) return;
      const gone = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGKILL');
      await gone;
    },
  };
}

function argumentsFor({ database, namespace }: DevServerOptions, port: number): string[] {
  return [
    ...['server', 'start-dev', '--headless', '--ip', '127.0.0.1', '--port', String(port), '--log-level', 'never'],
    ...['--dynamic-config-value', 'history.timerProcessorMaxTimeShift="10ms"'],
    ...(namespace === undefined ? [] : ['--namespace', namespace]),
    ...(database === undefined ? [] : ['--db-filename', database, '--sqlite-pragma', 'journal_mode=WAL']),
  ];
}

const PATIENCE_MS = 20_000;

async function serving(address: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isServing({ address, namespace: 'default' }))) {
    if (server.exitCode !== null) throw new Error(`the Temporal server ended with code ${server.exitCode}`);
    if (Date.now() > deadline) {
      server.kill('SIGKILL');
      throw new Error(`the Temporal server at ${address} does not serve`);
    }
    await pause(100);
  }
}
