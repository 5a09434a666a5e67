/** Who serves a task queue: the workers that Temporal has seen lately. */
import type { CaissonConnection } from '../connection.js';
import { CaissonError } from '../errors.js';

export interface Poller {
  /** `caisson@HOST:PID` for ours. */
  readonly identity: string;
  /** RFC 3339 */
  readonly last_seen_at: string;
  /** What it polls for. */
  readonly serves: readonly ('workflows' | 'operations')[];
}

/** WORKFLOW and ACTIVITY of Temporal's TaskQueueType. */
const KINDS = [
  [1, 'workflows'],
  [2, 'operations'],
] as const;

export async function pollersOf(
  { client, namespace }: Pick<CaissonConnection, 'client' | 'namespace'>,
  taskQueue: string,
): Promise<readonly Poller[]> {
  const found = new Map<string, { last: number; serves: ('workflows' | 'operations')[] }>();
  for (const [taskQueueType, serves] of KINDS) {
    const { pollers } = await client.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType,
    });
    for (const { identity, lastAccessTime } of pollers ?? []) {
      const seen = Number(lastAccessTime?.seconds ?? 0) * 1000 + Math.floor((lastAccessTime?.nanos ?? 0) / 1e6);
      const known = found.get(identity ?? '') ?? { last: 0, serves: [] };
      found.set(identity ?? '', { last: Math.max(known.last, seen), serves: [...known.serves, serves] });
    }
  }
  return [...found]
    .map(([identity, { last, serves }]) => ({ identity, last_seen_at: new Date(last).toISOString(), serves }))
    .sort((a, b) => (a.identity < b.identity ? -1 : 1));
}

/** The error for a task queue that nobody serves: with a server of one's own, workers are one's own too. */
export function noWorker({ embedded, taskQueue, address, namespace }: CaissonConnection): CaissonError {
  return new CaissonError(
    'unreachable',
    'C5008',
    `no worker serves the task queue ${taskQueue} in namespace ${namespace} of ${address}`,
    { hint: embedded ? 'start one with: caisson up' : 'start one where operations are to run: caisson worker run' },
  );
}
