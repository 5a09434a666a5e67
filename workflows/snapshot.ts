/** What an operation's context can see: the instances it works on, what they are related to, and their hosts with what those are related to. */
import type { InstanceView, NodeView, Snapshot } from '../activities/request.js';
import type { JsonObject } from '../blueprint/plan.js';
import type { NodeInstance } from '../graph/state.js';
import type { OperationCall } from '../graph/steps.js';
import { nodeOf } from '../graph/topology.js';
import { evaluateFor } from './evaluation.js';
import type { ExecutionState } from './execution-state.js';

export function snapshotFor(state: ExecutionState, call: OperationCall): Snapshot {
  const { relationship } = call;
  const seen = new Set<string>(
    relationship === undefined ? [call.instance_id] : [relationship.source_id, relationship.target_id],
  );
  for (const id of [...seen]) for (const { target_id } of state.instance(id).relationships) seen.add(target_id);
  for (const id of [...seen]) {
    const host = state.instance(id).host_id;
    if (host === undefined) continue;
    seen.add(host);
    // How to log in to a host may be known by what it is related to: its key pair.
    for (const { target_id } of state.instance(host).relationships) seen.add(target_id);
  }
  const nodes: Record<string, NodeView> = {};
  const instances: Record<string, InstanceView> = {};
  for (const id of seen) {
    const instance = state.instance(id);
    instances[id] = instanceView(state, instance);
    nodes[instance.node_id] ??= nodeView(state, instance);
  }
  return { nodes, instances };
}

function instanceView(state: ExecutionState, instance: NodeInstance): InstanceView {
  const { relationships } = nodeOf(state.topology, instance);
  return {
    id: instance.id,
    node_id: instance.node_id,
    index: instance.index,
    state: instance.state,
    ...(instance.host_id === undefined ? {} : { host_id: instance.host_id }),
    version: instance.version,
    runtime_properties: instance.runtime_properties,
    scaling_groups: instance.scaling_groups,
    relationships: instance.relationships.map((edge) => {
      const planned = relationships.find(({ type, target_id }) => type === edge.type && target_id === edge.target_name);
      return {
        ...edge,
        type_hierarchy: planned?.type_hierarchy ?? [edge.type],
        properties: planned?.properties ?? {},
      };
    }),
  };
}

function nodeView(state: ExecutionState, instance: NodeInstance): NodeView {
  const node = nodeOf(state.topology, instance);
  const call = { key: '', instance_id: instance.id, operation: '' };
  return {
    id: node.id,
    type: node.type,
    type_hierarchy: node.type_hierarchy,
    properties: evaluateFor(state, call, node.properties) as JsonObject,
    number_of_instances: node.capabilities.scalable.properties.current_instances,
  };
}
