/** What an operation's context can see: the instances it works on, what they are related to, and their hosts with what those are related to. */
import type { InstanceView, NodeView, Snapshot } from '../activities/request.js';
import type { JsonObject } from '../blueprint/plan.js';
import type { NodeInstance } from '../graph/state.js';
import type { OperationCall } from '../graph/steps.js';
import { nodeOf } from '../graph/topology.js';
import { evaluateFor } from './evaluation.js';
import type { RequestSource } from './request-source.js';

/** More relationships than these do not travel with every operation of one of them. */
const MOST_EDGES = 64;

/** Whose state an operation can see. */
export interface Scope {
  /** Instance ids. */
  readonly seen: ReadonlySet<string>;
  /** It has too many relationships to see all that they lead to. */
  readonly cut: (id: string) => boolean;
}

/** @param whole with everything that is to be reached, however much: for who asks, rather than for the history */
export function scopeOf(source: RequestSource, { instance_id, relationship }: OperationCall, whole: boolean): Scope {
  const subjects = relationship === undefined ? [instance_id] : [relationship.source_id, relationship.target_id];
  const cut = (id: string): boolean =>
    !whole && relationship !== undefined && source.instance(id).relationships.length > MOST_EDGES;
  const seen = new Set<string>(subjects);
  const seeTargets = (id: string): void => {
    if (!cut(id)) for (const { target_id } of source.instance(id).relationships) seen.add(target_id);
  };
  for (const id of subjects) seeTargets(id);
  for (const id of [...seen]) {
    const host = source.instance(id).host_id;
    if (host === undefined) continue;
    seen.add(host);
    // How to log in to a host may be known by what it is related to: its key pair.
    seeTargets(host);
  }
  // A set tells of what is added while it is walked.
  if (whole) for (const id of seen) seeTargets(id);
  return { seen, cut };
}

/** @param properties of nodes where they are known otherwise than by evaluating */
export function snapshotFor(
  source: RequestSource,
  call: OperationCall,
  whole: boolean,
  properties: Readonly<Record<string, JsonObject>> = {},
): Snapshot {
  const { seen, cut } = scopeOf(source, call, whole);
  const nodes: Record<string, NodeView> = {};
  const instances: Record<string, InstanceView> = {};
  for (const id of seen) {
    const instance = source.instance(id);
    const view = instanceView(source, instance);
    instances[id] = cut(id) ? { ...view, ...seenEdges(view, seen) } : view;
    nodes[instance.node_id] ??= nodeView(source, instance, properties[instance.node_id]);
  }
  return { nodes, instances };
}

/** The relationships to what is seen anyway. */
function seenEdges(
  { relationships }: InstanceView,
  seen: ReadonlySet<string>,
): Pick<InstanceView, 'relationships' | 'relationship_count'> {
  return {
    relationships: relationships.filter(({ target_id }) => seen.has(target_id)),
    relationship_count: relationships.length,
  };
}

function instanceView(source: RequestSource, instance: NodeInstance): InstanceView {
  const { relationships } = nodeOf(source.topology, instance);
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

function nodeView(source: RequestSource, instance: NodeInstance, known: JsonObject | undefined): NodeView {
  const node = nodeOf(source.topology, instance);
  return {
    id: node.id,
    type: node.type,
    type_hierarchy: node.type_hierarchy,
    properties: known ?? propertiesOf(source, instance),
    number_of_instances: node.capabilities.scalable.properties.current_instances,
  };
}

/** A node's properties as an operation of this instance finds them. */
export function propertiesOf(source: RequestSource, instance: NodeInstance): JsonObject {
  const call = { key: '', instance_id: instance.id, operation: '' };
  return evaluateFor(source, call, nodeOf(source.topology, instance).properties) as JsonObject;
}
