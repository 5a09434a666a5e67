/** Tells how the worker is, in a file and to who asks. */
import path from 'node:path';
import { writeState } from '../client/stack/state.js';
import type { WorkerHealth } from './health.js';
import type { ServeOptions } from './serve.js';

export interface Reporter {
  now(): WorkerHealth;
  /** Notes a state, the same one as before when none is given. */
  tell(state?: WorkerHealth['state']): Promise<void>;
}

export function reporter(
  { settings, healthFile, log }: ServeOptions,
  identity: string,
  plugins: readonly string[],
): Reporter {
  let state: WorkerHealth['state'] = 'starting';
  let since = new Date().toISOString();
  let told: Promise<void> = Promise.resolve();
  const now = (): WorkerHealth => ({
    pid: process.pid,
    identity,
    state,
    since,
    beat_at: new Date().toISOString(),
    address: settings.connection.address ?? '',
    namespace: settings.connection.namespace,
    task_queue: settings.taskQueue,
    plugins,
    memory_bytes: process.memoryUsage.rss(),
  });
  return {
    now,
    tell(next = state) {
      if (next !== state) {
        state = next;
        since = new Date().toISOString();
      }
      // One after the other: an older state must not overwrite a newer one.
      told = told.then(async () => {
        if (healthFile !== undefined)
          await writeState(path.resolve(healthFile), now()).catch((error) =>
            log.warn('the health file cannot be written', { error }),
          );
      });
      return told;
    },
  };
}
