/**
 * A plan without what a run never looks at. The plan travels in workflow arguments, so its size is time.
 *
 * Left out: interfaces (operations say the same), operations that do nothing, those that install an agent
 * on a host for which none is asked, bare names of operations that also stand under their full name, and the
 * definitions that only the compiler needs.
 */
import type { DeploymentPlan, Operation, Operations, PlanNode, PlanRelationship } from '../blueprint/plan.js';
import { hasAgent } from './topology.js';

/** The activity that does the work of a mapping, or undefined when its mapping names it already. */
export type ActivityOf = (operation: Operation, node: PlanNode) => string | undefined;

export function compactPlan(plan: DeploymentPlan, activityOf: ActivityOf): DeploymentPlan {
  return {
    ...plan,
    nodes: plan.nodes.map((node) => compactNode(node, activityOf)),
    node_instances: [],
    relationships: {},
    data_types: {},
  };
}

function compactNode(node: PlanNode, activityOf: ActivityOf): PlanNode {
  const { interfaces: _, plugins_to_install: _hosted, ...rest } = node;
  const compact = (operations: Operations): Operations => compactOperations(operations, node, activityOf);
  return {
    ...rest,
    operations: compact(node.operations),
    relationships: node.relationships.map((relationship) => compactRelationship(relationship, compact)),
    deployment_plugins_to_install: [],
  };
}

function compactRelationship(
  { source_interfaces: _, target_interfaces: _target, ...rest }: PlanRelationship,
  compact: (operations: Operations) => Operations,
): PlanRelationship {
  return {
    ...rest,
    source_operations: compact(rest.source_operations),
    target_operations: compact(rest.target_operations),
  };
}

function compactOperations(operations: Operations, node: PlanNode, activityOf: ActivityOf): Operations {
  const names = Object.keys(operations);
  const full = new Set(names.filter((name) => name.includes('.')).map((name) => name.slice(name.lastIndexOf('.') + 1)));
  const kept: Record<string, Operation> = {};
  for (const name of names) {
    const operation = operations[name] as Operation;
    if (operation.plugin === '' || (isOfAgent(operation) && !hasAgent(node)) || (!name.includes('.') && full.has(name)))
      continue;
    const activity = activityOf(operation, node);
    kept[name] = activity === undefined ? operation : { ...operation, activity };
  }
  return kept;
}

/** Every host has these mapped by its type, whether it asks for an agent or not. */
function isOfAgent({ operation }: Operation): boolean {
  return operation.startsWith('cloudify_agent.');
}
