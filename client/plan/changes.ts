/** What an update of a deployment that exists would change: instances that come and go, and nodes that become different. */
import { createHash } from 'node:crypto';
import type { Json } from '../../blueprint/json.js';
import type { DeploymentPlan, PlanNode } from '../../blueprint/plan.js';
import { planModification } from '../../graph/modification.js';
import { diffPlans, type NodeChange, UPDATE_OPERATIONS, withLiveCounts } from '../../graph/plan-diff.js';
import type { NodeInstance } from '../../graph/state.js';
import { mappedOperation } from '../../graph/topology.js';

export interface InstanceChange {
  /** Absent of one that comes: its id is made when it does. */
  readonly id?: string;
  readonly node: string;
  readonly type: string;
}

export interface ChangedNode {
  readonly node: string;
  readonly type: string;
  /** Instances that are changed: those that run. */
  readonly instances: readonly string[];
  /** By operations of the node; else its instances are taken down and installed anew. */
  readonly in_place: boolean;
  /** `null`: it is not there. */
  readonly properties: Readonly<Record<string, { readonly before: Json; readonly after: Json }>>;
  readonly operations: readonly string[];
  readonly relationships_added: NodeChange['relationships_added'];
  readonly relationships_removed: NodeChange['relationships_removed'];
}

export interface PlannedChanges {
  readonly added: readonly InstanceChange[];
  readonly changed: readonly ChangedNode[];
  readonly removed: readonly InstanceChange[];
  /** Why a live deployment cannot take the blueprint over; empty when it can. */
  readonly refused: readonly string[];
}

/** @param after compact, as the deployment's own plan is */
export function plannedChanges(
  before: DeploymentPlan,
  instances: readonly NodeInstance[],
  after: DeploymentPlan,
): PlannedChanges {
  const plan = withLiveCounts(before, after);
  const diff = diffPlans(before, plan);
  if (diff.refused.length > 0) return { added: [], changed: [], removed: [], refused: diff.refused };
  const change = planModification({ plan, instances, random: Math.random });
  const [old, now] = [before, plan].map(({ nodes }) => new Map(nodes.map((node) => [node.id, node])));
  const byId = new Map(change.instances.map((instance) => [instance.id, instance]));
  const described = (id: string, nodes: ReadonlyMap<string, PlanNode> | undefined) => {
    const node = byId.get(id)?.node_id ?? '';
    return { node, type: nodes?.get(node)?.type ?? '' };
  };
  return {
    added: change.added.map((id) => described(id, now)),
    changed: Object.entries(diff.changed).map(([id, own]) =>
      changedNode(own, old?.get(id) as PlanNode, now?.get(id) as PlanNode, instances),
    ),
    removed: change.removed.map((id) => ({ id, ...described(id, old) })),
    refused: change.problems.map(({ message }) => message),
  };
}

function changedNode(
  { properties, ...change }: NodeChange,
  before: PlanNode,
  after: PlanNode,
  instances: readonly NodeInstance[],
): ChangedNode {
  return {
    node: after.id,
    type: after.type,
    instances: instances
      .filter(({ node_id, state }) => node_id === after.id && state === 'started')
      .map(({ id }) => id),
    in_place: UPDATE_OPERATIONS.some((name) => mappedOperation(after.operations, name)),
    properties: Object.fromEntries(
      properties.map((name) => [
        name,
        { before: before.properties[name] ?? null, after: after.properties[name] ?? null },
      ]),
    ),
    ...change,
  };
}

export const isUnchanged = ({ added, changed, removed, refused }: PlannedChanges): boolean =>
  added.length + changed.length + removed.length + refused.length === 0;

/** Names what a deployment was when a plan for it was made: another one means that it has changed since. */
export function fingerprintOf(plan: DeploymentPlan, instances: readonly NodeInstance[]): string {
  const states = instances.map(({ id, state, version }) => [id, state, version]);
  return createHash('sha256')
    .update(JSON.stringify([plan, states]))
    .digest('hex');
}
