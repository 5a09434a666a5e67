/** Workflows about the reference's host agents, which Caisson does without: operations run on its workers. */
import { ApplicationFailure } from '@temporalio/workflow';
import { execution } from './execution.js';

export const install_new_agents = execution(async () => await noAgents('install_new_agents'));

export const validate_agents = execution(async () => await noAgents('validate_agents'));

async function noAgents(name: string): Promise<never> {
  throw ApplicationFailure.nonRetryable(
    `${name}: there are no host agents to install or validate; operations run on Caisson's workers. ` +
      'To run operations on a host, start a worker there.',
    'NotSupported',
  );
}
