/** What changes between two compiled blueprints of one deployment, and what cannot be changed in a live one. */
import type { JsonObject } from '../blueprint/json.js';
import type { DeploymentPlan, PlanNode, PlanRelationship } from '../blueprint/plan.js';
import { isContainment } from './instances.js';
import { LIFECYCLE } from './lifecycle.js';
import { countOf, withCount } from './modification.js';

export interface NodeChange {
  /** Names of properties whose values differ. */
  readonly properties: readonly string[];
  /** Full names of operations that differ, or are only on one side. */
  readonly operations: readonly string[];
  readonly relationships_added: readonly RelationshipKey[];
  readonly relationships_removed: readonly RelationshipKey[];
}

export interface RelationshipKey {
  readonly type: string;
  readonly target_id: string;
}

/** With one of these mapped, a node whose properties changed is updated in place; else it is reinstalled. */
export const UPDATE_OPERATIONS = ['update', 'update_config', 'update_apply'].map((name) => `${LIFECYCLE}.${name}`);

export interface PlanDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** By node; those that stay as they are are left out. */
  readonly changed: Readonly<Record<string, NodeChange>>;
  /** Why the change is impossible; empty when it is not. */
  readonly refused: readonly string[];
}

export function diffPlans(before: DeploymentPlan, after: DeploymentPlan): PlanDiff {
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  const now = new Map(after.nodes.map((node) => [node.id, node]));
  const changed: Record<string, NodeChange> = {};
  const refused: string[] = [];
  for (const [id, node] of now) {
    const previous = old.get(id);
    if (!previous) continue;
    refused.push(...refusalsOf(previous, node));
    const change = changeOf(previous, node);
    if (Object.values(change).some((list) => list.length > 0)) changed[id] = change;
  }
  for (const [name, group] of Object.entries(after.scaling_groups)) {
    const previous = Object.hasOwn(before.scaling_groups, name) ? before.scaling_groups[name] : undefined;
    if (!same(previous?.members, group.members)) refused.push(`the members of scaling group ${name} change`);
  }
  for (const name of Object.keys(before.scaling_groups))
    if (!Object.hasOwn(after.scaling_groups, name)) refused.push(`scaling group ${name} is taken away`);
  return {
    added: [...now.keys()].filter((id) => !old.has(id)),
    removed: [...old.keys()].filter((id) => !now.has(id)),
    changed,
    refused,
  };
}

/** The new plan with as many instances of everything as there are now. */
export function withLiveCounts(before: DeploymentPlan, after: DeploymentPlan): DeploymentPlan {
  let plan = after;
  for (const entity of [...after.nodes.map(({ id }) => id), ...Object.keys(after.scaling_groups)]) {
    const count = countOf(before, entity);
    if (count !== undefined && count !== countOf(after, entity)) plan = withCount(plan, entity, count);
  }
  return plan;
}

/**
 * The plan while the change is under way: the new one, and what goes still in it, at the ends of its lists: positions of
 * relationships are the new plan's.
 */
export function unionOf(before: DeploymentPlan, after: DeploymentPlan, { removed, changed }: PlanDiff): DeploymentPlan {
  const old = new Map(before.nodes.map((node) => [node.id, node]));
  const staying = after.nodes.map((node) => {
    const gone = changed[node.id]?.relationships_removed ?? [];
    if (gone.length === 0) return node;
    const previous = (old.get(node.id) as PlanNode).relationships.filter((one) => gone.some((key) => isSame(key, one)));
    return { ...node, relationships: [...node.relationships, ...previous] };
  });
  return { ...after, nodes: [...staying, ...removed.map((id) => old.get(id) as PlanNode)] };
}

/** What is left of the union when the change is done. */
export function withoutRemoved(union: DeploymentPlan, { removed, changed }: PlanDiff): DeploymentPlan {
  const nodes = union.nodes
    .filter(({ id }) => !removed.includes(id))
    .map((node) => {
      const gone = changed[node.id]?.relationships_removed.length ?? 0;
      return gone === 0 ? node : { ...node, relationships: node.relationships.slice(0, -gone) };
    });
  return { ...union, nodes };
}

function refusalsOf(before: PlanNode, after: PlanNode): string[] {
  const reasons: string[] = [];
  if (before.type !== after.type)
    reasons.push(`node ${after.id} changes its type from ${before.type} to ${after.type}`);
  const [old, now] = [before, after].map(({ relationships }) => relationships.find(isContainment)?.target_id);
  if (old !== now) reasons.push(`node ${after.id} changes its container from ${old ?? 'none'} to ${now ?? 'none'}`);
  for (const relationship of after.relationships) {
    const previous = before.relationships.find((one) => isSame(one, relationship));
    if (previous && !same(previous.properties, relationship.properties))
      reasons.push(
        `the properties of the relationship ${relationship.type} of node ${after.id} to ${relationship.target_id} change`,
      );
  }
  return reasons;
}

function changeOf(before: PlanNode, after: PlanNode): NodeChange {
  const keys = (list: readonly PlanRelationship[]) => list.map(({ type, target_id }) => ({ type, target_id }));
  const missing = (list: readonly PlanRelationship[], from: readonly PlanRelationship[]) =>
    keys(list.filter((one) => !from.some((other) => isSame(other, one))));
  return {
    properties: differing(before.properties, after.properties),
    operations: differing(before.operations as unknown as JsonObject, after.operations as unknown as JsonObject),
    relationships_added: missing(after.relationships, before.relationships),
    relationships_removed: missing(before.relationships, after.relationships),
  };
}

function differing(before: JsonObject, after: JsonObject): string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => !same(before[key], after[key]));
}

const isSame = (one: RelationshipKey, other: RelationshipKey): boolean =>
  one.type === other.type && one.target_id === other.target_id;

/** Whether two JSON values are equal; the order of keys says nothing. */
function same(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, inner: unknown) =>
      typeof inner === 'object' && inner !== null && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
        : inner,
    ) ?? ''
  );
}
