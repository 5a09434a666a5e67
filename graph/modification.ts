/**
 * A change of a deployment's instances: which come and which go when counts change (scale) or the blueprint does
 * (update). What is there stays wherever the new plan has a place for it.
 */
import type { Problem } from '../blueprint/diagnostics.js';
import type { DeploymentPlan, PlanNode, PlanRelationship } from '../blueprint/plan.js';
import { containersOf, isContainment, type Kept, newInstance, planInstances, withHosts } from './instances.js';
import type { NodeInstance, RelationshipInstance } from './state.js';

export interface ModificationRequest {
  /** As it is to be: counts and nodes. */
  readonly plan: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
  /** Evenly distributed in [0, 1): makes the suffixes of instance ids. */
  readonly random: () => number;
  /** Instances to go first, if some must. An instance in a scaling group stands for its group instance. */
  readonly include?: ReadonlySet<string>;
  /** Instances to go last. */
  readonly exclude?: ReadonlySet<string>;
}

export interface Modification {
  readonly problems: readonly Problem[];
  /** Every instance while the change is under way: those that come, with those that go still there. */
  readonly instances: readonly NodeInstance[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Instances that stay → instances they are newly related to. */
  readonly extended: Readonly<Record<string, readonly string[]>>;
  /** Instances that stay → instances they will not be related to any more. */
  readonly reduced: Readonly<Record<string, readonly string[]>>;
}

export function planModification(request: ModificationRequest): Modification {
  const { plan, instances, random } = request;
  const previous = new Map(instances.map((instance) => [instance.id, instance]));
  const planned = planInstances(plan, random, new Set(previous.keys()), keeping(request));
  const after = new Map(planned.instances.map((one) => [one.id, one]));
  const extended: Record<string, string[]> = {};
  const reduced: Record<string, string[]> = {};
  const there = instances.map((instance): NodeInstance => {
    const target = after.get(instance.id);
    if (!target) return instance;
    const [before, now] = [keysOf(instance.relationships), keysOf(target.relationships)];
    const gained = target.relationships.filter((edge) => !before.has(keyOf(edge)));
    const lost = instance.relationships.filter((edge) => !now.has(keyOf(edge)));
    if (gained.length > 0) extended[instance.id] = gained.map(({ target_id }) => target_id);
    if (lost.length > 0) reduced[instance.id] = lost.map(({ target_id }) => target_id);
    if (gained.length + lost.length === 0) return instance;
    return {
      ...instance,
      relationships: [...target.relationships.map(edgeOf), ...lost],
      version: instance.version + 1,
    };
  });
  const indexes = new Map<string, number>();
  for (const { node_id, index } of instances) indexes.set(node_id, Math.max(index, indexes.get(node_id) ?? 0));
  const fresh = withHosts(planned.instances)
    .filter(({ id }) => !previous.has(id))
    .map((one) => {
      const index = (indexes.get(one.node_id) ?? 0) + 1;
      indexes.set(one.node_id, index);
      return newInstance(one, index);
    });
  return {
    problems: planned.problems,
    instances: [...there, ...fresh],
    added: fresh.map(({ id }) => id),
    removed: instances.filter(({ id }) => !after.has(id)).map(({ id }) => id),
    extended,
    reduced,
  };
}

/** The instances when a change is done (or undone): without `gone`, and without edges that the plan does not have. */
export function withoutInstances(
  instances: readonly NodeInstance[],
  gone: ReadonlySet<string>,
  nodes?: ReadonlyMap<string, PlanNode>,
): NodeInstance[] {
  const stays = (node: string, { type, target_id, target_name }: RelationshipInstance): boolean =>
    !gone.has(target_id) &&
    (nodes === undefined ||
      nodes.get(node)?.relationships.some((one) => one.type === type && one.target_id === target_name) === true);
  return instances
    .filter(({ id }) => !gone.has(id))
    .map((instance) => {
      const relationships = instance.relationships.filter((edge) => stays(instance.node_id, edge));
      if (relationships.length === instance.relationships.length) return instance;
      return { ...instance, relationships, version: instance.version + 1 };
    });
}

/** How many instances of a node or scaling group there are, in each of its containers. */
export function countOf(plan: DeploymentPlan, entity: string): number | undefined {
  const node = plan.nodes.find(({ id }) => id === entity);
  const group = Object.hasOwn(plan.scaling_groups, entity) ? plan.scaling_groups[entity] : undefined;
  return group?.properties.current_instances ?? node?.capabilities.scalable.properties.current_instances;
}

/** The plan with another count of a node or scaling group. */
export function withCount(plan: DeploymentPlan, entity: string, count: number): DeploymentPlan {
  const counts = { current_instances: count, planned_instances: count };
  const group = Object.hasOwn(plan.scaling_groups, entity) ? plan.scaling_groups[entity] : undefined;
  if (group) {
    const changed = { ...group, properties: { ...group.properties, ...counts } };
    return { ...plan, scaling_groups: { ...plan.scaling_groups, [entity]: changed } };
  }
  const nodes = plan.nodes.map((node) => {
    if (node.id !== entity) return node;
    const { scalable } = node.capabilities;
    return {
      ...node,
      capabilities: {
        ...node.capabilities,
        scalable: { ...scalable, properties: { ...scalable.properties, ...counts } },
      },
    };
  });
  return { ...plan, nodes };
}

/** Where each instance of the deployment has its place: container → name → ids, in their order. */
type Places = ReadonlyMap<string | undefined, ReadonlyMap<string, ReadonlySet<string>>>;

function keeping(request: ModificationRequest): Kept {
  const { plan, instances, include = new Set(), exclude = new Set() } = request;
  const places = placesOf(plan, instances);
  const [first, last] = [standingFor(include, instances), standingFor(exclude, instances)];
  const lastsLongest = (id: string): number => (last.has(id) ? 2 : first.has(id) ? 0 : 1);
  const targets = new Map<string, string | undefined>();
  return {
    instances(container, name, count) {
      const there = [...(places.get(container)?.get(name) ?? [])];
      if (there.length <= count) return there;
      // The first in this order go; a stable sort keeps the rest of the order.
      const going = new Set(
        [...there].sort((a, b) => lastsLongest(a) - lastsLongest(b)).slice(0, there.length - count),
      );
      return there.filter((id) => !going.has(id));
    },
    target(node, relationship) {
      const key = `${node} ${relationship.type} ${relationship.target_id}`;
      if (!targets.has(key)) targets.set(key, soleTarget(instances, node, relationship));
      return targets.get(key);
    },
  };
}

/** The named instances, and the group instances that they are in. */
function standingFor(named: ReadonlySet<string>, instances: readonly NodeInstance[]): ReadonlySet<string> {
  if (named.size === 0) return named;
  const all = new Set(named);
  for (const { id, scaling_groups } of instances)
    if (named.has(id)) for (const group of scaling_groups) all.add(group.id);
  return all;
}

function placesOf(plan: DeploymentPlan, instances: readonly NodeInstance[]): Places {
  const containers = containersOf(plan);
  const containment = new Map(plan.nodes.map((node) => [node.id, node.relationships.find(isContainment)]));
  const places = new Map<string | undefined, Map<string, Set<string>>>();
  const place = (container: string | undefined, name: string, id: string): void => {
    const inside = places.get(container) ?? new Map<string, Set<string>>();
    places.set(container, inside);
    inside.set(name, (inside.get(name) ?? new Set()).add(id));
  };
  for (const instance of instances) {
    if (!containers.has(instance.node_id)) continue;
    let [name, id] = [instance.node_id, instance.id];
    for (;;) {
      const container = containers.get(name);
      const group = instance.scaling_groups.find((one) => one.name === container);
      place(group?.id ?? containerOf(instance, container, containment.get(instance.node_id)), name, id);
      if (!group) break;
      [name, id] = [group.name, group.id];
    }
  }
  return places;
}

function containerOf(
  { relationships, host_id }: NodeInstance,
  container: string | undefined,
  containment: PlanRelationship | undefined,
): string | undefined {
  if (container === undefined) return undefined;
  const edges = relationships.filter(({ target_name }) => target_name === container);
  const own =
    edges.find(({ type }) => type === containment?.type) ?? edges.find(({ target_id }) => target_id === host_id);
  return (own ?? edges[0])?.target_id;
}

/** @returns undefined as well when instances disagree: then the choice is made anew */
function soleTarget(
  instances: readonly NodeInstance[],
  node: string,
  { type, target_id }: PlanRelationship,
): string | undefined {
  const targets = new Set(
    instances
      .filter(({ node_id }) => node_id === node)
      .flatMap(({ relationships }) => relationships)
      .filter((edge) => edge.type === type && edge.target_name === target_id)
      .map((edge) => edge.target_id),
  );
  return targets.size === 1 ? [...targets][0] : undefined;
}

const keyOf = ({ type, target_id }: RelationshipInstance): string => `${target_id} ${type}`;
const keysOf = (edges: readonly RelationshipInstance[]): ReadonlySet<string> => new Set(edges.map(keyOf));

const edgeOf = ({ type, target_id, target_name }: RelationshipInstance): RelationshipInstance => ({
  type,
  target_id,
  target_name,
});
