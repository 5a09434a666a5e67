/**
 * Changes the number of instances of a node or scaling group.
 *
 * The change is recorded in the deployment before anything runs, so that whatever happens it is known which instances
 * came with it: a failed scale-out takes them down and out again.
 */
import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import { withCount, withoutInstances } from '../graph/modification.js';
import { type ScaleRequest, scaleRequest } from '../graph/scale.js';
import { inDryRun } from './dry-run.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { installChosen } from './install.js';
import type { StartedModification } from './messages.js';
import {
  closeModification,
  finishModification,
  refuseSecond,
  restoreInstances,
  startModification,
} from './modification.js';
import { isTrue } from './parameters.js';
import { rollBackChosen } from './rollback.js';
import { uninstallChosen } from './uninstall.js';

const FAILURE = 'failure of scale-out';

export const scale = execution(async (state) => {
  await finishGivingUp(state);
  const given = state.parameters;
  if (isTrue(given.abort_started)) await abortStarted(state, isTrue(given.ignore_failure));
  const request = state.decide('scale', () => checkedRequest(state));
  if (request.delta === 0) return state.log('info', 'delta parameter is 0, so no scaling will take place.');
  await inDryRun(state, async () => await scaleTo(state, request));
});

function checkedRequest(state: ExecutionState): ScaleRequest {
  const { request, problem } = scaleRequest(state.plan, state.instances, state.parameters, state.options.legacy);
  if (problem !== undefined) throw ApplicationFailure.nonRetryable(problem, 'IllegalScale');
  return request;
}

async function scaleTo(state: ExecutionState, request: ScaleRequest): Promise<void> {
  const modification = state.decide('modification', () => startModification(state, [request]));
  // An execution that gave the change up at its failure takes it up again when it is resumed.
  if (!state.modification) reopen(state, modification, request);
  try {
    if (request.delta > 0) await scaleOut(state, modification);
    else await scaleIn(state, modification);
  } catch (error) {
    const rollsBack = state.parameters.rollback_if_failed;
    if (error instanceof ApplicationFailure && (rollsBack === undefined || isTrue(rollsBack)))
      await giveUp(state, modification, request, error.message);
    throw error;
  }
  finishModification(state, modification);
}

async function scaleOut(state: ExecutionState, { entity, added }: StartedModification): Promise<void> {
  await installChosen(state, new Set(added), `${entity}_install`);
}

async function scaleIn(state: ExecutionState, { entity, removed }: StartedModification): Promise<void> {
  const ignoreFailure = isTrue(state.parameters.ignore_failure);
  await uninstallChosen(state, new Set(removed), { ignoreFailure, name: `${entity}_uninstall` });
}

function reopen(state: ExecutionState, modification: StartedModification, { entity, count }: ScaleRequest): void {
  refuseSecond(state);
  state.replaceModel(withCount(state.plan, entity, count), state.instances);
  state.modification = modification;
}

/** After a failure: what was added is taken down and out; what was to go stays, in the state that it has. */
async function giveUp(
  state: ExecutionState,
  modification: StartedModification,
  { entity, delta }: ScaleRequest,
  message: string,
): Promise<void> {
  if (delta < 0) {
    if (state.options.legacy) restoreInstances(state);
    return closeModification(state, modification);
  }
  state.decide(FAILURE, () => message);
  state.log('info', 'Scale out failed, scaling back in.');
  await CancellationScope.nonCancellable(async () => await takeDown(state, modification, `${entity}_rollback`));
  state.forget('scale', 'modification', FAILURE, `${entity}_install`, `${entity}_rollback`);
}

/** A run that was interrupted while it gave up goes on with that. A resumed execution then scales anew. */
async function finishGivingUp(state: ExecutionState): Promise<void> {
  const message = state.decision<string>(FAILURE);
  const modification = state.decision<StartedModification>('modification');
  const request = state.decision<ScaleRequest>('scale');
  if (message === undefined || !modification || !request) return;
  await giveUp(state, modification, request, message);
  if (state.input.continued !== undefined)
    throw ApplicationFailure.create({ message, type: 'WorkflowFailed', nonRetryable: true });
}

/**
 * Takes down instances that a modification added, by recorded facts: whatever was attempted is undone. What cannot be
 * removed stays in the model, and the modification open. The reference forgets all of them, and only looks after those
 * that were half-way.
 */
async function takeDown(state: ExecutionState, modification: StartedModification, name: string): Promise<void> {
  const added = new Set(modification.added);
  const ignoreFailure = isTrue(state.parameters.ignore_failure);
  if (state.options.legacy) {
    try {
      await rollBackChosen(state, added, { name, ignoreFailure, all: true });
    } finally {
      restoreInstances(state);
      state.replaceModel(state.plan, withoutInstances(state.instances, added));
      closeModification(state, modification);
    }
    return;
  }
  await uninstallChosen(state, added, { ignoreFailure: true, name, onFailure: 'continue' });
  const left = modification.added.filter((id) => state.instance(id).attempted.length > 0);
  const gone = new Set(modification.added.filter((id) => !left.includes(id)));
  state.replaceModel(state.plan, withoutInstances(state.instances, gone));
  if (left.length === 0) return closeModification(state, modification);
  state.modification = { ...modification, added: left };
  for (const id of left)
    state.note('workflow_node_event', 'Node instance could not be removed: scale with abort_started tries again', id);
}

async function abortStarted(state: ExecutionState, ignoreFailure: boolean): Promise<void> {
  const { modification } = state;
  const own = state.decision<StartedModification>('modification');
  const aborted = state.decide('aborted', () => (modification && !own ? modification : null));
  if (!aborted || state.decision('abort done')) return;
  state.log('info', `Rolling back deployment modification. [modification_id=${aborted.execution_id}]`);
  await uninstallChosen(state, new Set(aborted.added), { ignoreFailure, name: 'abort' });
  state.replaceModel(state.plan, withoutInstances(state.instances, new Set(aborted.added)));
  closeModification(state, aborted);
  state.decide('abort done', () => true);
}
