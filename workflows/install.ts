import { installBegin } from '../graph/begin.js';
import { cleanupWalk, installWalk } from '../graph/walks.js';
import { chosenInstances } from './chosen.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { lifecycleAgain } from './lifecycle-again.js';
import { runWalk } from './run-walk.js';
import { undoOnFailure } from './undo.js';

/** Creates, configures and starts the chosen node instances, each after those it depends on. */
export const install = execution(async (state) => {
  const chosen = chosenInstances(state);
  await undoOnFailure(state, 'install', async () => await installChosen(state, chosen));
});

export async function installChosen(
  state: ExecutionState,
  chosen: ReadonlySet<string>,
  name = 'install',
): Promise<void> {
  const { legacy } = state.options;
  if (state.resumes) await cleanUp(state, chosen, name);
  await runWalk(state, {
    name,
    begin: (instance) => (chosen.has(instance.id) ? installBegin(instance, legacy) : instance.state),
    sequences: (states) => installWalk(state.topology, chosen, states),
    again: lifecycleAgain(state),
  });
}

/** Takes down what the operations may have left that the resumed walk sends once more. */
async function cleanUp(state: ExecutionState, chosen: ReadonlySet<string>, name: string): Promise<void> {
  const begun = state.ledger[name];
  if (!begun || begun.complete) return;
  const done = (id: string): readonly string[] => {
    const recorded = begun.sequences[`install_${id}`];
    return Array.isArray(recorded) ? (recorded as readonly string[]) : [];
  };
  await runWalk(state, {
    name: `${name} cleanup ${state.id}`,
    sequences: (states) => cleanupWalk(state.topology, chosen, states, done),
    on_failure: 'continue',
  });
}
