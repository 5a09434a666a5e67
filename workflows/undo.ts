/**
 * `on_failure: rollback`: what an execution has begun to install is taken down again when it fails.
 *
 * What there is to undo is told by the recorded facts (which operations were attempted), not by state names: a create
 * that failed half-way is deleted, what was never started is not stopped. An instance that was started before is left.
 */
import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { ExecutionState } from './execution-state.js';
import { uninstallChosen } from './uninstall.js';

/**
 * Runs an install, and undoes it when it fails and the execution is to roll back.
 *
 * A run that is interrupted while it undoes goes on undoing: after continuing as new it then fails as it would have,
 * a resumed execution then installs.
 *
 * @param walk name of the install's walk
 */
export async function undoOnFailure(state: ExecutionState, walk: string, install: () => Promise<void>): Promise<void> {
  const names = undoNames(walk);
  const before = state.decision<string>(names.failed);
  if (before !== undefined) {
    await undo(state, walk);
    if (state.input.continued !== undefined) throw failure(before);
  }
  try {
    await install();
  } catch (error) {
    if (state.options.on_failure !== 'rollback' || !(error instanceof ApplicationFailure)) throw error;
    state.decide(names.failed, () => error.message);
    await undo(state, walk);
    throw error;
  }
}

async function undo(state: ExecutionState, walk: string): Promise<void> {
  const names = undoNames(walk);
  const begun = state.ledger[walk]?.states ?? {};
  const chosen = state.decide(names.chosen, () =>
    state.instances.filter(({ id, attempted }) => attempted.length > 0 && begun[id] !== 'started').map(({ id }) => id),
  );
  await CancellationScope.nonCancellable(
    async () =>
      await uninstallChosen(state, new Set(chosen), { ignoreFailure: true, name: names.walk, onFailure: 'continue' }),
  );
  state.forget(walk, names.failed, names.chosen, names.walk);
}

function undoNames(walk: string) {
  return { walk: `rollback of ${walk}`, chosen: `rolled back of ${walk}`, failed: `failure of ${walk}` };
}

function failure(message: string): ApplicationFailure {
  return ApplicationFailure.create({ message, type: 'WorkflowFailed', nonRetryable: true });
}
