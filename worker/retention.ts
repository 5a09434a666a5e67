/** How long the embedded server keeps the histories of closed workflows: a dev server's own day is over too soon. */
import type { NativeConnection } from '@temporalio/worker';

const DAY_SECONDS = 86_400;

/** Sets the retention of a namespace. Only for a server that is ours alone. */
export async function setRetention(connection: NativeConnection, namespace: string, days: number): Promise<void> {
  const { workflowService } = connection;
  const { config } = await workflowService.describeNamespace({ namespace });
  if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) === days * DAY_SECONDS) return;
  const seconds = days * DAY_SECONDS;
  await workflowService.updateNamespace({
    namespace,
    // The protocol's 64-bit numbers take a plain one as well.
    config: { workflowExecutionRetentionTtl: { seconds: seconds as never } },
  });
}
