/** Who serves a task queue: the workers that Temporal has seen lately. */
import type { CaissonConnection } from '../connection.js';

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

/** What to tell about a task queue that nobody serves; undefined when somebody does, or it cannot be told. */
export async function deserted(connection: CaissonConnection): Promise<string | undefined> {
  const { taskQueue, namespace, address } = connection;
  const pollers = await pollersOf(connection, taskQueue).catch(() => undefined);
  return pollers?.length === 0
    ? `No worker serves the task queue ${taskQueue} (namespace ${namespace} of ${address}): nothing runs until one ` +
        'does. Start one where operations are to run: caisson worker run'
    : undefined;
}
