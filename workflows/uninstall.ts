import { uninstallBegin } from '../graph/begin.js';
import { uninstallWalk } from '../graph/walks.js';
import { chosenInstances } from './chosen.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { uninstallAgain } from './lifecycle-again.js';
import { isTrue } from './parameters.js';
import { runWalk } from './run-walk.js';
import { refuseDependents, uninstallServices } from './services.js';

/** Stops and deletes the chosen node instances, each after those that depend on it. */
export const uninstall = execution(async (state) => {
  const { parameters } = state.input.request;
  await refuseDependents(state);
  if (isTrue(parameters.recursive)) await uninstallServices(state);
  const chosen = chosenInstances(state);
  await uninstallChosen(state, chosen, { ignoreFailure: isTrue(parameters.ignore_failure) });
});

export interface UninstallOptions {
  readonly ignoreFailure: boolean;
  /** Name of the walk. @default 'uninstall' */
  readonly name?: string;
  /** @default the execution's */
  readonly onFailure?: 'drain' | 'continue';
}

export async function uninstallChosen(
  state: ExecutionState,
  chosen: ReadonlySet<string>,
  { ignoreFailure, name = 'uninstall', onFailure }: UninstallOptions,
): Promise<void> {
  const { legacy } = state.options;
  await runWalk(state, {
    name,
    begin: (instance) => (chosen.has(instance.id) ? uninstallBegin(instance, legacy) : instance.state),
    sequences: (states) => uninstallWalk(state.topology, chosen, states, ignoreFailure),
    again: uninstallAgain(state),
    ...(onFailure ? { on_failure: onFailure } : {}),
  });
}
