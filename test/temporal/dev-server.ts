/** A Temporal dev server of a test's own. */
import { spawn } from 'node:child_process';
import { freePort } from '../../client/stack/ports.js';
import { becomesServing } from '../../client/stack/serving.js';
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
  await becomesServing(server, address, PATIENCE_MS);
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
