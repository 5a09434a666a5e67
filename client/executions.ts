/** Executions: started, looked at, cancelled, resumed. An execution is one run of a workflow on a deployment. */
import { randomInt } from 'node:crypto';
import { WorkflowNotFoundError } from '@temporalio/client';
import { listedWorkflows } from '../activities/listed-workflows.js';
import type { JsonObject } from '../blueprint/json.js';
import {
  deploymentWorkflowId,
  type ExecutionOptions,
  type ExecutionRecord,
  type ExecutionRequest,
  executeUpdate,
  executionWorkflowId,
  forceCancelSignal,
} from '../workflows/messages.js';
import { refusedUpdate } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { getDeployment } from './deployments.js';
import { CaissonError, conflict, notFound } from './errors.js';

/** Names one execution. */
export interface ExecutionReference {
  readonly deployment_id: string;
  readonly id: string;
}

const ID_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A new id, readable and unique: `install-k3x9q2ma`. */
export function newExecutionId(workflow: string): string {
  const suffix = Array.from({ length: 8 }, () => ID_CHARACTERS[randomInt(ID_CHARACTERS.length)]).join('');
  return `${workflow.replaceAll(/[^A-Za-z0-9_]/g, '_')}-${suffix}`;
}

/**
 * Starts a workflow on a deployment. Asking again with the same request starts nothing new.
 *
 * @throws CaissonError (not-found), (validation) for bad parameters, (conflict) while another execution runs, or when other
 * deployments would lose what they use of this one
 */
export async function startExecution(
  connection: CaissonConnection,
  deploymentId: string,
  asked: ExecutionRequest,
): Promise<ExecutionRecord> {
  const { refusingDependents } = await import('./dependents.js');
  const request = await refusingDependents(connection, deploymentId, asked);
  const handle = connection.client.workflow.getHandle(deploymentWorkflowId(deploymentId));
  return await refusedUpdate(handle.executeUpdate(executeUpdate, { args: [request], updateId: request.id }), () =>
    notFound('deployment', deploymentId, 'see: caisson deployments list'),
  );
}

/** @throws CaissonError (not-found) */
export async function getExecution(
  connection: CaissonConnection,
  { deployment_id, id }: ExecutionReference,
): Promise<ExecutionRecord> {
  const { executions } = await getDeployment(connection, deployment_id);
  const found = executions.find((one) => one.id === id);
  if (!found) throw notFound('execution', id, `see: caisson executions list -d ${deployment_id}`);
  return found;
}

/** The record once the deployment has taken the execution's end over. */
export async function settledExecution(
  connection: CaissonConnection,
  reference: ExecutionReference,
): Promise<ExecutionRecord> {
  for (let wait = 20; ; wait = Math.min(1_000, wait * 2)) {
    const record = await getExecution(connection, reference);
    if (isEnded(record)) return record;
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

export const isEnded = ({ status }: Pick<ExecutionRecord, 'status'>): boolean =>
  status !== 'queued' && status !== 'started';

/**
 * What a user means by one word: the id of an execution, or of a deployment and so the execution that runs, or ran last.
 *
 * @throws CaissonError (not-found)
 */
export async function findExecution(
  connection: CaissonConnection,
  word: string,
  deploymentId?: string,
): Promise<ExecutionReference> {
  if (deploymentId !== undefined) return { deployment_id: deploymentId, id: word };
  const query = `WorkflowId STARTS_WITH 'execution/'`;
  for await (const { workflowId } of listedWorkflows(connection.client, query)) {
    const [, deployment_id = '', id = ''] = workflowId.split('/');
    if (id === word) return { deployment_id, id };
  }
  const last = await getDeployment(connection, word).then(
    ({ executions, running }) => executions.find(({ id }) => id === running) ?? executions.at(-1),
    (error) => {
      if (error instanceof CaissonError && error.kind === 'not-found') return undefined;
      throw error;
    },
  );
  if (last) return { deployment_id: word, id: last.id };
  // One that is queued has no run yet: only its deployment knows it.
  const { answersOf, orElsewhere } = await import('./each-deployment.js');
  const silent: CaissonError[] = [];
  const viewOf = async (id: string) => await getDeployment(connection, id);
  const views = await answersOf(connection, undefined, viewOf, (silence) => void silent.push(silence));
  const holder = views.find(({ executions }) => executions.some(({ id }) => id === word));
  if (holder) return { deployment_id: holder.id, id: word };
  throw notFound('execution or deployment', word, orElsewhere(silent, 'see: caisson executions list'));
}

/** How an execution is cancelled. */
export interface CancelOptions {
  /** Do not wait for running operations. */
  readonly force?: boolean;
  /** End the run at once from outside; the deployment takes over what its operations had reported. */
  readonly kill?: boolean;
}

/** Asks an execution to end. It has not ended when this resolves. @throws CaissonError (conflict) when it has already */
export async function cancelExecution(
  { client }: CaissonConnection,
  { deployment_id, id }: ExecutionReference,
  { force = false, kill = false }: CancelOptions = {},
): Promise<void> {
  const handle = client.workflow.getHandle(executionWorkflowId(deployment_id, id));
  try {
    if (kill) await handle.terminate('killed by the user');
    else {
      if (force) await handle.signal(forceCancelSignal);
      await handle.cancel();
    }
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw conflict(`execution ${id} of ${deployment_id} is not running`);
    throw error;
  }
}

/**
 * The request that goes on where an execution stood: the same workflow and parameters, its finished operations not run
 * again.
 *
 * @throws CaissonError (conflict) when it cannot be resumed
 */
export function resumption(record: ExecutionRecord, options: ExecutionOptions): ExecutionRequest {
  if (!record.resumable)
    throw conflict(
      `execution ${record.id} cannot be resumed: it is ${displayed(record.status)}`,
      'one that failed or was cancelled can be resumed until another has changed the instances it left',
    );
  return {
    id: newExecutionId(record.workflow_id),
    workflow_id: record.workflow_id,
    parameters: record.parameters,
    options,
    resume_of: record.id,
  };
}

/** `terminated` is Cloudify's word for success; people are told "completed". */
export const displayed = (status: ExecutionRecord['status']): string =>
  status === 'terminated' ? 'completed' : status;

/** The record as commands print it. */
export function executionDocument(connection: CaissonConnection, record: ExecutionRecord): JsonObject {
  const { workflow, ...rest } = record;
  return {
    ...(rest as unknown as JsonObject),
    status_display: displayed(record.status),
    temporal_workflow_id: workflow.workflow_id,
    temporal_run_id: workflow.run_id,
    links: { temporal_ui: connection.uiUrl(workflow.workflow_id, workflow.run_id ?? undefined) },
  };
}
