/** Which instances a workflow acts on: by the filters that its caller gave, or by what is contained in what. */
import { isContainment } from './instances.js';
import type { NodeInstance } from './state.js';
import { nodeOf, type Topology } from './topology.js';

export interface InstanceFilter {
  readonly type_names: readonly string[];
  readonly node_ids: readonly string[];
  readonly node_instance_ids: readonly string[];
}

/** The instances that pass all filters; an empty filter passes everything. Types match anywhere in the hierarchy. */
export function chooseInstances(topology: Topology, filter: InstanceFilter): ReadonlySet<string> {
  const chosen = new Set<string>();
  for (const instance of topology.instances.values()) {
    const passes = (list: readonly string[], values: readonly string[]) =>
      list.length === 0 || values.some((value) => list.includes(value));
    if (
      passes(filter.type_names, nodeOf(topology, instance).type_hierarchy) &&
      passes(filter.node_ids, [instance.node_id]) &&
      passes(filter.node_instance_ids, [instance.id])
    )
      chosen.add(instance.id);
  }
  return chosen;
}

/** The instance and everything contained in it, however deep. */
export function containedSubgraph(topology: Topology, id: string): ReadonlySet<string> {
  const found = new Set([id]);
  for (const one of found)
    for (const source of topology.sources.get(one) ?? [])
      if (isContainedIn(topology, topology.instances.get(source) as NodeInstance, one)) found.add(source);
  return found;
}

function isContainedIn(topology: Topology, instance: NodeInstance, container: string): boolean {
  const { relationships } = nodeOf(topology, instance);
  return instance.relationships.some(
    ({ type, target_id, target_name }) =>
      target_id === container &&
      relationships.some((one) => one.type === type && one.target_id === target_name && isContainment(one)),
  );
}
