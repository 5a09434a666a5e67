/** A change of the number of instances that is under way: begun, then finished or taken back. */
import { ApplicationFailure } from '@temporalio/workflow';
import { countOf, planModification, withCount, withoutInstances } from '../graph/modification.js';
import type { NodeInstance } from '../graph/state.js';
import type { ExecutionState } from './execution-state.js';
import type { StartedModification } from './messages.js';

export interface CountChange {
  /** Node template or scaling group. */
  readonly entity: string;
  /** Instances in each container, after. */
  readonly count: number;
  /** Instances to go first, and to go last. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

const BEFORE = 'instances before';

/** Changes the model: what comes is there, what is to go is still there. */
export function startModification(state: ExecutionState, changes: readonly CountChange[]): StartedModification {
  refuseSecond(state);
  const [first, ...others] = changes;
  if (!first) throw illegal('a modification changes the number of at least one node or scaling group');
  const before = (entity: string): number => countOf(state.plan, entity) ?? 0;
  const plan = changes.reduce((changed, { entity, count }) => withCount(changed, entity, count), state.plan);
  const { instances, added, removed, problems } = planModification({
    plan,
    instances: state.instances,
    random: Math.random,
    include: new Set(changes.flatMap(({ include }) => include)),
    exclude: new Set(changes.flatMap(({ exclude }) => exclude)),
  });
  if (problems.length > 0) throw illegal(problems.map(({ message }) => message).join('\n'));
  const modification: StartedModification = {
    execution_id: state.id,
    entity: first.entity,
    before: before(first.entity),
    ...(others.length > 0 ? { others: Object.fromEntries(others.map(({ entity }) => [entity, before(entity)])) } : {}),
    added,
    removed,
  };
  if (state.options.legacy) state.decide(BEFORE, () => state.instances);
  state.replaceModel(plan, instances);
  state.modification = modification;
  state.log('info', `Deployment modification started. [modification_id=${state.id}]`);
  return modification;
}

export function refuseSecond(state: ExecutionState): void {
  const { modification } = state;
  if (!modification) return;
  throw ApplicationFailure.nonRetryable(
    `the execution ${modification.execution_id} has changed the number of ${modification.entity} and has not ended that; ` +
      'resume it, or set abort_started to take down what it added',
    'ModificationStarted',
  );
}

/** What was to go is gone. */
export function finishModification(state: ExecutionState, { removed }: StartedModification): void {
  for (const id of removed) {
    const { state: own } = state.instance(id);
    if (!['deleted', 'uninitialized'].includes(own) && !state.options.dry_run)
      state.note('workflow_node_event', `Node instance removed from the deployment although it is ${own}`, id);
  }
  state.replaceModel(state.plan, withoutInstances(state.instances, new Set(removed)));
  state.modification = undefined;
  state.forget(BEFORE);
}

/** What had come is gone, and the counts are as they were. */
export function rollBackModification(state: ExecutionState, modification: StartedModification): void {
  if (state.options.legacy) restoreInstances(state);
  state.replaceModel(state.plan, withoutInstances(state.instances, new Set(modification.added)));
  closeModification(state, modification);
  state.forget(BEFORE);
}

/** The counts are as they were before. */
export function closeModification(state: ExecutionState, { entity, before, others = {} }: StartedModification): void {
  const counts = [[entity, before] as const, ...Object.entries(others)];
  const plan = counts.reduce((changed, [name, count]) => withCount(changed, name, count), state.plan);
  state.replaceModel(plan, state.instances);
  state.modification = undefined;
}

/** The reference gives every instance back what it had before: its state and properties, true or not. */
export function restoreInstances(state: ExecutionState): void {
  const before = state.decision<readonly NodeInstance[]>(BEFORE) ?? [];
  const known = new Map(before.map((instance) => [instance.id, instance]));
  state.replaceModel(
    state.plan,
    state.instances.map((instance) => known.get(instance.id) ?? instance),
  );
}

function illegal(message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, 'IllegalScale');
}
