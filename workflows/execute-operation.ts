import { ApplicationFailure } from '@temporalio/workflow';
import { isObject, type Json } from '../blueprint/json.js';
import type { JsonObject } from '../blueprint/plan.js';
import { LIFECYCLE, VALIDATION } from '../graph/lifecycle.js';
import { type OperationWalk, operationWalk } from '../graph/operation-walks.js';
import { mappedOperation, nodeOf } from '../graph/topology.js';
import { chosenInstances } from './chosen.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { isTrue, objectOf } from './parameters.js';
import { runWalk } from './run-walk.js';
import { refuseDependents } from './services.js';

/** Runs one operation on every chosen instance that maps it. */
export const execute_operation = execution(async (state) => {
  const { parameters } = state.input.request;
  const operation = String(parameters.operation ?? '');
  refuseUnmapped(state, operation);
  await runOperation(state, {
    name: operation,
    operation,
    kwargs: objectOf(parameters.operation_kwargs),
    override: isTrue(parameters.allow_kwargs_override),
    order: isTrue(parameters.run_by_dependency_order) ? 'install' : 'none',
  });
});

/** Runs the start operation of the chosen instances; what `stop` has stopped is started then. */
export const start = execution(async (state) => {
  await runStart(state, objectOf(state.input.request.parameters.operation_parms));
});

/** Runs the stop operation of the chosen instances, each after those that depend on it. */
export const stop = execution(async (state) => {
  await refuseDependents(state);
  await runStop(state, objectOf(state.input.request.parameters.operation_parms));
});

/** All stops, then all starts. */
export const restart = execution(async (state) => {
  const { parameters } = state.input.request;
  await runStop(state, objectOf(parameters.stop_parms));
  await runStart(state, objectOf(parameters.start_parms));
});

/** Runs the pull operation of the chosen instances. */
export const pull = execution(async (state) => {
  await runLifecycle(state, 'pull', objectOf(state.input.request.parameters.operation_parms), 'install');
});

/** Runs what a type checks before it is created, and creates nothing. */
export const validate = execution(async (state) => {
  const operation = `${VALIDATION}.create`;
  await runOperation(state, { name: operation, operation, kwargs: {}, override: true, order: 'install' });
});

/** The reference leaves the states alone, here and in `stop`. */
async function runStart(state: ExecutionState, kwargs: JsonObject): Promise<void> {
  const states = { from: 'stopped', while: 'starting', after: 'started' };
  await runLifecycle(state, 'start', kwargs, 'install', state.options.legacy ? undefined : states);
}

/** The reference stops in the order of an install: what others still depend on first. */
async function runStop(state: ExecutionState, kwargs: JsonObject): Promise<void> {
  const states = { from: 'started', while: 'stopping', after: 'stopped' };
  if (state.options.legacy) await runLifecycle(state, 'stop', kwargs, 'install');
  else await runLifecycle(state, 'stop', kwargs, 'uninstall', states);
}

async function runLifecycle(
  state: ExecutionState,
  name: string,
  kwargs: JsonObject,
  order: 'install' | 'uninstall',
  states?: OperationWalk['states'],
): Promise<void> {
  const ordered = state.input.request.parameters.run_by_dependency_order;
  await runOperation(state, {
    name,
    operation: `${LIFECYCLE}.${name}`,
    kwargs,
    override: true,
    order: ordered === undefined || ordered === null || isTrue(ordered) ? order : 'none',
    ...(states ? { states } : {}),
  });
}

interface OperationRun extends OperationWalk {
  readonly name: string;
  readonly kwargs: JsonObject;
  readonly override: boolean;
}

async function runOperation(state: ExecutionState, run: OperationRun): Promise<void> {
  const chosen = chosenInstances(state);
  refuseInputs(state, chosen, run);
  await runWalk(state, {
    name: run.name,
    sequences: (states) => operationWalk(state.topology, chosen, run, states),
  });
}

/** An operation that nothing declares is a slip of the caller's. The reference does nothing, and succeeds. */
function refuseUnmapped(state: ExecutionState, operation: string): void {
  if (state.options.legacy) return;
  const { nodes } = state.plan;
  if (nodes.some((node) => mappedOperation(node.operations, operation))) return;
  const known = [...new Set(nodes.flatMap((node) => Object.keys(node.operations)))].sort();
  throw ApplicationFailure.nonRetryable(
    `no node template maps the operation ${operation}; these are mapped: ${known.join(', ') || 'none'}`,
    'UnknownOperation',
  );
}

/** Inputs that the operation already has are not replaced unless the caller says so; nothing has run by then. */
function refuseInputs(state: ExecutionState, chosen: ReadonlySet<string>, run: OperationRun): void {
  const { operation, kwargs, override } = run;
  if (Object.keys(kwargs).length === 0) return;
  for (const id of chosen) {
    const mapped = mappedOperation(nodeOf(state.topology, state.instance(id)).operations, operation);
    if (!mapped) continue;
    const clashes = Object.keys(kwargs).filter((key) => Object.hasOwn(mapped.operation.inputs, key));
    if (clashes.length > 0 && !override)
      throw ApplicationFailure.nonRetryable(
        `Duplicate definition of ${clashes.join(', ')} in operation properties and in kwargs of ${operation} on ${id}. ` +
          'To allow redefinition, set allow_kwargs_override.',
        'DuplicateInput',
      );
    for (const [key, type] of Object.entries(mapped.operation.inputs_types ?? {}))
      if (Object.hasOwn(kwargs, key) && !isOfType(kwargs[key] as Json, String(type)))
        throw ApplicationFailure.nonRetryable(
          `the input ${key} of ${operation} on ${id} must be of type ${type}, not ${JSON.stringify(kwargs[key])}`,
          'IllegalInput',
        );
  }
}

function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case 'integer':
      return Number.isInteger(value);
    case 'float':
      return typeof value === 'number';
    case 'boolean':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'dict':
      return isObject(value);
    default:
      return true;
  }
}
