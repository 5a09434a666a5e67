/** Evaluation of intrinsic functions in a workflow: everything but secrets, which only the worker's activities see. */
import { ApplicationFailure } from '@temporalio/common';
import { holdsFunction } from '../blueprint/intrinsics/call.js';
import { deploymentScope } from '../blueprint/intrinsics/deployment-scope.js';
import { evaluate } from '../blueprint/intrinsics/evaluate.js';
import { type EvaluationScope, FunctionEvaluationError } from '../blueprint/intrinsics/scope.js';
import type { Json } from '../blueprint/plan.js';
import type { OperationCall } from '../graph/steps.js';
import type { RequestSource } from './request-source.js';

/** @throws ApplicationFailure naming the instance and the operation: the author's mistake fails the run, not the task */
export function evaluateFor(state: RequestSource, call: OperationCall, value: Json): Json {
  if (!holdsFunction(value)) return value;
  try {
    return evaluate(value, scopeFor(state, call));
  } catch (error) {
    if (!(error instanceof FunctionEvaluationError)) throw error;
    throw ApplicationFailure.nonRetryable(`${call.instance_id} · ${call.operation}: ${error.message}`, error.name);
  }
}

function scopeFor(state: RequestSource, { instance_id, relationship }: OperationCall): EvaluationScope {
  const nodeId = (id: string) => state.instance(id).node_id;
  const context: EvaluationScope = relationship
    ? {
        source: nodeId(relationship.source_id),
        target: nodeId(relationship.target_id),
        sourceInstance: relationship.source_id,
        targetInstance: relationship.target_id,
      }
    : { self: nodeId(instance_id), selfInstance: instance_id };
  return {
    ...context,
    ...deploymentScope(state.plan, { deployment: state.input.deployment_id, blueprint: state.blueprint.id }),
    properties: (node) => state.topology.nodes.get(node)?.properties,
    instance: (id) => state.topology.instances.get(id),
    instancesOf: (node) => state.instancesOf(node),
  };
}
