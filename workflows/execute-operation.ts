import { ApplicationFailure } from '@temporalio/workflow';
import type { JsonObject } from '../blueprint/plan.js';
import { mappedOperation, nodeOf } from '../graph/topology.js';
import { chooseInstances, operationWalk } from '../graph/walks.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { filterOf, isTrue, objectOf } from './parameters.js';
import { runWalk, statesAtBegin } from './run-walk.js';

const LIFECYCLE = 'cloudify.interfaces.lifecycle';

/** Runs one operation on every chosen instance that maps it. */
export const execute_operation = execution(async (state) => {
  const { parameters } = state.input.request;
  await runOperation(state, {
    operation: String(parameters.operation),
    kwargs: objectOf(parameters.operation_kwargs),
    override: isTrue(parameters.allow_kwargs_override),
    byDependency: isTrue(parameters.run_by_dependency_order),
  });
});

/** Runs the start operation of the chosen instances. Their states and relationships stay as they are. */
export const start = execution(async (state) => {
  await runLifecycle(state, 'start', objectOf(state.input.request.parameters.operation_parms));
});

/** Runs the stop operation of the chosen instances. Their states and relationships stay as they are. */
export const stop = execution(async (state) => {
  await runLifecycle(state, 'stop', objectOf(state.input.request.parameters.operation_parms));
});

/** All stops, then all starts. */
export const restart = execution(async (state) => {
  const { parameters } = state.input.request;
  await runLifecycle(state, 'stop', objectOf(parameters.stop_parms));
  await runLifecycle(state, 'start', objectOf(parameters.start_parms));
});

async function runLifecycle(state: ExecutionState, operation: 'start' | 'stop', kwargs: JsonObject): Promise<void> {
  const order = state.input.request.parameters.run_by_dependency_order;
  await runOperation(state, {
    operation: `${LIFECYCLE}.${operation}`,
    kwargs,
    override: true,
    byDependency: order === undefined || order === null || isTrue(order),
  });
}

interface OperationRun {
  readonly operation: string;
  readonly kwargs: JsonObject;
  readonly override: boolean;
  readonly byDependency: boolean;
}

async function runOperation(state: ExecutionState, run: OperationRun): Promise<void> {
  const chosen = chooseInstances(state.topology, filterOf(state.input.request.parameters));
  if (!run.override) refuseClashes(state, chosen, run);
  await runWalk(state, {
    name: run.operation,
    states: statesAtBegin(state, run.operation),
    sequences: operationWalk(state.topology, chosen, run.operation, run),
    on_failure: state.options.on_failure === 'continue' ? 'continue' : 'drain',
  });
}

/** Inputs that the operation already has are not replaced unless the caller says so; nothing has run by then. */
function refuseClashes(state: ExecutionState, chosen: ReadonlySet<string>, { operation, kwargs }: OperationRun): void {
  for (const id of chosen) {
    const mapped = mappedOperation(nodeOf(state.topology, state.instance(id)).operations, operation);
    const clashes = Object.keys(kwargs).filter((key) => mapped && Object.hasOwn(mapped.operation.inputs, key));
    if (clashes.length > 0)
      throw ApplicationFailure.nonRetryable(
        `Duplicate definition of ${clashes.join(', ')} in operation properties and in kwargs of ${operation} on ${id}. ` +
          'To allow redefinition, set allow_kwargs_override.',
        'DuplicateInput',
      );
  }
}
