import { chooseInstances, uninstallWalk } from '../graph/walks.js';
import { execution } from './execution.js';
import { filterOf, isTrue } from './parameters.js';
import { runWalk, statesAtBegin } from './run-walk.js';

/** Stops and deletes the chosen node instances, each after those that depend on it. */
export const uninstall = execution(async (state) => {
  const { parameters } = state.input.request;
  const chosen = chooseInstances(state.topology, filterOf(parameters));
  const states = statesAtBegin(state, 'uninstall');
  await runWalk(state, {
    name: 'uninstall',
    states,
    sequences: uninstallWalk(
      state.topology,
      chosen,
      new Map(Object.entries(states)),
      isTrue(parameters.ignore_failure),
    ),
    on_failure: state.options.on_failure === 'continue' ? 'continue' : 'drain',
  });
});
