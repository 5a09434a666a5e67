/** Deployments that use the one that goes: those of which it is the environment go first, others keep it from going. */
import {
  ApplicationFailure,
  condition,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  uuid4,
} from '@temporalio/workflow';
import type { ServicesActivities } from '../activities/services.js';
import { dependentText } from '../graph/dependencies.js';
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
const FREE = 'no dependents';

const { findServices, findDependents } = proxyActivities<ServicesActivities>({
  startToCloseTimeout: '30m',
  heartbeatTimeout: '1m',
  retry: { initialInterval: '1s', maximumInterval: '30s' },
});

/**
 * Asked of every execution that takes away what others may use, unless whoever started it has said that they do not matter.
 * The client asks before as well; here it is what schedules and queued executions meet.
 */
export async function refuseDependents(state: ExecutionState): Promise<void> {
  const { deployment_id, request } = state.input;
  if (request.refuse_dependents !== true || state.decision(FREE)) return;
  const recursive = request.workflow_id === 'uninstall' && isTrue(state.parameters.recursive);
  const found = await findDependents.executeWithOptions({ summary: `dependents of ${deployment_id}` }, [
    { deployment_id, recursive },
  ]);
  if (found.length > 0)
    throw ApplicationFailure.nonRetryable(
      `other deployments depend on ${deployment_id}: ${found.map(dependentText).join(', ')}; --force passes over them`,
      'DependentsExist',
    );
  state.decide(FREE, () => true);
}

/**
 * Each of them waits for what runs there, and uninstalls its own services first. The reference goes on whatever becomes of
 * them; here their environment stays when one of them could not be uninstalled, unless failures are to be ignored.
 */
export async function uninstallServices(state: ExecutionState): Promise<void> {
  if (state.decision(DONE)) return;
  const { deployment_id } = state.input;
  state.log('info', 'Uninstalling service deployments recursively');
  const found = await findServices.executeWithOptions({ summary: `services of ${deployment_id}` }, [{ deployment_id }]);
  const before = state.input.request.environments ?? [];
  const round = found.filter((id) => before.includes(id));
  if (round.length > 0)
    state.log('warning', `${round.join(', ')} and ${deployment_id} use each other as environment: not waited for`);
  const services = found.filter((id) => id !== deployment_id && !before.includes(id));
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
      environments: [...(state.input.request.environments ?? []), state.input.deployment_id],
      // One that was never installed has nothing to be uninstalled.
      force: true,
      notify: executionWorkflowId(state.input.deployment_id, state.id),
    });
    return id;
  } catch {
    return undefined;
  }
}
