/** Approvals that executions wait for: listed, given, refused. */

import { listedWorkflows } from '../activities/listed-workflows.js';
import {
  type ApprovalRecord,
  decideUpdate,
  executionWorkflowId,
  type ProgressView,
  progressQuery,
} from '../workflows/messages.js';
import { ask, refusedUpdate } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { type Asker, userName } from './control.js';
import { CaissonError, conflict, notFound } from './errors.js';
import type { ExecutionReference } from './executions.js';

export interface PendingApproval {
  /** Names the approval in `approve` and `reject`. */
  readonly id: string;
  readonly deployment_id: string;
  readonly execution_id: string;
  readonly workflow_id: string;
  /** Null for an approval that a custom workflow asks for. */
  readonly node_instance_id: string | null;
  /** What is asked. */
  readonly message: string | null;
  /** Null: anybody may decide. */
  readonly approvers: readonly string[] | null;
  readonly since: string;
  /** When it fails by itself; null: never. */
  readonly until: string | null;
}

/** What running executions wait for, oldest first. */
export async function listApprovals(
  connection: CaissonConnection,
  deploymentId?: string,
): Promise<readonly PendingApproval[]> {
  const found: PendingApproval[] = [];
  for (const reference of await waitingExecutions(connection, deploymentId)) {
    const progress = await progressOf(connection, reference);
    if (progress) found.push(...approvalsIn(progress));
  }
  return found.sort((a, b) => (a.since < b.since ? -1 : 1));
}

/**
 * Decides about an approval.
 *
 * @param id as {@link listApprovals} tells it; or the id of a deployment or execution that waits for just one
 * @throws CaissonError (not-found); (conflict) when it is decided already; (permission) for somebody who may not
 */
export async function decideApproval(
  connection: CaissonConnection,
  id: string,
  approved: boolean,
  { by = userName(), comment }: Asker = {},
): Promise<ApprovalRecord & { readonly approval: PendingApproval }> {
  const approval = await findApproval(connection, id);
  const { deployment_id, execution_id } = approval;
  const handle = connection.client.workflow.getHandle(executionWorkflowId(deployment_id, execution_id));
  const decision = { task_id: approval.id, approved, by, ...(comment === undefined ? {} : { comment }) };
  try {
    const record = await refusedUpdate(handle.executeUpdate(decideUpdate, { args: [decision] }), () =>
      conflict(`execution ${execution_id} of ${deployment_id} is not running`),
    );
    return { ...record, approval };
  } catch (error) {
    if (approval.approvers && !approval.approvers.includes(by))
      throw new CaissonError('permission', 'C4010', (error as Error).message, {
        hint: `say who decides with --as, or ask one of: ${approval.approvers.join(', ')}`,
      });
    throw error;
  }
}

async function findApproval(connection: CaissonConnection, id: string): Promise<PendingApproval> {
  const all = await listApprovals(connection);
  const found = all.filter((one) => [one.id, one.execution_id, one.deployment_id].includes(id));
  const [only, another] = found;
  if (!only) throw notFound('approval', id, 'see: caisson approvals list');
  if (another)
    throw conflict(`${id} waits for ${found.length} approvals`, `say which: ${found.map((one) => one.id).join(', ')}`);
  return only;
}

/** Runs that say in their memo that they wait. */
async function waitingExecutions(
  { client }: CaissonConnection,
  deploymentId: string | undefined,
): Promise<readonly ExecutionReference[]> {
  const prefix = deploymentId === undefined ? 'execution/' : `execution/${deploymentId}/`;
  const query = `WorkflowId STARTS_WITH '${prefix.replaceAll("'", "''")}' AND ExecutionStatus = 'Running'`;
  const found: ExecutionReference[] = [];
  for await (const { workflowId, memo } of listedWorkflows(client, query)) {
    const { waiting } = (memo ?? {}) as { readonly waiting?: readonly string[] | null };
    const [, deployment_id = '', id = ''] = workflowId.split('/');
    if (waiting?.some((one) => one.startsWith('approval '))) found.push({ deployment_id, id });
  }
  return found;
}

async function progressOf(
  connection: CaissonConnection,
  { deployment_id, id }: ExecutionReference,
): Promise<ProgressView | undefined> {
  // One that has just ended waits for nothing.
  return await ask(connection, executionWorkflowId(deployment_id, id), progressQuery, [], () => undefined).catch(
    (error) => {
      if (error instanceof CaissonError) throw error;
      return undefined;
    },
  );
}

function approvalsIn({ deployment_id, execution_id, workflow_id, running }: ProgressView): PendingApproval[] {
  return running.flatMap(({ task_id, node_instance_id, started_at, waiting }) => {
    if (waiting?.kind !== 'approval') return [];
    return [
      {
        id: task_id,
        deployment_id,
        execution_id,
        workflow_id,
        node_instance_id: node_instance_id === '' ? null : node_instance_id,
        message: waiting.message ?? null,
        approvers: waiting.approvers ?? null,
        since: started_at,
        until: waiting.until ?? null,
      },
    ];
  });
}
