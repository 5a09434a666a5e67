/** `policies` of type scaling, and the groups that they make scale as one. */
import type { Compilation } from './compilation.js';
import { isObject, type Json, type JsonObject, listMember, objectMember, textMember } from './json.js';
import { containerOf } from './node-templates.js';
import type { PlanNode, ScalingGroup } from './plan.js';
import { readScalable } from './scalable.js';

const SCALING = 'cloudify.policies.scaling';

export interface ScalingSection {
  readonly policies: JsonObject;
  readonly groups: Record<string, ScalingGroup>;
}

export function readScalingPolicies(
  section: Json | undefined,
  groups: JsonObject,
  nodes: readonly PlanNode[],
  cx: Compilation,
): ScalingSection {
  const policies: Record<string, Json> = {};
  const scaling: Record<string, { members: string[]; properties: JsonObject }> = {};
  for (const [name, raw] of Object.entries(isObject(section) ? section : {})) {
    const owner = `policies.${name}`;
    const type = textMember(raw, 'type') ?? '';
    if (type !== SCALING)
      cx.report('C2106', `${owner} is of type ${type}; there is only ${SCALING}`, cx.positions.ofValue(raw, 'type'));
    const properties = readScalable(objectMember(raw, 'properties'), `${owner}.properties`, cx);
    const targets = listMember(raw, 'targets');
    if (targets.length === 0) cx.report('C2108', `${owner} has no targets`, cx.positions.of(raw));
    for (const [index, target] of targets.entries()) {
      if (typeof target !== 'string') continue;
      if (!Object.hasOwn(groups, target))
        cx.report(
          'C2107',
          `${owner} has the target ${target}, which is no group`,
          cx.positions.ofValue(targets, index),
        );
      else scaling[target] = { members: [...(listMember(groups[target], 'members') as string[])], properties };
    }
    policies[name] = { type, properties, targets };
  }
  const checked = checkScaling(scaling, nodes, cx) ? withoutContained(scaling, nodes) : scaling;
  return { policies, groups: checked as unknown as Record<string, ScalingGroup> };
}

type Groups = Readonly<Record<string, { readonly members: readonly string[]; readonly properties: JsonObject }>>;

function checkScaling(groups: Groups, nodes: readonly PlanNode[], cx: Compilation): boolean {
  if (hasCircle(groups, cx)) return false;
  const owners = new Map<string, string>();
  let fine = true;
  for (const [name, { members }] of Object.entries(groups)) {
    for (const member of members) {
      const other = owners.get(member);
      if (other !== undefined) {
        fine = false;
        cx.report('C2104', `${member} is in two scaling groups: ${other} and ${name}`);
      }
      owners.set(member, name);
    }
  }
  if (!fine) return false;
  const containers = containersOf(nodes);
  for (const { group, one, other } of apart(groups, containers)) {
    fine = false;
    cx.report('C2105', `scaling group ${group} holds ${one} and ${other}, which are not contained in the same node`);
  }
  return fine;
}

interface Pair {
  readonly group: string;
  readonly one: string;
  readonly other: string;
}

/**
 * Pairs of nodes of a scaling group that cannot scale together. A pair that is not contained in the same node is fine
 * nevertheless when one of the two, or what it is contained in, stands in some scaling group with the other and can scale
 * with it.
 */
function apart(groups: Groups, containers: (node: string) => readonly string[]): Pair[] {
  const key = (one: string, other: string): string => JSON.stringify([one, other].sort());
  const together = new Set<string>();
  const doubtful = new Map<string, Pair>();
  for (const [group, { members }] of Object.entries(groups)) {
    const all = [...new Set(members.flatMap((member) => nodesIn(member, groups)))];
    for (const [index, one] of all.entries())
      for (const other of all.slice(index)) {
        if (containedTogether(one, other, containers)) together.add(key(one, other));
        else if (!doubtful.has(key(one, other))) doubtful.set(key(one, other), { group, one, other });
      }
  }
  return [...doubtful.values()].filter(({ one, other }) => {
    const fine =
      containers(one).some((container) => together.has(key(container, other))) ||
      containers(other).some((container) => together.has(key(container, one)));
    if (fine) together.add(key(one, other));
    return !fine;
  });
}

function hasCircle(groups: Groups, cx: Compilation): boolean {
  const settled = new Set<string>();
  const visit = (name: string, path: readonly string[]): boolean => {
    if (path.includes(name)) {
      cx.report(
        'C2103',
        `scaling groups hold each other in a circle: ${[...path.slice(path.indexOf(name)), name].join(' → ')}`,
      );
      return true;
    }
    if (settled.has(name) || !Object.hasOwn(groups, name)) return false;
    settled.add(name);
    return groups[name]?.members.some((member) => visit(member, [...path, name])) ?? false;
  };
  return Object.keys(groups).some((name) => !settled.has(name) && visit(name, []));
}

function nodesIn(member: string, groups: Groups): string[] {
  const group = Object.hasOwn(groups, member) ? groups[member] : undefined;
  return group ? group.members.flatMap((inner) => nodesIn(inner, groups)) : [member];
}

/** Node → the nodes that it is contained in, the nearest first. */
function containersOf(nodes: readonly PlanNode[]): (node: string) => readonly string[] {
  const container = new Map(nodes.map((node) => [node.name, containerOf(node)]));
  return (node) => {
    const chain: string[] = [];
    for (let next = container.get(node); next !== undefined && !chain.includes(next); next = container.get(next))
      chain.push(next);
    return chain;
  };
}

function containedTogether(one: string, other: string, containers: (node: string) => readonly string[]): boolean {
  const [a, b] = [containers(one), containers(other)];
  if (a.includes(other) || b.includes(one)) return true;
  return (a.length === 0 && b.length === 0) || a.some((container) => b.includes(container));
}

/** A member, be it a node or a group, whose nodes are contained in other nodes of its group scales with those. */
function withoutContained(groups: Groups, nodes: readonly PlanNode[]): Groups {
  const containers = containersOf(nodes);
  const result: Record<string, { members: string[]; properties: JsonObject }> = {};
  for (const [name, { members, properties }] of Object.entries(groups)) {
    const all = new Set(members.flatMap((member) => nodesIn(member, groups)));
    const kept = members.filter((member) => {
      const own = new Set(nodesIn(member, groups));
      return ![...own].every((node) => containers(node).some((container) => all.has(container) && !own.has(container)));
    });
    result[name] = { members: kept, properties };
  }
  return result;
}
