import type { ExecutionState } from './execution-state.js';

/** Runs a program that changes the model: that of a dry run is thrown away at its end. */
export async function inDryRun<T>(state: ExecutionState, run: () => Promise<T>): Promise<T> {
  if (!state.options.dry_run) return await run();
  const { plan, instances, modification } = state;
  try {
    return await run();
  } finally {
    state.replaceModel(plan, instances);
    state.modification = modification;
  }
}
