/** Finds the deployments that use another one as their environment: their label `csys-obj-parent` names it. */
import { Context } from '@temporalio/activity';
import { WorkflowNotFoundError } from '@temporalio/client';
import { deploymentQuery } from '../workflows/messages.js';

const PARENT = 'csys-obj-parent';

export interface ServicesActivities {
  /** @returns ids of deployments, in the order of their names */
  findServices(request: { readonly deployment_id: string }): Promise<readonly string[]>;
}

export function servicesActivities(): ServicesActivities {
  return {
    async findServices({ deployment_id }) {
      const { client, info } = Context.current();
      const found: string[] = [];
      // Those on other queues are other workers': with none of them there, nobody would answer.
      const queue = info.taskQueue.replaceAll("'", "''");
      for await (const { workflowId } of client.workflow.list({
        query: `WorkflowType = 'deployment' AND ExecutionStatus = 'Running' AND TaskQueue = '${queue}'`,
      })) {
        Context.current().heartbeat();
        const view = await client.workflow
          .getHandle(workflowId)
          .query(deploymentQuery)
          .catch((error: unknown) => {
            // Deleted since it was listed.
            if (error instanceof WorkflowNotFoundError) return undefined;
            throw error;
          });
        const parents = view?.labels[PARENT];
        if (view && Array.isArray(parents) && parents.includes(deployment_id)) found.push(view.id);
      }
      return found.sort();
    },
  };
}
