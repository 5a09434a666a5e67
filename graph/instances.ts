/**
 * Node instances of a plan: how many of each node, what each is contained in, and which are related to which.
 *
 * Counts multiply down containment: two hosts with three servers each make six servers. Scaling groups are containers
 * without a node of their own.
 */
import type { Problem } from '../blueprint/diagnostics.js';
import { textMember } from '../blueprint/json.js';
import type {
  DeploymentPlan,
  ParsedPlan,
  PlanNode,
  PlannedNodeInstance,
  PlannedRelationship,
  PlanRelationship,
} from '../blueprint/plan.js';
import type { NodeInstance } from './state.js';

const CONTAINED_IN = 'cloudify.relationships.contained_in';
const KINDS = ['cloudify.relationships.depends_on', CONTAINED_IN, 'cloudify.relationships.connected_to'];
const SUFFIX_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const SUFFIX_LENGTH = 6;

export interface GroupInstance {
  readonly name: string;
  readonly id: string;
}

/** An instance while relationships are still being planned. */
interface Draft {
  readonly id: string;
  readonly node: PlanNode;
  readonly hostId: string | undefined;
  /** Instances of nodes and groups that it is contained in, the nearest first. */
  readonly ancestors: readonly GroupInstance[];
  /** Instances of scaling groups that it is in, directly or through groups, the innermost first. */
  readonly groups: readonly GroupInstance[];
}

export interface PlannedInstances {
  readonly instances: readonly PlannedNodeInstance[];
  readonly problems: readonly Problem[];
}

/** What a plan that is planned again keeps of the instances that are there. */
export interface Kept {
  /** Ids of the instances of a node or group in a container (undefined: in none) that stay, `count` of them at most. */
  instances(container: string | undefined, name: string, count: number): readonly string[];
  /** The one instance that sources are related to by a relationship which is all_to_one; undefined: none yet. */
  target(node: string, relationship: PlanRelationship): string | undefined;
}

export function planInstances(
  plan: ParsedPlan,
  random: () => number,
  takenIds: ReadonlySet<string> = new Set(),
  kept?: Kept,
): PlannedInstances {
  const standing = standingRelationships(plan);
  const problems = plan.nodes.flatMap((node) => (standing.get(node.name) ?? []).flatMap((one) => refusal(node, one)));
  if (problems.length > 0) return { instances: [], problems };
  const drafts = new Expansion(plan, idMaker(random, takenIds), kept).run();
  const byNode = new Map<string, Draft[]>();
  for (const draft of drafts) {
    const own = byNode.get(draft.node.name);
    if (own) own.push(draft);
    else byNode.set(draft.node.name, [draft]);
  }
  const unsupported = plan.nodes.flatMap((node) =>
    (standing.get(node.name) ?? []).flatMap((one) => refusalInGroup(node, one, plan, byNode)),
  );
  if (unsupported.length > 0) return { instances: [], problems: unsupported };
  const relating = new Relating(plan, standing, byNode, kept);
  return { instances: drafts.map((draft) => finished(draft, relating.relationshipsOf(draft))), problems };
}

/** The first state of a deployment's instances. */
export function initialInstances(plan: DeploymentPlan): NodeInstance[] {
  const counts = new Map<string, number>();
  return withHosts(plan.node_instances).map((planned) => {
    const index = (counts.get(planned.node_id) ?? 0) + 1;
    counts.set(planned.node_id, index);
    return newInstance(planned, index);
  });
}

/**
 * A node that was in a host and is so no longer, because of another relationship to it, has the host's template for its
 * host in the plan. It is on the instance of it that it is related to, else on the first.
 */
export function withHosts(instances: readonly PlannedNodeInstance[]): readonly PlannedNodeInstance[] {
  const first = new Map<string, string>();
  const ids = new Set<string>();
  for (const { id, node_id } of instances) {
    ids.add(id);
    if (!first.has(node_id)) first.set(node_id, id);
  }
  return instances.map((planned) => {
    const { host_id: host, relationships } = planned;
    if (host === undefined || ids.has(host)) return planned;
    const own = relationships.find(({ target_name }) => target_name === host)?.target_id ?? first.get(host);
    const { host_id: _, ...rest } = planned;
    return own === undefined ? rest : { ...rest, host_id: own };
  });
}

export function newInstance(planned: PlannedNodeInstance, index: number): NodeInstance {
  return {
    id: planned.id,
    node_id: planned.node_id,
    index,
    state: 'uninitialized',
    ...(planned.host_id === undefined ? {} : { host_id: planned.host_id }),
    version: 1,
    runtime_properties: {},
    system_properties: {},
    relationships: planned.relationships.map(({ type, target_id, target_name }) => ({ type, target_id, target_name })),
    scaling_groups: planned.scaling_groups ?? [],
    attempted: [],
  };
}

function finished(
  { id, node, hostId = node.host_id, groups }: Draft,
  relationships: readonly PlannedRelationship[],
): PlannedNodeInstance {
  return {
    name: node.name,
    node_id: node.name,
    id,
    ...(hostId === undefined ? {} : { host_id: hostId }),
    relationships,
    ...(groups.length > 0 ? { scaling_groups: groups } : {}),
  };
}

function idMaker(random: () => number, taken: ReadonlySet<string>): (name: string) => string {
  const used = new Set(taken);
  return (name) => {
    for (;;) {
      let suffix = '';
      for (let count = 0; count < SUFFIX_LENGTH; count += 1)
        suffix += SUFFIX_CHARACTERS[Math.floor(random() * SUFFIX_CHARACTERS.length)];
      const id = `${name}_${suffix}`;
      if (used.has(id)) continue;
      used.add(id);
      return id;
    }
  };
}

/** Creates instances from the outermost containers down. */
class Expansion {
  readonly #drafts: Draft[] = [];
  readonly #nodes: ReadonlyMap<string, PlanNode>;
  /** Container → what it contains: nodes and groups. */
  readonly #contents = new Map<string | undefined, string[]>();

  constructor(
    readonly plan: ParsedPlan,
    readonly newId: (name: string) => string,
    readonly kept: Kept | undefined,
  ) {
    this.#nodes = new Map(plan.nodes.map((node) => [node.name, node]));
    for (const [name, container] of containersOf(plan)) {
      const contents = this.#contents.get(container);
      if (contents) contents.push(name);
      else this.#contents.set(container, [name]);
    }
  }

  run(): readonly Draft[] {
    for (const name of this.#contents.get(undefined) ?? []) this.#expand(name, undefined, [], []);
    return this.#drafts;
  }

  #expand(
    name: string,
    hostId: string | undefined,
    ancestors: readonly GroupInstance[],
    groups: readonly GroupInstance[],
  ): void {
    const node = this.#nodes.get(name);
    const count = node
      ? node.capabilities.scalable.properties.current_instances
      : (this.plan.scaling_groups[name]?.properties.current_instances ?? 0);
    const there = this.kept?.instances(ancestors[0]?.id, name, count) ?? [];
    for (let made = 0; made < count; made += 1) {
      const own = { name, id: there[made] ?? this.newId(name) };
      const host = hostId ?? (node?.host_id === name ? own.id : undefined);
      if (node) this.#drafts.push({ id: own.id, node, hostId: host, ancestors, groups });
      // What is contained in a node scales with that node: it is in no group of its own by that.
      const inner = node ? [] : [own, ...groups];
      for (const content of this.#contents.get(name) ?? []) this.#expand(content, host, [own, ...ancestors], inner);
    }
  }
}

/** Every node and scaling group with what contains it, undefined for the outermost. Nodes first, in plan order. */
export function containersOf(plan: ParsedPlan): ReadonlyMap<string, string | undefined> {
  const containers = new Map<string, string | undefined>();
  for (const [name, relationships] of standingRelationships(plan))
    containers.set(name, relationships.find(isContainment)?.target_id);
  const groups = Object.entries(plan.scaling_groups);
  for (const [name] of groups) containers.set(name, undefined);
  const groupOf = new Map(groups.flatMap(([name, { members }]) => members.map((member) => [member, name] as const)));
  for (const [member, group] of groupOf) {
    const own = containers.get(member);
    containers.set(member, group);
    if (own === undefined) continue;
    let outermost = group;
    for (let outer = groupOf.get(outermost); outer !== undefined; outer = groupOf.get(outermost)) outermost = outer;
    containers.set(outermost, own);
  }
  return containers;
}

const STANDING = new WeakMap<ParsedPlan, ReadonlyMap<string, readonly PlanRelationship[]>>();

/**
 * The relationships of each node that make instances and edges: of several to the same node the last declared stands,
 * also when another one was the containment. A member of a scaling group is contained in that, so that nothing displaces
 * its containment.
 */
function standingRelationships(plan: ParsedPlan): ReadonlyMap<string, readonly PlanRelationship[]> {
  let standing = STANDING.get(plan);
  if (!standing) {
    const grouped = new Set(Object.values(plan.scaling_groups).flatMap(({ members }) => members));
    standing = new Map(plan.nodes.map((node) => [node.name, lastToEach(node, grouped.has(node.name))]));
    STANDING.set(plan, standing);
  }
  return standing;
}

function lastToEach({ relationships }: PlanNode, isGrouped: boolean): readonly PlanRelationship[] {
  if (relationships.length < 2) return relationships;
  const last = new Map<string, PlanRelationship>();
  for (const relationship of relationships) {
    const key = isGrouped && isContainment(relationship) ? '' : relationship.target_id;
    last.delete(key);
    last.set(key, relationship);
  }
  return [...last.values()];
}

export function isContainment({ type_hierarchy }: PlanRelationship): boolean {
  return type_hierarchy.includes(CONTAINED_IN);
}

class Relating {
  /** Node → names of the scaling groups that it is in, however deep, the smallest first. */
  readonly #groupsOf = new Map<string, readonly string[]>();
  /** Target node and group instance → the instances in it. */
  readonly #inGroup = new Map<string, readonly Draft[]>();

  constructor(
    readonly plan: ParsedPlan,
    readonly standing: ReadonlyMap<string, readonly PlanRelationship[]>,
    readonly byNode: ReadonlyMap<string, readonly Draft[]>,
    readonly kept: Kept | undefined,
  ) {
    const containers = containersOf(plan);
    for (const { name } of plan.nodes) {
      const groups: string[] = [];
      for (let next = containers.get(name); next !== undefined; next = containers.get(next))
        if (Object.hasOwn(plan.scaling_groups, next)) groups.push(next);
      this.#groupsOf.set(name, groups);
    }
  }

  relationshipsOf(draft: Draft): PlannedRelationship[] {
    return (this.standing.get(draft.node.name) ?? []).flatMap((relationship) =>
      this.#targets(draft, relationship).map((target_id) => ({
        type: relationship.type,
        target_name: relationship.target_id,
        target_id,
      })),
    );
  }

  #targets(draft: Draft, relationship: PlanRelationship): readonly string[] {
    const { target_id: target } = relationship;
    if (isContainment(relationship)) {
      const container = draft.ancestors.find(({ name }) => name === target);
      return container ? [container.id] : [];
    }
    const candidates = this.#candidates(draft, target).map(({ id }) => id);
    if (connectionType(relationship) === 'all_to_all') return candidates;
    const before = this.kept?.target(draft.node.name, relationship);
    if (before !== undefined && candidates.includes(before)) return [before];
    const first = candidates.reduce<string | undefined>(
      (least, id) => (least === undefined || id < least ? id : least),
      undefined,
    );
    return first === undefined ? [] : [first];
  }

  /** Target instances: those in the same instance of the smallest group that both are in, if there is one. */
  #candidates(draft: Draft, target: string): readonly Draft[] {
    const all = this.byNode.get(target) ?? [];
    const common = commonGroup(this.#groupsOf, draft.node.name, target);
    const own = common === undefined ? undefined : draft.ancestors.find(({ name }) => name === common);
    if (!own) return all;
    const key = `${target} ${own.id}`;
    const known = this.#inGroup.get(key);
    if (known) return known;
    const inside = all.filter(({ ancestors }) => ancestors.some(({ id }) => id === own.id));
    this.#inGroup.set(key, inside);
    return inside;
  }
}

function commonGroup(groupsOf: ReadonlyMap<string, readonly string[]>, one: string, other: string): string | undefined {
  const others = groupsOf.get(other) ?? [];
  return groupsOf.get(one)?.find((group) => others.includes(group));
}

function connectionType({ properties }: PlanRelationship): string | undefined {
  return textMember(properties, 'connection_type');
}

function called(node: PlanNode, { type, target_id }: PlanRelationship): string {
  return `relationship ${type} of node template ${node.name} to ${target_id}`;
}

function refusal(node: PlanNode, relationship: PlanRelationship): Problem[] {
  const owner = called(node, relationship);
  if (!relationship.type_hierarchy.some((name) => KINDS.includes(name)))
    return [{ code: 'C3006', message: `${owner} is derived from none of ${KINDS.join(', ')}` }];
  if (isContainment(relationship)) return [];
  const connection = connectionType(relationship);
  return connection === 'all_to_all' || connection === 'all_to_one'
    ? []
    : [{ code: 'C3005', message: `${owner}: connection_type must be all_to_all or all_to_one` }];
}

/** Where there are no instances there is nothing to refuse. */
function refusalInGroup(
  node: PlanNode,
  relationship: PlanRelationship,
  plan: ParsedPlan,
  byNode: ReadonlyMap<string, unknown>,
): Problem[] {
  const { target_id } = relationship;
  if (isContainment(relationship) || connectionType(relationship) === 'all_to_all') return [];
  if (!byNode.has(node.name) || !byNode.has(target_id)) return [];
  const containers = containersOf(plan);
  const groups = (name: string): string[] => {
    const found: string[] = [];
    for (let next = containers.get(name); next !== undefined; next = containers.get(next))
      if (Object.hasOwn(plan.scaling_groups, next)) found.push(next);
    return found;
  };
  const shared = groups(node.name).find((group) => groups(target_id).includes(group));
  if (shared === undefined) return [];
  const message = `${called(node, relationship)} is all_to_one, which cannot be within the scaling group ${shared}`;
  return [{ code: 'C3007', message }];
}
