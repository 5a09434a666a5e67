import { chooseInstances } from '../graph/choice.js';
import type { ExecutionState } from './execution-state.js';
import { filterOf } from './parameters.js';

/** The instances that the execution's filters choose. That there are none is told: nobody asks for nothing on purpose. */
export function chosenInstances(state: ExecutionState): ReadonlySet<string> {
  const chosen = chooseInstances(state.topology, filterOf(state.input.request.parameters));
  if (chosen.size === 0 && state.instances.length > 0)
    state.log('warning', 'No node instance passes all of the given filters: there is nothing to do');
  return chosen;
}
