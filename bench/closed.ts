import type { CaissonConnection } from '../client/connection.js';
import { executionWorkflowId } from '../workflows/messages.js';

/** Waits for the end of an execution without asking a worker anything meanwhile, as a bare workflow is waited for. */
export async function closed({ client }: CaissonConnection, deployment: string, execution: string): Promise<void> {
  const handle = client.workflow.getHandle(executionWorkflowId(deployment, execution));
  for (;;)
    try {
      await handle.result();
      return;
    } catch (error) {
      if ((error as Error).name !== 'WorkflowNotFoundError') throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
}
