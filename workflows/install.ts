import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import { installSteps, uninstallSteps } from '../graph/lifecycle.js';
import { chooseInstances, installWalk, uninstallWalk } from '../graph/walks.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { filterOf } from './parameters.js';
import { runWalk, statesAtBegin } from './run-walk.js';

/** Creates, configures and starts the chosen node instances, each after those it depends on. */
export const install = execution(async (state) => {
  const chosen = chooseInstances(state.topology, filterOf(state.input.request.parameters));
  try {
    await installChosen(state, chosen);
  } catch (error) {
    const undo = state.options.on_failure === 'rollback' && error instanceof ApplicationFailure;
    if (undo) await CancellationScope.nonCancellable(() => undoInstall(state, chosen));
    throw error;
  }
});

export async function installChosen(
  state: ExecutionState,
  chosen: ReadonlySet<string>,
  name = 'install',
): Promise<void> {
  const states = statesAtBegin(state, name);
  await runWalk(state, {
    name,
    states,
    sequences: installWalk(state.topology, chosen, new Map(Object.entries(states))),
    on_failure: state.options.on_failure === 'continue' ? 'continue' : 'drain',
    ...(state.options.subgraph_retries === 0
      ? {}
      : {
          again: (id: string) => {
            const instance = state.instance(id);
            return [
              ...uninstallSteps(state.topology, instance, undoFrom(instance.attempted)),
              ...installSteps(state.topology, instance, 'uninitialized'),
            ];
          },
        }),
  });
}

/**
 * Takes down what an install has begun. What there is to undo is told by the recorded facts (which operations were
 * attempted), not by state names: a create that failed half-way is deleted, what was never started is not stopped.
 */
async function undoInstall(state: ExecutionState, chosen: ReadonlySet<string>): Promise<void> {
  const begun = state.instances.filter(({ id, attempted }) => chosen.has(id) && attempted.length > 0);
  const states = new Map(begun.map(({ id, attempted }) => [id, undoFrom(attempted)]));
  await runWalk(state, {
    name: 'rollback',
    states: Object.fromEntries(states),
    sequences: uninstallWalk(state.topology, new Set(states.keys()), states, true),
    on_failure: 'continue',
  });
}

/** The state from which an uninstall does what undoes the attempted operations. */
function undoFrom(attempted: readonly string[]): 'started' | 'configured' {
  return attempted.includes('start') ? 'started' : 'configured';
}
