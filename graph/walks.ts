/** The walks of the built-in workflows: one sequence per node instance, ordered by the relationships. */
import type { JsonObject } from '../blueprint/json.js';
import { installSteps, uninstallSteps } from './lifecycle.js';
import { relationshipSteps } from './relationship-steps.js';
import type { InstanceState, NodeInstance } from './state.js';
import type { Sequence } from './steps.js';
import { mappedOperation, nodeOf, type Topology, targetsOf } from './topology.js';

/** States by which a walk decides what to skip: those at its begin, kept in the ledger. */
export type StatesAtBegin = ReadonlyMap<string, InstanceState>;

/**
 * Install `chosen`: each instance after all instances it has relationships to. Instances outside the choice keep the
 * order through them; one that has a relationship to a chosen instance establishes it after that instance started.
 */
export function installWalk(topology: Topology, chosen: ReadonlySet<string>, states: StatesAtBegin): Sequence[] {
  return [...topology.instances.values()].map((instance) => ({
    id: `install_${instance.id}`,
    instance_id: instance.id,
    after: targetsOf(instance).map((target) => `install_${target}`),
    steps: chosen.has(instance.id)
      ? installSteps(topology, instance, stateOf(states, instance))
      : relationshipSteps(topology, instance, 'establish', chosen),
  }));
}

/** Uninstall `chosen`: each instance after all instances that have relationships to it. */
export function uninstallWalk(
  topology: Topology,
  chosen: ReadonlySet<string>,
  states: StatesAtBegin,
  ignoreFailure: boolean,
): Sequence[] {
  return [...topology.instances.values()].map((instance) => ({
    id: `uninstall_${instance.id}`,
    instance_id: instance.id,
    after: (topology.sources.get(instance.id) ?? []).map((source) => `uninstall_${source}`),
    steps: chosen.has(instance.id)
      ? uninstallSteps(topology, instance, stateOf(states, instance))
      : relationshipSteps(topology, instance, 'unlink', chosen),
    ignore_failure: ignoreFailure,
  }));
}

/**
 * Run one operation on every chosen instance that maps it. Instances that do not are passed over in silence, as
 * Cloudify does.
 */
export function operationWalk(
  topology: Topology,
  chosen: ReadonlySet<string>,
  operation: string,
  options: { readonly byDependency: boolean; readonly kwargs: JsonObject },
): Sequence[] {
  const id = (instance: string) => `${operation}_${instance}`;
  return [...topology.instances.values()].map((instance) => {
    const mapped = mappedOperation(nodeOf(topology, instance).operations, operation);
    const parameters =
      Object.keys(options.kwargs).length > 0 ? ` (Operation parameters: ${JSON.stringify(options.kwargs)})` : '';
    return {
      id: id(instance.id),
      instance_id: instance.id,
      after: options.byDependency ? targetsOf(instance).map(id) : [],
      steps:
        mapped && chosen.has(instance.id)
          ? [
              {
                enter: { event: `Starting operation ${operation}${parameters}` },
                calls: [{ key: mapped.name, instance_id: instance.id, operation: mapped.name, kwargs: options.kwargs }],
                leave: { event: `Finished operation ${operation}` },
              },
            ]
          : [],
    };
  });
}

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

function stateOf(states: StatesAtBegin, instance: NodeInstance): InstanceState {
  return states.get(instance.id) ?? 'uninitialized';
}
