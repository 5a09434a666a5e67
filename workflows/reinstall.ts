import { chosenInstances } from './chosen.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { installChosen } from './install.js';
import { isTrue } from './parameters.js';
import { undoOnFailure } from './undo.js';
import { uninstallChosen } from './uninstall.js';

/** Uninstalls the chosen node instances and installs them again. */
export const reinstall = execution(async (state) => {
  const { parameters } = state.input.request;
  const chosen = chosenInstances(state);
  await reinstallChosen(state, chosen, isTrue(parameters.ignore_failure));
});

/** @param prefix of the walks' names, where an execution reinstalls more than once */
export async function reinstallChosen(
  state: ExecutionState,
  chosen: ReadonlySet<string>,
  ignoreFailure: boolean,
  prefix = 'reinstall',
): Promise<void> {
  await uninstallChosen(state, chosen, { ignoreFailure, name: `${prefix}-uninstall` });
  const name = `${prefix}-install`;
  await undoOnFailure(state, name, async () => await installChosen(state, chosen, name));
}
