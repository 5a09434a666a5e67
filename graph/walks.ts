/** The walks of the built-in workflows: one sequence per node instance, ordered by the relationships. */
import { textMember } from '../blueprint/json.js';
import { isLinked } from './begin.js';
import { cleanupSteps, installSteps, LIFECYCLE, rollbackSteps, uninstallSteps } from './lifecycle.js';
import { neighbourSteps } from './relationship-steps.js';
import type { InstanceState, NodeInstance } from './state.js';
import type { Predecessor, Sequence, Step } from './steps.js';
import { nodeOf, type Topology } from './topology.js';

/** States from which sequences begin: those at the walk's begin, kept in the ledger. */
export type StatesAtBegin = ReadonlyMap<string, InstanceState>;

/**
 * Install `chosen`: each instance after all instances it has relationships to. Instances outside the choice keep the
 * order through them; one that has a relationship to a chosen instance establishes it after that instance started.
 */
export function installWalk(topology: Topology, chosen: ReadonlySet<string>, states: StatesAtBegin): Sequence[] {
  return [...topology.instances.values()].map((instance) => ({
    id: `install_${instance.id}`,
    instance_id: instance.id,
    subgraph: `${chosen.has(instance.id) ? 'install' : 'stub'}_${instance.id}`,
    after: inInstallOrder(topology, instance, 'install_'),
    steps: chosen.has(instance.id)
      ? installSteps(topology, instance, stateOf(states, instance))
      : neighbours(topology, instance, 'establish', chosen, states),
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
    subgraph: chosen.has(instance.id) ? instance.id : `stub_${instance.id}`,
    after: inUninstallOrder(topology, instance, 'uninstall_'),
    steps: chosen.has(instance.id)
      ? uninstallSteps(topology, instance, stateOf(states, instance))
      : neighbours(topology, instance, 'unlink', chosen, states),
    ignore_failure: ignoreFailure,
  }));
}

/** Bring `chosen` back to their last settled states, in the order of an uninstall. */
export function rollbackWalk(
  topology: Topology,
  chosen: ReadonlySet<string>,
  states: StatesAtBegin,
  ignoreFailure: boolean,
): Sequence[] {
  return uninstallWalk(topology, chosen, states, ignoreFailure).map((sequence) => {
    const instance = topology.instances.get(sequence.instance_id) as NodeInstance;
    const id = sequence.id.replace('uninstall_', 'rollback_');
    const after = inUninstallOrder(topology, instance, 'rollback_');
    if (!chosen.has(instance.id)) return { ...sequence, id, after };
    return { ...sequence, id, after, steps: rollbackSteps(topology, instance, stateOf(states, instance)) };
  });
}

/**
 * Before an install is resumed: take down what operations may have left that will be sent again.
 *
 * @param done keys of the calls that an instance's install has behind it
 */
export function cleanupWalk(
  topology: Topology,
  chosen: ReadonlySet<string>,
  states: StatesAtBegin,
  done: (instanceId: string) => readonly string[],
): Sequence[] {
  return [...topology.instances.values()].map((instance) => {
    const resent = chosen.has(instance.id) ? resentBy(stateOf(states, instance), done(instance.id)) : undefined;
    return {
      id: `resume_cleanup_${instance.id}`,
      subgraph: `resume_cleanup_${instance.id}`,
      instance_id: instance.id,
      after: inUninstallOrder(topology, instance, 'resume_cleanup_'),
      steps: resent ? cleanupSteps(topology, instance, resent) : [],
      ignore_failure: true,
    };
  });
}

function resentBy(state: InstanceState, done: readonly string[]): 'create' | 'start' | undefined {
  if (state === 'creating' && !done.includes(`${LIFECYCLE}.create`)) return 'create';
  return state === 'starting' && !done.includes(`${LIFECYCLE}.start`) ? 'start' : undefined;
}

function neighbours(
  topology: Topology,
  instance: NodeInstance,
  operation: 'establish' | 'unlink',
  chosen: ReadonlySet<string>,
  states: StatesAtBegin,
): Step[] {
  // The reference does not look: it establishes and unlinks relationships of instances that were never installed.
  if (topology.legacy) return neighbourSteps(topology, instance, operation, chosen);
  if (!isLinked(stateOf(states, instance))) return [];
  const linked = (id: string): boolean =>
    chosen.has(id) && (operation === 'establish' || isLinked(states.get(id) ?? 'uninitialized'));
  const targets = new Set(instance.relationships.map(({ target_id }) => target_id).filter(linked));
  return targets.size === 0 ? [] : neighbourSteps(topology, instance, operation, targets);
}

/** After the targets; after one lifecycle operation of the target where the relationship names it (`operation`). */
export function inInstallOrder(topology: Topology, instance: NodeInstance, prefix: string): Predecessor[] {
  const { relationships } = nodeOf(topology, instance);
  const waits = new Map<string, Predecessor>();
  for (const { type, target_id, target_name } of instance.relationships) {
    const sequence = `${prefix}${target_id}`;
    const planned = relationships.find((one) => one.type === type && one.target_id === target_name);
    const operation = textMember(planned?.properties, 'operation');
    waits.set(target_id, operation === undefined ? sequence : { sequence, key: `${LIFECYCLE}.${operation}` });
  }
  return [...waits.values()];
}

/**
 * After the sources. The reference applies a relationship's `operation` here as well: a target waits for an operation
 * that its source's uninstall mostly has not, so for nothing.
 */
export function inUninstallOrder(topology: Topology, instance: NodeInstance, prefix: string): Predecessor[] {
  return (topology.sources.get(instance.id) ?? []).map((source) => {
    const sequence = `${prefix}${source}`;
    if (!topology.legacy) return sequence;
    const own = topology.instances.get(source) as NodeInstance;
    const wait = inInstallOrder(topology, own, prefix).find(
      (one) => typeof one !== 'string' && one.sequence === `${prefix}${instance.id}`,
    );
    return wait && typeof wait !== 'string' ? { sequence, key: wait.key } : sequence;
  });
}

function stateOf(states: StatesAtBegin, instance: NodeInstance): InstanceState {
  return states.get(instance.id) ?? 'uninitialized';
}
