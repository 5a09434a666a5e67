/**
 * What a schedule starts: asks the deployment to queue an execution and lasts as long as that does, so that the schedule
 * knows whether its last run has ended, and whether well. (A schedule cannot ask a deployment itself.)
 */
import {
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import {
  deploymentWorkflowId,
  type ExecutionRecord,
  enqueueSignal,
  executionEndedSignal,
  type ScheduledExecution,
} from './messages.js';

export async function scheduled_execution(input: ScheduledExecution): Promise<ExecutionRecord> {
  const { deployment_id, ...request } = input;
  const { workflow_id } = request;
  let ended: ExecutionRecord | undefined;
  setHandler(executionEndedSignal, (record) => {
    ended = record;
  });
  const id = `${workflow_id.replaceAll(/[^A-Za-z0-9_]/g, '_')}-${uuid4().slice(0, 8)}`;
  const notify = workflowInfo().workflowId;
  try {
    const deployment = getExternalWorkflowHandle(deploymentWorkflowId(deployment_id));
    await deployment.signal(enqueueSignal, { ...request, id, queue: true, notify });
  } catch {
    throw ApplicationFailure.nonRetryable(`there is no deployment ${deployment_id} any more`, 'NoDeployment');
  }
  await condition(() => ended !== undefined);
  const record = ended as unknown as ExecutionRecord;
  if (record.status !== 'terminated')
    throw ApplicationFailure.nonRetryable(
      `${id} of ${deployment_id}: ${record.status}: ${record.error}`,
      'ExecutionFailed',
    );
  return record;
}
