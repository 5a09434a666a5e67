import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { execution } from './execution.js';

/** Runs in place of a workflow that no plugin of this worker provides: fails at once, instead of waiting for ever. */
export const unknownWorkflow = execution(async () => {
  throw ApplicationFailure.create({
    message: `no worker of this queue provides the workflow ${workflowInfo().workflowType}`,
    type: 'UnknownWorkflow',
    nonRetryable: true,
  });
});
