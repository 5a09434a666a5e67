/** How the lifecycle of an instance is tried again as a whole (`subgraph_retries`): taken down, then begun anew. */
import { retryBegin } from '../graph/begin.js';
import { reinstallSteps, uninstallSteps } from '../graph/lifecycle.js';
import type { ExecutionState } from './execution-state.js';
import type { Again } from './run-walk.js';

export function lifecycleAgain(state: ExecutionState): Again {
  return {
    name: ({ id }) => `reinstall_${id}`,
    from: (instance, atBegin) => retryBegin(instance, atBegin, state.options.legacy),
    steps: (instance, from) => reinstallSteps(state.topology, instance, from),
  };
}

/** An uninstall is tried again from where the instance is; the reference begins where it began. */
export function uninstallAgain(state: ExecutionState): Again {
  return {
    from: (instance, atBegin) => (state.options.legacy ? atBegin : retryBegin(instance, atBegin, false)),
    steps: (instance, from) => uninstallSteps(state.topology, instance, from),
  };
}
