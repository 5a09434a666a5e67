/** Looks up which deployments of a namespace use which. */
import { WorkflowNotFoundError } from '@temporalio/client';
import { type DependsOnMemo, type DeploymentLinks, dependentsOf, servicesOf } from '../graph/dependencies.js';
import { deploymentQuery, deploymentWorkflowId, EXISTING_DEPLOYMENTS } from '../workflows/messages.js';
import { type Lister, listedWorkflows } from './listed-workflows.js';

export interface FoundLinks extends DeploymentLinks {
  /** Something of it is installed; undefined: nothing has run there to its end yet. */
  readonly live: boolean | undefined;
}

/**
 * All deployments with what they use. Each says it in its memo, so that one listing answers; only those are asked that
 * were made without it, and these only on `taskQueue`: on others nobody may answer. Those are left out that are encrypted
 * with a key that is not known here.
 */
export async function deploymentLinks(
  client: Lister,
  taskQueue: string,
  onEach: () => void = () => undefined,
): Promise<readonly FoundLinks[]> {
  const found: FoundLinks[] = [];
  for await (const { workflowId, memo, taskQueue: queue } of listedWorkflows(client, EXISTING_DEPLOYMENTS)) {
    onEach();
    if (memo === undefined) continue;
    const told = memo as { depends_on?: DependsOnMemo; instances?: Record<string, number> };
    const id = workflowId.slice(deploymentWorkflowId('').length);
    const live = told.instances === undefined ? undefined : isLive(told.instances);
    if (told.depends_on !== undefined) found.push({ id, live, depends_on: told.depends_on || [] });
    else if (queue === taskQueue) {
      const view = await viewOf(client, id);
      if (view) found.push({ id, live, depends_on: view.depends_on ?? [] });
    }
  }
  return found;
}

/**
 * Deployments that would lose what they use if this one were stopped or uninstalled: those of which something is installed
 * or being installed.
 *
 * @param recursive those that use it as their environment go before it
 */
export async function liveDependents(
  client: Lister,
  links: readonly FoundLinks[],
  id: string,
  recursive = false,
): Promise<readonly DeploymentLinks[]> {
  const going = recursive ? servicesOf(links, id) : new Set<string>();
  const dependents = dependentsOf(links, id).filter((one) => !going.has(one.id));
  const living = await Promise.all(
    dependents.map(async (one) => one.live ?? (await viewOf(client, one.id))?.running != null),
  );
  return dependents.filter((_, at) => living[at]);
}

function isLive(instances: Readonly<Record<string, number>>): boolean {
  return Object.entries(instances).some(([state, count]) => count > 0 && !['uninitialized', 'deleted'].includes(state));
}

/** Undefined when it has ended since it was listed. */
async function viewOf({ workflow }: Lister, id: string) {
  return await workflow
    .getHandle(deploymentWorkflowId(id))
    .query(deploymentQuery)
    .catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined;
      throw error;
    });
}
