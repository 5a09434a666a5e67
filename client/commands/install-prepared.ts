/** A prepared blueprint made a deployment, its first workflow followed to the end, and its outputs told. */
import type { DeploymentPlan } from '../../blueprint/plan.js';
import type { NodeInstance } from '../../graph/state.js';
import type { ExecutionRequest } from '../../workflows/messages.js';
import type { CaissonConnection } from '../connection.js';
import type { CreatableDeployment } from '../deployments.js';
import { flag, type Invocation, texts } from './definition.js';
import { followStarted, optionsOf } from './execution-flags.js';

/**
 * The first execution of a deployment to be made. Everything that can be refused is, before anything starts.
 *
 * @throws CaissonError (validation) for parameters, (usage) for options
 */
export async function firstExecution(
  invocation: Invocation,
  { plan, instances }: { readonly plan: DeploymentPlan; readonly instances: readonly NodeInstance[] },
  workflow: string,
): Promise<ExecutionRequest> {
  const { objectNames } = await import('../../graph/availability.js');
  const { checkedParameters } = await import('../parameters.js');
  const { newExecutionId } = await import('../executions.js');
  const options = await optionsOf(invocation);
  const parameters = await checkedParameters(plan, workflow, texts(invocation, 'parameters'), {
    allowCustom: flag(invocation, 'allowCustomParameters'),
    // The reference runs nothing then, and succeeds.
    ...(options.legacy ? {} : { objectNames: objectNames(plan, instances) }),
  });
  return {
    id: newExecutionId(workflow),
    workflow_id: workflow,
    parameters,
    options,
    ...(flag(invocation, 'allowCustomParameters') ? { allow_custom_parameters: true } : {}),
    ...(flag(invocation, 'force') ? { force: true } : {}),
  };
}

/** @returns the exit code @throws CaissonError when it is refused, failed or was cancelled */
export async function installPrepared(
  invocation: Invocation,
  connection: CaissonConnection,
  prepared: CreatableDeployment,
  { id, first }: { readonly id: string; readonly first: ExecutionRequest },
): Promise<number> {
  const { io, global } = invocation;
  const { createDeployment } = await import('../deployments.js');
  await createDeployment(connection, prepared, { id, first });
  const finished = await followStarted(invocation, connection, { deployment_id: id, id: first.id });
  if (!finished) return 0;
  const { concludeExecution } = await import('../follow.js');
  await concludeExecution(connection, finished.record);
  const { outputsOf } = await import('../outputs.js');
  const results = await outputsOf(connection, id);
  const { printSingle } = await import('../output/print.js');
  const { installed } = await import('../output/summary.js');
  printSingle(io, global.format, {
    kind: 'execution',
    item: { ...finished.document, ...results },
    name: first.id,
    text: installed(finished.record, results, io),
  });
  return 0;
}
