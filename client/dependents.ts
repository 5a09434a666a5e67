/** Deployments that use one another: told, and kept from losing what they use. */
import { deploymentLinks, type FoundLinks, liveDependents } from '../activities/dependents.js';
import { circle, type DeploymentLinks, dependentsOf, dependentText, isParent } from '../graph/dependencies.js';
import type { ExecutionRequest } from '../workflows/messages.js';
import { unanswered } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { type CaissonError, conflict } from './errors.js';

/** Workflows that take away what others may use. */
const TAKING = ['uninstall', 'stop'];
/** Those that Cloudify's server refuses besides. */
const REFUSED_THERE = [...TAKING, 'update', 'heal'];

/** Other deployments that use this one, and what of it. */
export async function getDependents(connection: CaissonConnection, id: string): Promise<readonly DeploymentLinks[]> {
  return dependentsOf(await linksOf(connection), id).map((one) => ({ id: one.id, depends_on: one.depends_on }));
}

/**
 * The request as it is to be sent: marked, so that dependents are looked for once more when it starts.
 *
 * @throws CaissonError (conflict) when others would lose what they use of the deployment
 */
export async function refusingDependents(
  connection: CaissonConnection,
  id: string,
  request: ExecutionRequest,
): Promise<ExecutionRequest> {
  const { workflow_id, options, update } = request;
  const watched = options.legacy ? REFUSED_THERE : [...TAKING, 'update'];
  if (request.force === true || options.dry_run || request.resume_of !== undefined || !watched.includes(workflow_id))
    return request;
  const recursive = workflow_id === 'uninstall' && [true, 'true'].includes(request.parameters.recursive as boolean);
  const dependents = await liveOnes(connection, id, recursive);
  const losing = workflow_id === 'update' && !options.legacy ? losingCapabilities(dependents, update) : dependents;
  if (losing.length > 0) throw inUse(workflow_id, id, losing, recursive);
  return TAKING.includes(workflow_id) ? { ...request, refuse_dependents: true } : request;
}

/** @throws CaissonError (conflict) when others of which something is installed use the deployment */
export async function refuseDependentsOfDeleted(connection: CaissonConnection, id: string): Promise<void> {
  const dependents = await liveOnes(connection, id);
  if (dependents.length > 0) throw inUse('delete', id, dependents, true);
}

/** @throws CaissonError (conflict) for a deployment that would be, however far away, its own environment */
export async function refuseCircle(connection: CaissonConnection, own: DeploymentLinks): Promise<void> {
  if (!own.depends_on.some(isParent)) return;
  const [parent] = circle(await linksOf(connection), own);
  if (parent !== undefined)
    throw conflict(
      `${own.id} cannot have ${parent} as its environment: ${parent} has ${own.id} as its own`,
      'mend the label csys-obj-parent of one of them',
    );
}

function losingCapabilities(
  dependents: readonly DeploymentLinks[],
  update: ExecutionRequest['update'],
): readonly DeploymentLinks[] {
  const kept = Object.keys(update?.plan.capabilities ?? {});
  const lost = (capability: string | undefined) => capability !== undefined && !kept.includes(capability);
  return dependents
    .map((one) => ({ ...one, depends_on: one.depends_on.filter(({ capability }) => lost(capability)) }))
    .filter(({ depends_on }) => depends_on.length > 0);
}

function inUse(what: string, id: string, dependents: readonly DeploymentLinks[], recursive: boolean): CaissonError {
  const listed = dependents.map((one) => `\n  - ${dependentText(one)}`).join('');
  const services = what === 'uninstall' && dependents.some(({ depends_on }) => depends_on.some(isParent));
  const first = services && !recursive ? `-p recursive=true uninstalls the deployments it is the environment of; ` : '';
  return conflict(
    `${what} of ${id} is refused: other deployments depend on it:${listed}`,
    `${first}--force does it nevertheless`,
  );
}

async function liveOnes(
  connection: CaissonConnection,
  id: string,
  recursive = false,
): Promise<readonly DeploymentLinks[]> {
  return await answered(liveDependents(connection.client, await linksOf(connection), id, recursive));
}

async function linksOf({ client, taskQueue }: CaissonConnection): Promise<readonly FoundLinks[]> {
  return await answered(deploymentLinks(client, taskQueue));
}

/** @throws CaissonError (unreachable) when no worker answers for one of the deployments */
async function answered<T>(asking: Promise<T>): Promise<T> {
  try {
    return await asking;
  } catch (error) {
    throw unanswered(error, 'the deployments that may depend on it') ?? error;
  }
}
