/** Tells in the artifact store what this worker serves. That it cannot be told is no reason to serve nothing. */
import { hostname } from 'node:os';
import { identify } from '../client/stack/process.js';
import type { Plugin } from '../plugins/sdk/define.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { announceWorker, retractDeadWorkers, retractWorker } from '../store/worker-announcements.js';
import type { ServeOptions } from './serve.js';

export interface Announcer {
  /** @param workflows keys of the stored code that was taken in; @default as before */
  tell(workflows?: readonly string[]): Promise<void>;
  retract(): Promise<void>;
}

export function announcing(
  store: ArtifactStore,
  { settings, log }: ServeOptions,
  identity: string,
  plugins: readonly Plugin[],
): Announcer {
  const operations = plugins.flatMap(({ name, operations }) => Object.keys(operations).map((one) => `${name}.${one}`));
  let taken: readonly string[] = [];
  let last: Promise<void> = Promise.resolve();
  const quietly = (work: () => Promise<void>): Promise<void> => {
    // One after the other: an older word must not overwrite a newer one.
    last = last.then(work).catch((error) => log.warn('what this worker serves cannot be announced', { error }));
    return last;
  };
  // One in a container that shares the machine's name is not seen from here: it tells of itself again soon.
  void quietly(
    async () => await retractDeadWorkers(store, hostname(), async (pid) => (await identify(pid)) !== undefined),
  );
  return {
    tell(workflows) {
      // `plugins/HASH.json` → HASH
      if (workflows) taken = workflows.map((key) => key.slice(key.lastIndexOf('/') + 1).replace(/\.json$/, ''));
      return quietly(
        async () =>
          await announceWorker(store, {
            identity,
            namespace: settings.connection.namespace,
            task_queue: settings.taskQueue,
            beat_at: new Date().toISOString(),
            operations,
            workflows: taken,
          }),
      );
    },
    retract: () => quietly(async () => await retractWorker(store, identity)),
  };
}
