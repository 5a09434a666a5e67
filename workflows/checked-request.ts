/** A request to execute a workflow, with its parameters bound: refused before anything starts if they do not fit. */
import { ApplicationFailure } from '@temporalio/workflow';
import { evaluate } from '../blueprint/intrinsics/evaluate.js';
import { FunctionEvaluationError } from '../blueprint/intrinsics/scope.js';
import { bindParameters, workflowOf } from '../blueprint/parameters.js';
import type { DeploymentPlan, Json } from '../blueprint/plan.js';
import { objectNames, unavailable } from '../graph/availability.js';
import type { NodeInstance } from '../graph/state.js';
import type { ExecutionRequest } from './messages.js';

export interface Model {
  readonly plan: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
}

export interface CheckOptions {
  /** It is to start now, so that it must make sense now. */
  readonly now: boolean;
  /** Asked only when a filter names what is not there: whether that is refused, as it was not always. */
  readonly refuseUnknown: () => boolean;
}

/**
 * A workflow that nothing declares is left alone: it fails when it starts, unless the worker provides it. A resumed
 * execution has the parameters it began with.
 *
 * @throws ApplicationFailure of type `InvalidParameters` or `WorkflowUnavailable`
 */
export function checkedRequest(
  request: ExecutionRequest,
  { plan, instances }: Model,
  { now, refuseUnknown }: CheckOptions,
): ExecutionRequest {
  const name = request.workflow_id;
  const workflow = workflowOf(plan, name);
  if (!workflow || request.resume_of !== undefined) return request;
  const { legacy } = request.options;
  const { values, unknown, ...bound } = bindParameters(name, workflow, request.parameters, {
    allowCustom: request.allow_custom_parameters === true,
    evaluate: (value) => evaluated(value, plan, instances),
    // The reference's local runner asks nobody whether what is named exists, and whether the workflow makes sense.
    ...(legacy ? {} : { objectNames: objectNames(plan, instances) }),
  });
  const problems = [...bound.problems, ...(unknown.length > 0 && refuseUnknown() ? unknown : [])];
  if (problems.length > 0) throw ApplicationFailure.nonRetryable(problems.join('\n'), 'InvalidParameters');
  const reason = now && !legacy && request.force !== true ? unavailable(name, workflow, plan, instances) : undefined;
  if (reason !== undefined)
    throw ApplicationFailure.nonRetryable(`${reason}; --force runs it nevertheless`, 'WorkflowUnavailable');
  return { ...request, parameters: values };
}

function evaluated(value: Json, plan: DeploymentPlan, instances: readonly NodeInstance[]): Json {
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  try {
    return evaluate(value, {
      inputs: plan.inputs,
      properties: (node) => nodes.get(node)?.properties,
      instance: (id) => instances.find((instance) => instance.id === id),
      instancesOf: (node) => instances.filter(({ node_id }) => node_id === node),
    });
  } catch (error) {
    if (!(error instanceof FunctionEvaluationError)) throw error;
    throw ApplicationFailure.nonRetryable(error.message, 'InvalidParameters');
  }
}
