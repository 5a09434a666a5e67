/** Whether a workflow makes sense now, and whether what its parameters name is there: asked before it starts. */
import { listMember, member } from '../blueprint/json.js';
import type { DeploymentPlan, PlanWorkflow } from '../blueprint/plan.js';
import type { NodeInstance } from './state.js';

/** Why the workflow's availability rules refuse it; undefined when they do not. */
export function unavailable(
  name: string,
  { availability_rules }: PlanWorkflow,
  plan: DeploymentPlan,
  instances: readonly NodeInstance[],
): string | undefined {
  if (member(availability_rules, 'available') === false)
    return `workflow ${name} is not available: its blueprint says so`;
  const types = listMember(availability_rules, 'node_types_required').map(String);
  const missing = types.filter((type) => !plan.nodes.some((node) => node.type_hierarchy.includes(type)));
  if (types.length > 0 && missing.length === types.length)
    return `workflow ${name} is not available: there is no node of type ${missing.join(' or ')}`;
  const allowed = listMember(availability_rules, 'node_instances_active');
  const active = activity(instances);
  if (allowed.length === 0 || instances.length === 0 || allowed.includes(active)) return undefined;
  const why = {
    none: 'nothing is installed',
    partial: 'only some instances are started',
    all: 'every instance is started',
  };
  return `workflow ${name} is not available: ${why[active]}`;
}

/** `none`: nothing is there; `all`: every instance is started. */
export function activity(instances: readonly NodeInstance[]): 'none' | 'partial' | 'all' {
  if (instances.every(({ state }) => state === 'started')) return 'all';
  return instances.some(isLive) ? 'partial' : 'none';
}

/** It stands for something, as far as is known. */
export function isLive({ state, attempted }: NodeInstance): boolean {
  return attempted.length > 0 || !['uninitialized', 'deleted'].includes(state);
}

/** Names of the things of a deployment, by the types that parameters have. Of other types nothing is known. */
export function objectNames(
  plan: DeploymentPlan,
  instances: readonly NodeInstance[],
): (type: string) => readonly string[] | undefined {
  return (type) => {
    switch (type) {
      case 'node_id':
        return plan.nodes.map(({ id }) => id);
      case 'node_instance':
        return instances.map(({ id }) => id);
      case 'node_type':
        return [...new Set(plan.nodes.flatMap(({ type_hierarchy }) => type_hierarchy))];
      case 'scaling_group':
        return Object.keys(plan.scaling_groups);
      default:
        return undefined;
    }
  };
}
