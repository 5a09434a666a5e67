/** Starting a workflow on a deployment that exists, from any command that does so. */
import type { ExecutionRecord, ExecutionRequest } from '../../workflows/messages.js';
import type { CaissonConnection } from '../connection.js';
import { flag, type Invocation, texts } from './definition.js';
import { followStarted, optionsOf } from './execution-flags.js';

/**
 * Checks the parameters, starts the workflow and follows it.
 *
 * @returns the record of the execution that completed; undefined when it was detached
 * @throws CaissonError when it is refused, failed or was cancelled
 */
export async function startWorkflow(
  invocation: Invocation,
  connection: CaissonConnection,
  deploymentId: string,
  workflow: string,
  more: Pick<ExecutionRequest, 'update'> = {},
): Promise<ExecutionRecord | undefined> {
  const { getPlan } = await import('../deployments.js');
  const { newExecutionId, startExecution } = await import('../executions.js');
  const { checkedParameters } = await import('../parameters.js');
  const { concludeExecution } = await import('../follow.js');
  const options = await optionsOf(invocation);
  const plan = await getPlan(connection, deploymentId);
  const parameters = await checkedParameters(plan, workflow, texts(invocation, 'parameters'), {
    allowCustom: flag(invocation, 'allowCustomParameters'),
  });
  const id = newExecutionId(workflow);
  await startExecution(connection, deploymentId, {
    id,
    workflow_id: workflow,
    parameters,
    options,
    ...(flag(invocation, 'allowCustomParameters') ? { allow_custom_parameters: true } : {}),
    ...(flag(invocation, 'force') ? { force: true } : {}),
    ...(flag(invocation, 'queue') ? { queue: true } : {}),
    ...more,
  });
  const finished = await followStarted(invocation, connection, { deployment_id: deploymentId, id });
  if (!finished) return undefined;
  await concludeExecution(connection, finished.record);
  return finished.record;
}

/** Prints an execution that completed. */
export async function printCompleted(
  { io, global }: Invocation,
  connection: CaissonConnection,
  record: ExecutionRecord,
): Promise<void> {
  const { executionDocument } = await import('../executions.js');
  const { printSingle } = await import('../output/print.js');
  const { completed } = await import('../output/summary.js');
  printSingle(io, global.format, {
    kind: 'execution',
    item: executionDocument(connection, record),
    name: record.id,
    text: completed(record, io),
  });
}
