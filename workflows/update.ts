/**
 * Makes a deployment what another version of its blueprint (or other inputs) says: nodes and relationships come and go,
 * what changed is updated in place where it can be, and reinstalled where it cannot.
 */
import { ApplicationFailure } from '@temporalio/workflow';
import { isObject, type Json } from '../blueprint/json.js';
import { containedSubgraph } from '../graph/choice.js';
import { LIFECYCLE } from '../graph/lifecycle.js';
import { planModification, withoutInstances } from '../graph/modification.js';
import { updateWalk } from '../graph/operation-walks.js';
import {
  diffPlans,
  type PlanDiff,
  UPDATE_OPERATIONS,
  unionOf,
  withLiveCounts,
  withoutRemoved,
} from '../graph/plan-diff.js';
import { relationshipSteps } from '../graph/relationship-steps.js';
import type { OperationCall, Sequence } from '../graph/steps.js';
import { mappedOperation, nodeOf, relationshipAt } from '../graph/topology.js';
import { inInstallOrder } from '../graph/walks.js';
import { checkDrift, checkStatus, setSystemProperties } from './check.js';
import { inDryRun } from './dry-run.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { healUnhealthy } from './heal.js';
import { installChosen } from './install.js';
import { isTrue } from './parameters.js';
import { reinstallChosen } from './reinstall.js';
import { runWalk } from './run-walk.js';
import { undoOnFailure } from './undo.js';
import { uninstallChosen } from './uninstall.js';

/** What an update is going to do, as its preview tells it. */
export interface UpdatePlan {
  readonly diff: PlanDiff;
  readonly added_instances: readonly string[];
  readonly removed_instances: readonly string[];
  /** Instances that stay → instances they are newly related to, or will not be related to any more. */
  readonly extended: Readonly<Record<string, readonly string[]>>;
  readonly reduced: Readonly<Record<string, readonly string[]>>;
}

export const update = execution(async (state) => {
  const asked = (name: string): boolean => isTrue(state.input.request.parameters[name]);
  return await inDryRun(state, async () => {
    const plan = state.decide('update', () => prepared(state, asked('preview')));
    if (asked('preview')) state.note('workflow_node_event', previewText(plan));
    else await makeChanges(state, plan, asked);
    return plan as unknown as Json;
  });
});

async function makeChanges(state: ExecutionState, plan: UpdatePlan, asked: (name: string) => boolean): Promise<void> {
  const ignoreFailure = asked('ignore_failure');
  await alongRelationships(state, plan.reduced, plan, 'unlink');
  if (!asked('skip_uninstall'))
    await uninstallChosen(state, new Set(plan.removed_instances), { ignoreFailure, name: 'update-uninstall' });
  await updateChanged(state, plan, asked);
  if (!asked('skip_install')) {
    const added = new Set(plan.added_instances);
    const name = 'update-install';
    await undoOnFailure(state, name, async () => await installChosen(state, added, name));
  }
  await alongRelationships(state, plan.extended, plan, 'establish');
  finish(state, plan);
}

function previewText({ diff, added_instances, removed_instances }: UpdatePlan): string {
  const changed = Object.keys(diff.changed);
  return (
    `An update would change ${changed.length} nodes (${changed.slice(0, 10).join(', ')}), ` +
    `add ${added_instances.length} instances and remove ${removed_instances.length}`
  );
}

function prepared(state: ExecutionState, only: boolean): UpdatePlan {
  const { update: target } = state.input.request;
  if (!target)
    throw ApplicationFailure.nonRetryable(
      'an update needs the new blueprint or the new inputs; see: caisson deployments update --help',
      'NothingToUpdate',
    );
  const after = withLiveCounts(state.plan, target.plan);
  const diff = diffPlans(state.plan, after);
  if (diff.refused.length > 0)
    throw ApplicationFailure.nonRetryable(
      `the blueprint ${target.blueprint.id} cannot be taken over by a live deployment:\n${diff.refused.join('\n')}`,
      'UpdateRefused',
    );
  const change = planModification({ plan: after, instances: state.instances, random: Math.random });
  if (change.problems.length > 0)
    throw ApplicationFailure.nonRetryable(change.problems.map(({ message }) => message).join('\n'), 'UpdateRefused');
  if (!only) state.replaceModel(unionOf(state.plan, after, diff), change.instances, target.blueprint);
  const { added, removed, extended, reduced } = change;
  return { diff, added_instances: added, removed_instances: removed, extended, reduced };
}

function finish(state: ExecutionState, { diff, removed_instances }: UpdatePlan): void {
  const plan = withoutRemoved(state.plan, diff);
  const nodes = new Map(plan.nodes.map((node) => [node.id, node]));
  state.replaceModel(plan, withoutInstances(state.instances, new Set(removed_instances), nodes));
}

/** Relationships that come or go between instances that both stay; the others are part of installing and uninstalling. */
async function alongRelationships(
  state: ExecutionState,
  edges: UpdatePlan['extended'],
  { diff, added_instances, removed_instances }: UpdatePlan,
  operation: 'establish' | 'unlink',
): Promise<void> {
  const elsewhere = new Set([...added_instances, ...removed_instances]);
  const sequences = (): Sequence[] =>
    Object.entries(edges).map(([id, targets]) => {
      const instance = state.instance(id);
      const only = new Set(targets.filter((target) => !elsewhere.has(target)));
      const change = diff.changed[instance.node_id];
      const keys = operation === 'establish' ? change?.relationships_added : change?.relationships_removed;
      const isChanged = ({ relationship }: OperationCall): boolean => {
        const own = relationshipAt(nodeOf(state.topology, instance), relationship?.index ?? 0);
        return keys?.some(({ type, target_id }) => type === own.type && target_id === own.target_id) !== false;
      };
      const steps = relationshipSteps(state.topology, instance, operation, only)
        .map(({ calls }) => ({ calls: calls.filter(isChanged) }))
        .filter(({ calls }) => calls.length > 0);
      const after = inInstallOrder(state.topology, instance, `${operation}_`);
      return { id: `${operation}_${id}`, instance_id: id, after, steps };
    });
  await runWalk(state, { name: `update-${operation}`, sequences });
}

/** Only what runs is updated; what does not is installed as the new blueprint says when it is installed. */
async function updateChanged(
  state: ExecutionState,
  { diff }: UpdatePlan,
  asked: (name: string) => boolean,
): Promise<void> {
  const changed = state.decide('changed instances', () =>
    state.instances
      .filter(({ node_id, state: own }) => own === 'started' && concerns(diff, node_id))
      .map(({ id }) => id),
  );
  const names = new Set(changed);
  if (!asked('skip_drift_check'))
    await checkDrift(state, names, { name: 'update-drift', order: 'install', ignoreFailure: true });
  const drifted = state.decide('drifted instances', () => changed.filter((id) => isDrifted(state, id, asked)));
  const updatable = (id: string): boolean =>
    !asked('force_reinstall') &&
    UPDATE_OPERATIONS.some((name) => mappedOperation(nodeOf(state.topology, state.instance(id)).operations, name));
  const inPlace = new Set(drifted.filter(updatable));
  if (inPlace.size > 0 && !asked('skip_heal')) await healFirst(state, inPlace, asked('ignore_failure'));
  const updating = state.decide('updating', () => state.id);
  await runWalk(state, {
    name: 'update-in-place',
    sequences: () => updateWalk(state.topology, inPlace, (call) => relationshipDrifted(state, call)),
    on_failure: 'continue',
    settled({ instance_id }, { kind }) {
      if (kind === 'failed') setSystemProperties(state, instance_id, { update_failed: updating });
      else setSystemProperties(state, instance_id, { configuration_drift: null });
    },
  });
  if (asked('skip_reinstall')) return;
  const listed = state.input.request.parameters.reinstall_list;
  const anew = state.decide('reinstalled instances', () => {
    const failed = [...inPlace].filter((id) => state.instance(id).system_properties.update_failed === updating);
    const roots = [
      ...drifted.filter((id) => !inPlace.has(id)),
      ...failed,
      ...(Array.isArray(listed) ? listed.map(String).filter((id) => state.topology.instances.has(id)) : []),
    ];
    return [...new Set(roots.flatMap((id) => [...containedSubgraph(state.topology, id)]))];
  });
  if (anew.length > 0) await reinstallChosen(state, new Set(anew), asked('ignore_failure'), 'update-reinstall');
}

/** Changes of relationships alone are made along them. */
function concerns({ changed }: PlanDiff, node: string): boolean {
  const change = changed[node];
  return change !== undefined && change.properties.length + change.operations.length > 0;
}

/** An instance that cannot be asked is taken for drifted, since its blueprint changed. */
function isDrifted(state: ExecutionState, id: string, asked: (name: string) => boolean): boolean {
  const instance = state.instance(id);
  const canTell =
    mappedOperation(nodeOf(state.topology, instance).operations, `${LIFECYCLE}.check_drift`) !== undefined;
  if (!canTell || asked('skip_drift_check')) return true;
  return tellsDrift(instance.system_properties.configuration_drift);
}

function relationshipDrifted(state: ExecutionState, { instance_id, relationship }: OperationCall): boolean {
  if (!relationship) return false;
  const { side, source_id, target_id } = relationship;
  const known = state.instance(instance_id).system_properties[`${side}_relationships_configuration_drift`];
  return isObject(known) && tellsDrift(known[side === 'source' ? target_id : source_id]);
}

/** Any result is drift, and so is a check that failed. */
function tellsDrift(answer: Json | undefined): boolean {
  if (!isObject(answer)) return false;
  const { ok, result } = answer;
  return ok === false || (result !== null && result !== false && result !== 0 && result !== '' && result !== undefined);
}

async function healFirst(state: ExecutionState, ids: ReadonlySet<string>, ignoreFailure: boolean): Promise<void> {
  await checkStatus(state, ids, { name: 'update-check', order: 'none', ignoreFailure: true });
  await healUnhealthy(state, ids, { mustProve: false, reinstall: true, ignoreFailure });
}
