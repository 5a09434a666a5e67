/** The node instances of a deployment as they were: after an event of an execution, or at a time. */
import { executionFolder } from '../activities/journal.js';
import type { NodeInstance } from '../graph/state.js';
import { changesQuery, type ExecutionRecord, executionWorkflowId, type InstanceChange } from '../workflows/messages.js';
import { ask } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { getDeployment, getInstances } from './deployments.js';
import { CaissonError, notFound } from './errors.js';
import { linesOf } from './events/lines-of.js';
import type { ExecutionReference } from './executions.js';

/** After an event, by its sequence in the journal of an execution; or at a moment. */
export type Moment =
  | { readonly event: number; readonly execution: ExecutionReference }
  /** RFC 3339, UTC. */
  | { readonly time: string; readonly deployment_id: string };

/**
 * What the instances of a deployment were at a moment, from what executions recorded of their changes.
 *
 * What was written by hand between two executions counts from the begin of the second.
 *
 * @throws CaissonError (not-found) for a moment before the deployment's first execution
 */
export async function instancesAt(connection: CaissonConnection, moment: Moment): Promise<readonly NodeInstance[]> {
  if ('event' in moment) {
    const { event, execution } = moment;
    return await replay(connection, execution, ({ sequence }) => sequence <= event);
  }
  const { time, deployment_id } = moment;
  const { executions, created_at } = await getDeployment(connection, deployment_id);
  if (time < created_at)
    throw notFound('state', `of ${deployment_id} at ${time}`, `the deployment was made at ${created_at}`);
  const record = executionAt(executions, time);
  if (record) return await replay(connection, { deployment_id, id: record.id }, ({ timestamp }) => timestamp <= time);
  const first = executions.find(({ started_at }) => started_at !== null);
  if (!first) return await getInstances(connection, deployment_id);
  // Before its first execution: as that one found them.
  return await replay(connection, { deployment_id, id: first.id }, ({ sequence }, at) => sequence === 0 && at === 0);
}

/** The latest execution that had begun by then. */
function executionAt(executions: readonly ExecutionRecord[], time: string): ExecutionRecord | undefined {
  return executions.findLast(({ started_at }) => started_at !== null && started_at <= time);
}

async function replay(
  connection: CaissonConnection,
  execution: ExecutionReference,
  counts: (change: InstanceChange, at: number) => boolean,
): Promise<readonly NodeInstance[]> {
  const instances = new Map<string, NodeInstance>();
  for (const [at, change] of (await changesOf(connection, execution)).entries()) {
    // The first holds the instances as the execution found them.
    if (at > 0 && !counts(change, at)) break;
    if ('instances' in change) {
      instances.clear();
      for (const instance of change.instances) instances.set(instance.id, instance);
    } else {
      const known = instances.get(change.id);
      if (known) instances.set(change.id, { ...known, ...change.fields });
    }
  }
  return [...instances.values()];
}

/** Every change of an execution in order: from the store what is written, from the run what is not. */
async function changesOf(
  connection: CaissonConnection,
  { deployment_id, id }: ExecutionReference,
): Promise<readonly InstanceChange[]> {
  const workflowId = executionWorkflowId(deployment_id, id);
  const changes = await storedChanges(connection, workflowId);
  try {
    for (;;) {
      const page = await ask(connection, workflowId, changesQuery, [{ from: changes.length }], () => undefined);
      if (page.first > changes.length) {
        // The run continued as new after the store was read.
        changes.push(...(await storedChanges(connection, workflowId)).slice(changes.length));
        if (page.first > changes.length) break;
        continue;
      }
      changes.push(...page.changes);
      if (changes.length >= page.length) return changes;
    }
  } catch (error) {
    // The server keeps ended runs for a while; the store keeps what they wrote.
    if (changes.length === 0) throw error;
    return changes;
  }
  throw new CaissonError(
    'not-found',
    'C4011',
    `the artifact store has lost changes that ${id} of ${deployment_id} recorded`,
  );
}

async function storedChanges({ store }: CaissonConnection, workflowId: string): Promise<InstanceChange[]> {
  const changes: InstanceChange[] = [];
  for (const key of await store.list(`${executionFolder('changes', workflowId)}/part-`)) {
    const first = Number(/part-(\d+)/.exec(key)?.[1]);
    // A part after a gap tells nothing.
    if (first !== changes.length) break;
    changes.push(...(linesOf(await store.get(key)) as InstanceChange[]));
  }
  return changes;
}
