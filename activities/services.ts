/** Finds the deployments that use another one: as their environment, or in any way. */
import { Context } from '@temporalio/activity';
import { type DeploymentLinks, dependentsOf, isParent } from '../graph/dependencies.js';
import { deploymentLinks, liveDependents } from './dependents.js';

export interface ServicesActivities {
  /** Those that name it as their environment. @returns ids of deployments, in the order of their names */
  findServices(request: { readonly deployment_id: string }): Promise<readonly string[]>;
  /** Those that would lose what they use if it went, with what they use of it. */
  findDependents(request: {
    readonly deployment_id: string;
    /** Those that use it as their environment go before it. */
    readonly recursive: boolean;
  }): Promise<readonly DeploymentLinks[]>;
}

export function servicesActivities(): ServicesActivities {
  const links = async () => {
    const { client, info } = Context.current();
    return await deploymentLinks(client, info.taskQueue, () => Context.current().heartbeat());
  };
  return {
    async findServices({ deployment_id }) {
      return dependentsOf(await links(), deployment_id)
        .filter(({ depends_on }) => depends_on.some(isParent))
        .map(({ id }) => id)
        .sort();
    },
    async findDependents({ deployment_id, recursive }) {
      return await liveDependents(Context.current().client, await links(), deployment_id, recursive);
    },
  };
}
