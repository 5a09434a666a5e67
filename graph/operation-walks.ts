/** Walks that run named operations of instances, outside of their lifecycles. */
import { pythonText } from '../blueprint/intrinsics/python-text.js';
import type { JsonObject } from '../blueprint/json.js';
import { LIFECYCLE, VALIDATION } from './lifecycle.js';
import { relationshipSteps } from './relationship-steps.js';
import type { InstanceState, NodeInstance } from './state.js';
import type { OperationCall, Sequence, Step } from './steps.js';
import { mappedOperation, nodeOf, type Topology } from './topology.js';
import { inInstallOrder, inUninstallOrder, type StatesAtBegin } from './walks.js';

export type Order = 'install' | 'uninstall' | 'none';

export interface OperationWalk {
  /** Full name. */
  readonly operation: string;
  /** Which instance waits for which. */
  readonly order: Order;
  readonly kwargs?: JsonObject;
  /** States that an instance passes through, and ends in, if it is in `from` at the walk's begin. */
  readonly states?: { readonly from: InstanceState; readonly while: InstanceState; readonly after: InstanceState };
}

/**
 * Run one operation on every chosen instance that maps it. Instances that do not are passed over in silence, as
 * Cloudify does.
 */
export function operationWalk(
  topology: Topology,
  chosen: ReadonlySet<string>,
  { operation, order, kwargs = {}, states }: OperationWalk,
  begin: StatesAtBegin = new Map(),
): Sequence[] {
  const parameters = Object.keys(kwargs).length > 0 ? ` (Operation parameters: ${pythonText(kwargs)})` : '';
  const sequences = inOrder(topology, `${operation}_`, order, (instance) => {
    if (!chosen.has(instance.id)) return [];
    const mapped = mappedOperation(nodeOf(topology, instance).operations, operation);
    const changes = states !== undefined && begin.get(instance.id) === states.from;
    const after = changes ? { state: states.after } : {};
    if (!mapped) return changes ? [{ enter: after, calls: [] }] : [];
    return [
      {
        enter: { event: `Starting operation ${operation}${parameters}`, ...(changes ? { state: states.while } : {}) },
        // It is called as the caller calls it; the ledger and the facts know it by its full name.
        calls: [{ key: mapped.name, instance_id: instance.id, operation, kwargs }],
        leave: { event: `Finished operation ${operation}`, ...after },
      },
    ];
  });
  return sequences.map((sequence) => ({ ...sequence, subgraph: sequence.instance_id }));
}

/** Ask every chosen instance whether it is well. Without retries, since the first answer is the one that counts. */
export function checkStatusWalk(
  topology: Topology,
  chosen: ReadonlySet<string>,
  options: { readonly order: Order; readonly ignoreFailure: boolean },
): Sequence[] {
  return inOrder(topology, 'check_status_', options.order, (instance) =>
    chosen.has(instance.id) ? callsOf(topology, instance, [`${VALIDATION}.check_status`], { max_retries: 0 }) : [],
  ).map((sequence) => ({ ...sequence, ignore_failure: options.ignoreFailure }));
}

/** Ask every chosen instance, then both sides of its relationships, whether they are as the blueprint says. */
export function checkDriftWalk(
  topology: Topology,
  chosen: ReadonlySet<string>,
  options: { readonly order: Order; readonly ignoreFailure: boolean },
): Sequence[] {
  const own = inOrder(topology, 'check_drift_', options.order, (instance) =>
    chosen.has(instance.id) ? callsOf(topology, instance, [`${LIFECYCLE}.check_drift`]) : [],
  );
  const relationships = own.map(({ id, instance_id }): Sequence => {
    const instance = topology.instances.get(instance_id) as NodeInstance;
    const calls = chosen.has(instance_id)
      ? relationshipSteps(topology, instance, 'check_drift').flatMap((step) => step.calls)
      : [];
    return { id: `${id}_relationships`, instance_id, after: [id], steps: calls.length > 0 ? [{ calls }] : [] };
  });
  return [...own, ...relationships].map((sequence) => ({ ...sequence, ignore_failure: options.ignoreFailure }));
}

/** Heal every chosen instance. One that cannot be healed holds nothing up: it is reinstalled afterwards. */
export function healWalk(topology: Topology, chosen: ReadonlySet<string>): Sequence[] {
  const operations = ['preheal', 'heal', 'postheal'].map((name) => `${LIFECYCLE}.${name}`);
  return inOrder(topology, 'heal_', 'install', (instance) =>
    chosen.has(instance.id)
      ? [
          { enter: { event: 'Healing node instance' }, calls: [] },
          ...callsOf(topology, instance, operations),
          { enter: { event: 'Node instance healed' }, calls: [] },
        ]
      : [],
  ).map((sequence) => ({ ...sequence, subgraph: sequence.id, abandon: true }));
}

const UPDATES = ['preupdate', 'update', 'postupdate', 'update_config', 'update_apply', 'update_postapply'];

/** Update every chosen instance in place, and then the relationships that `drifted` names. A failure holds nothing up. */
export function updateWalk(
  topology: Topology,
  chosen: ReadonlySet<string>,
  drifted: (call: OperationCall) => boolean,
): Sequence[] {
  const operations = UPDATES.map((name) => `${LIFECYCLE}.${name}`);
  return inOrder(topology, 'update_', 'install', (instance) => {
    const relationships = relationshipSteps(topology, instance, 'update')
      .flatMap(({ calls }) => calls)
      .filter(drifted)
      .map((call) => ({ calls: [call] }));
    const own = chosen.has(instance.id) ? callsOf(topology, instance, operations) : [];
    if (own.length + relationships.length === 0) return [];
    return [
      { enter: { event: 'Updating node instance' }, calls: [] },
      ...own,
      ...relationships,
      { enter: { event: 'Node instance updated' }, calls: [] },
    ];
  }).map((sequence) => ({ ...sequence, subgraph: sequence.id, abandon: true }));
}

function callsOf(
  topology: Topology,
  instance: NodeInstance,
  operations: readonly string[],
  more: Partial<OperationCall> = {},
): Step[] {
  const node = nodeOf(topology, instance);
  return operations
    .filter((operation) => mappedOperation(node.operations, operation))
    .map((operation) => ({ calls: [{ key: operation, instance_id: instance.id, operation, ...more }] }));
}

function inOrder(
  topology: Topology,
  prefix: string,
  order: Order,
  steps: (instance: NodeInstance) => Step[],
): Sequence[] {
  return [...topology.instances.values()].map((instance) => ({
    id: `${prefix}${instance.id}`,
    instance_id: instance.id,
    after:
      order === 'none'
        ? []
        : order === 'install'
          ? inInstallOrder(topology, instance, prefix).map(whole)
          : inUninstallOrder(topology, instance, prefix).map(whole),
    steps: steps(instance),
  }));
}

const whole = (before: Sequence['after'][number]): string => (typeof before === 'string' ? before : before.sequence);
