/** Deployments: made, listed, looked at, ended. */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { listedWorkflows } from '../activities/listed-workflows.js';
import type { Patches } from '../activities/request.js';
import type { JsonObject } from '../blueprint/json.js';
import type { DeploymentPlan } from '../blueprint/plan.js';
import { type DependsOnMemo, dependenciesOf, dependsOnMemo, labelsOf } from '../graph/dependencies.js';
import type { NodeInstance } from '../graph/state.js';
import {
  type DeploymentInput,
  type DeploymentView,
  deploymentQuery,
  deploymentWorkflowId,
  EXISTING_DEPLOYMENTS,
  type ExecutionRequest,
  executionWorkflowId,
  patchInstancesUpdate,
  planQuery,
  retireUpdate,
  stateQuery,
} from '../workflows/messages.js';
import { ask, refusedUpdate } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { checkId } from './deployment-id.js';
import { type CaissonError, conflict, notFound } from './errors.js';
import type { CompiledBlueprint, PreparedDeployment } from './prepare.js';
import { refuseUnserved } from './served.js';
import { storeFiles } from './stored-files.js';

/** What of a prepared blueprint makes a deployment. */
export type CreatableDeployment = Pick<PreparedDeployment, 'compact' | 'instances'> & {
  readonly blueprint: Pick<CompiledBlueprint, 'id' | 'folder' | 'mainFile' | 'imported'>;
};

/** The id of the new deployment, its labels, and its first execution. */
export interface CreateDeploymentOptions {
  readonly id: string;
  readonly labels?: JsonObject;
  /** An execution to start with it, in the same step: both are there, or neither. */
  readonly first?: ExecutionRequest;
}

/**
 * Makes a deployment of a prepared blueprint, and nothing if one of that id exists.
 *
 * Its files are stored first, under their content's hash: should this process die before the deployment is made, all
 * that remains is an archive that the next try finds already there.
 *
 * @throws CaissonError (conflict) when a deployment of that id exists; (usage) for an id that cannot be one
 */
export async function createDeployment(
  connection: CaissonConnection,
  prepared: CreatableDeployment,
  { id, labels, first }: CreateDeploymentOptions,
): Promise<void> {
  checkId(id);
  const { blueprint, compact, instances } = prepared;
  await refuseExisting(connection, id);
  await refuseUnserved(connection, compact);
  const depends_on = dependenciesOf(compact, labelsOf(compact, labels));
  if (depends_on.length > 0) await (await import('./dependents.js')).refuseCircle(connection, { id, depends_on });
  const archive = await storeFiles(connection.store, { blueprint, plan: compact, deploymentId: id });
  const input: DeploymentInput = {
    id,
    blueprint: { id: blueprint.id, main_file: blueprint.mainFile, archive },
    plan: compact,
    instances,
    created_at: new Date().toISOString(),
    ...(labels ? { labels } : {}),
    search_attributes: await connection.searchAttributes(),
    ...(first ? { first } : {}),
  };
  try {
    await connection.client.workflow.start('deployment', {
      workflowId: deploymentWorkflowId(id),
      taskQueue: connection.taskQueue,
      args: [input],
      workflowIdConflictPolicy: 'FAIL',
      staticSummary: `deployment ${id}`,
      memo: { deployment: id, blueprint: blueprint.id, depends_on: dependsOnMemo(depends_on) },
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) throw exists(id);
    throw error;
  }
}

const exists = (id: string): CaissonError =>
  conflict(
    `a deployment ${id} exists`,
    `choose another id with -d, go on with it (caisson resume ${id}), or take it down (caisson uninstall ${id})`,
  );

/** Asked before anything is stored; the start itself decides. */
async function refuseExisting({ client }: CaissonConnection, id: string): Promise<void> {
  try {
    const { status } = await client.workflow.getHandle(deploymentWorkflowId(id)).describe();
    if (status.name === 'RUNNING') throw exists(id);
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** @throws CaissonError (not-found) */
export async function getDeployment(connection: CaissonConnection, id: string): Promise<DeploymentView> {
  return await ask(connection, deploymentWorkflowId(id), deploymentQuery, [], () => noDeployment(id));
}

const noDeployment = (id: string): CaissonError => notFound('deployment', id, 'see: caisson deployments list');

/** The plan as the workflows have it: inputs are bound values, operations that do nothing are left out. */
export async function getPlan(connection: CaissonConnection, id: string): Promise<DeploymentPlan> {
  return await ask(connection, deploymentWorkflowId(id), planQuery, [], () => noDeployment(id));
}

/**
 * The node instances as they are now: while an execution runs it knows them best.
 *
 * @throws CaissonError (not-found)
 */
export async function getInstances(connection: CaissonConnection, id: string): Promise<readonly NodeInstance[]> {
  const settled = await ask(connection, deploymentWorkflowId(id), stateQuery, [], () => noDeployment(id));
  if (settled.running === null) return settled.instances;
  const running = await ask(
    connection,
    executionWorkflowId(id, settled.running),
    stateQuery,
    [],
    () => undefined,
  ).catch(() => undefined);
  return running?.instances ?? settled.instances;
}

/** A line of a list of deployments. */
export interface DeploymentSummary {
  readonly id: string;
  readonly blueprint_id: string;
  readonly created_at: string;
  /** Ids of the deployments that it uses. */
  readonly depends_on: readonly string[];
}

/** Deployments that exist, oldest first. */
export async function listDeployments({ client }: CaissonConnection): Promise<readonly DeploymentSummary[]> {
  const found: DeploymentSummary[] = [];
  for await (const { workflowId, memo, startTime } of listedWorkflows(client, EXISTING_DEPLOYMENTS)) {
    const told = (memo ?? {}) as { readonly blueprint?: string; readonly depends_on?: DependsOnMemo };
    found.push({
      id: workflowId.slice(deploymentWorkflowId('').length),
      blueprint_id: told.blueprint ?? '',
      created_at: startTime.toISOString(),
      depends_on: [...new Set((told.depends_on || []).map((one) => one.deployment))],
    });
  }
  return found.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
}

export interface DeleteOptions {
  /** Though it has live instances, or others depend on it. @default false */
  readonly force?: boolean;
  /** Though others depend on it. @default force */
  readonly passOverDependents?: boolean;
}

/**
 * Ends a deployment and its schedules: its record stays readable as long as the server keeps closed workflows.
 *
 * @throws CaissonError (not-found); (conflict) while it runs, has live instances or others depend on it, unless forced
 */
export async function deleteDeployment(
  connection: CaissonConnection,
  id: string,
  { force = false, passOverDependents = force }: DeleteOptions = {},
): Promise<void> {
  if (!passOverDependents) await (await import('./dependents.js')).refuseDependentsOfDeleted(connection, id);
  const options = { force };
  const handle = connection.client.workflow.getHandle(deploymentWorkflowId(id));
  await refusedUpdate(handle.executeUpdate(retireUpdate, { args: [options] }), () => noDeployment(id));
  await (await import('./schedules.js')).deleteSchedulesOf(connection, id);
}

/** Writes runtime properties by hand. @throws CaissonError (conflict) while an execution runs */
export async function patchInstances({ client }: CaissonConnection, id: string, patches: Patches): Promise<void> {
  const handle = client.workflow.getHandle(deploymentWorkflowId(id));
  await refusedUpdate(handle.executeUpdate(patchInstancesUpdate, { args: [patches] }), () => noDeployment(id));
}
