/** Waiting for a Temporal server that this process has started. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { isServing } from './grpc.js';

/** @throws Error when it ends instead, or does not serve within the milliseconds; it is killed then */
export async function becomesServing(server: ChildProcess, address: string, patienceMs: number): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await isServing({ address, namespace: 'default' }))) {
    if (server.exitCode !== null) throw new Error(`the Temporal server ended with code ${server.exitCode}`);
    if (Date.now() > deadline) {
      server.kill('SIGKILL');
      throw new Error(`the Temporal server at ${address} does not serve`);
    }
    await pause(100);
  }
}
