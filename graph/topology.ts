/** A plan and its instances, indexed for walking: who is related to whom, and which operations are mapped. */

import { member, objectMember, textMember } from '../blueprint/json.js';
import type { DeploymentPlan, Operation, PlanNode, PlanRelationship } from '../blueprint/plan.js';
import type { NodeInstance } from './state.js';

export interface Topology {
  readonly nodes: ReadonlyMap<string, PlanNode>;
  readonly instances: ReadonlyMap<string, NodeInstance>;
  /** Instances that have a relationship to the key, in the order of the instances. */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  /** Every documented switch is set to the reference's own behaviour. */
  readonly legacy: boolean;
}

export function topology(plan: DeploymentPlan, instances: Iterable<NodeInstance>, legacy = false): Topology {
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  const byId = new Map<string, NodeInstance>();
  const sources = new Map<string, string[]>();
  for (const instance of instances) {
    byId.set(instance.id, instance);
    for (const target of targetsOf(instance)) {
      const known = sources.get(target);
      if (known) known.push(instance.id);
      else sources.set(target, [instance.id]);
    }
  }
  return { nodes, instances: byId, sources, legacy };
}

/** Ids of the instances that `instance` has relationships to, each once, in declaration order. */
export function targetsOf(instance: NodeInstance): string[] {
  return [...new Set(instance.relationships.map((relationship) => relationship.target_id))];
}

export function nodeOf(topology: Topology, instance: NodeInstance): PlanNode {
  const node = topology.nodes.get(instance.node_id);
  if (!node)
    throw new Error(`instance ${instance.id} belongs to node ${instance.node_id}, which the plan does not have`);
  return node;
}

/** The operation under its full name (or its bare name, where just one interface has it), if a plugin is mapped to it. */
export function mappedOperation(
  operations: Readonly<Record<string, Operation>>,
  name: string,
): { readonly name: string; readonly operation: Operation } | undefined {
  if (Object.hasOwn(operations, name)) {
    const operation = operations[name] as Operation;
    return operation.plugin === '' ? undefined : { name, operation };
  }
  if (name.includes('.')) return undefined;
  const matches = Object.keys(operations).filter((full) => full.endsWith(`.${name}`));
  const full = matches.length === 1 ? (matches[0] as string) : undefined;
  return full === undefined ? undefined : mappedOperation(operations, full);
}

/** The relationship a call belongs to. */
export function relationshipAt(node: PlanNode, index: number): PlanRelationship {
  const relationship = node.relationships[index];
  if (!relationship) throw new Error(`node ${node.id} has no relationship number ${index}`);
  return relationship;
}

/** Hosts are nodes of type Compute; the reference looks for the text anywhere in the hierarchy. */
export function isHost(node: PlanNode): boolean {
  return node.type_hierarchy.some((type) => type.includes('cloudify.nodes.Compute'));
}

/** How an agent gets on a host: `agent_config.install_method`, in the older form `install_agent: false`. */
export function agentMethod({ properties }: PlanNode): string {
  const method = textMember(objectMember(properties, 'agent_config'), 'install_method');
  if (method !== undefined) return method;
  const install = member(properties, 'install_agent');
  return install === false || install === 'false' ? 'none' : 'remote';
}

/**
 * Whether the blueprint asks for an agent on this host: by an `agent_config` of its own that names a method. What the type
 * gives every host (`remote`) is not asked for by anybody: without an agent, workers run what is meant for the host.
 */
export function hasAgent(node: PlanNode): boolean {
  if (!isHost(node) || agentMethod(node) === 'none') return false;
  const config = objectMember(node.properties, 'agent_config');
  const ofType = { install_method: 'remote', port: 22, network: 'default' };
  const given = Object.entries(config).filter(([, value]) => value !== null && value !== '');
  const isOfType =
    given.length === Object.keys(ofType).length &&
    given.every(([name, value]) => ofType[name as keyof typeof ofType] === value);
  if (!isOfType) return textMember(config, 'install_method') !== undefined;
  const install = member(node.properties, 'install_agent');
  return install === true || install === 'true';
}
