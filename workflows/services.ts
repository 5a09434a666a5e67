/** Uninstalls the deployments that use this one as their environment, before it goes itself. */
import {
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  uuid4,
} from '@temporalio/workflow';
import type { ServicesActivities } from '../activities/services.js';
import type { ExecutionState } from './execution-state.js';
import {
  deploymentWorkflowId,
  type ExecutionRecord,
  enqueueSignal,
  executionEndedSignal,
  executionWorkflowId,
} from './messages.js';
import { isTrue } from './parameters.js';

const DONE = 'services uninstalled';

const { findServices } = proxyActivities<ServicesActivities>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '1m',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/**
 * Each of them waits for what runs there, and uninstalls its own services first. The reference goes on whatever becomes of
 * them; here their environment stays when one of them could not be uninstalled, unless failures are to be ignored.
 */
export async function uninstallServices(state: ExecutionState): Promise<void> {
  if (state.decision(DONE)) return;
  const { deployment_id } = state.input;
  state.log('info', 'Uninstalling service deployments recursively');
  const found = await findServices.executeWithOptions({ summary: `services of ${deployment_id}` }, [{ deployment_id }]);
  const services = found.filter((id) => id !== deployment_id);
  const ended = new Map<string, ExecutionRecord>();
  setHandler(executionEndedSignal, (record) => void ended.set(record.id, record));
  const begun = await Promise.all(services.map(async (id) => await begin(state, id)));
  const running = begun.filter((id) => id !== undefined);
  await condition(() => running.every((id) => ended.has(id)));
  const failed = [...ended.values()].filter(({ status }) => status !== 'terminated');
  for (const { deployment_id: id, status, error } of failed)
    state.log('error', `uninstall of the service deployment ${id}: ${status}: ${error}`);
  if (failed.length > 0 && !state.options.legacy && !isTrue(state.parameters.ignore_failure))
    throw ApplicationFailure.nonRetryable(
      `deployments that use ${deployment_id} could not be uninstalled: ${failed.map((one) => one.deployment_id).join(', ')}`,
      'ServicesRemain',
    );
  state.decide(DONE, () => true);
  state.log('info', 'Service deployments uninstalled');
}

/** @returns the execution that will tell of its end; undefined when the deployment has gone by now */
async function begin(state: ExecutionState, deploymentId: string): Promise<string | undefined> {
  const id = `uninstall-${uuid4().slice(0, 8)}`;
  try {
    await getExternalWorkflowHandle(deploymentWorkflowId(deploymentId)).signal(enqueueSignal, {
      id,
      workflow_id: 'uninstall',
      parameters: state.parameters,
      options: state.options,
      queue: true,
      // One that was never installed has nothing to be uninstalled.
      force: true,
      notify: executionWorkflowId(state.input.deployment_id, state.id),
    });
    return id;
  } catch {
    return undefined;
  }
}
