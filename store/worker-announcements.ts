/**
 * What the workers of a task queue serve, told by each in the artifact store. Temporal knows who polls, but not which
 * operations it could run.
 */
import type { ArtifactStore } from './artifact-store.js';

const FOLDER = 'workers/';
/** A worker that has not told of itself for this long has died. */
const LIVE_MS = 90_000;
/** What dead workers have left is removed after this long. */
const KEPT_MS = 3_600_000;

export interface WorkerAnnouncement {
  /** As Temporal shows it: `caisson@HOST:PID`. */
  readonly identity: string;
  readonly namespace: string;
  readonly task_queue: string;
  /** RFC 3339: it was alive at this time. */
  readonly beat_at: string;
  /** Operations of the plugins that it has itself, built in or in folders: `script.run`. Packages come on top. */
  readonly operations: readonly string[];
  /** Archives of the plugin packages and blueprints whose workflows it has taken in. */
  readonly workflows: readonly string[];
}

export async function announceWorker(store: ArtifactStore, told: WorkerAnnouncement): Promise<void> {
  await store.put(keyOf(told.identity), Buffer.from(JSON.stringify(told)));
}

export async function retractWorker(store: ArtifactStore, identity: string): Promise<void> {
  await store.delete(keyOf(identity));
}

/** The workers of a task queue that are alive. */
export async function announcedWorkers(
  store: ArtifactStore,
  { namespace, taskQueue }: { readonly namespace: string; readonly taskQueue: string },
  now: number = Date.now(),
): Promise<WorkerAnnouncement[]> {
  const found: WorkerAnnouncement[] = [];
  for (const key of await store.list(FOLDER)) {
    const bytes = await store.get(key);
    const told = bytes && (JSON.parse(Buffer.from(bytes).toString('utf8')) as WorkerAnnouncement);
    if (!told) continue;
    const age = now - Date.parse(told.beat_at);
    if (age > KEPT_MS) await store.delete(key);
    else if (age <= LIVE_MS && told.namespace === namespace && told.task_queue === taskQueue) found.push(told);
  }
  return found;
}

/**
 * Removes what workers of a machine told that are not there any more: waited for, they would be waited for in vain.
 *
 * @param isThere whether a process of that id lives on the machine
 */
export async function retractDeadWorkers(
  store: ArtifactStore,
  machine: string,
  isThere: (pid: number) => Promise<boolean>,
): Promise<void> {
  const own = keyOf(`caisson@${machine}:`).replace(/\.json$/, '');
  for (const key of await store.list(own)) {
    const pid = /^(\d+)\.json$/.exec(key.slice(own.length))?.[1];
    if (pid !== undefined && !(await isThere(Number(pid)))) await store.delete(key);
  }
}

const keyOf = (identity: string): string => `${FOLDER}${identity.replaceAll(/[^\w.@-]/g, '_')}.json`;
