/** Workflows that ask instances how they are, and keep the answers in their system properties. */
import { isObject, type Json, type JsonObject } from '../blueprint/json.js';
import { checkDriftWalk, checkStatusWalk, type Order } from '../graph/operation-walks.js';
import type { OperationCall } from '../graph/steps.js';
import { chosenInstances } from './chosen.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { isTrue } from './parameters.js';
import { implementationOf, operationOf } from './request.js';
import { runWalk, type WalkOptions } from './run-walk.js';

/** Runs `check_status` of the chosen instances; fails when one of them is not well, after all were asked. */
export const check_status = execution(async (state) => {
  const { parameters } = state.input.request;
  const chosen = chosenInstances(state);
  const order = isTrue(parameters.run_by_dependency_order) ? 'install' : 'none';
  await checkStatus(state, chosen, { name: 'check_status', order, ignoreFailure: false });
});

/** Runs `check_drift` of the chosen instances and their relationships; what is not as the blueprint says is recorded. */
export const check_drift = execution(async (state) => {
  const { parameters } = state.input.request;
  const chosen = chosenInstances(state);
  const ordered = parameters.run_by_dependency_order;
  const order = ordered === undefined || ordered === null || isTrue(ordered) ? 'install' : 'none';
  await checkDrift(state, chosen, { name: 'check_drift', order, ignoreFailure: false });
});

interface CheckOptions {
  /** Name of the walk. */
  readonly name: string;
  readonly order: Order;
  readonly ignoreFailure: boolean;
}

export async function checkStatus(
  state: ExecutionState,
  chosen: ReadonlySet<string>,
  options: CheckOptions,
): Promise<void> {
  await runWalk(state, {
    name: options.name,
    sequences: () => checkStatusWalk(state.topology, chosen, options),
    on_failure: 'continue',
    quiet: true,
    settled(call, performed) {
      const { system_properties } = state.instance(call.instance_id);
      setSystemProperties(state, call.instance_id, {
        previous_status: system_properties.status ?? null,
        status: answerOf(state, call, performed),
      });
    },
  });
}

export async function checkDrift(
  state: ExecutionState,
  chosen: ReadonlySet<string>,
  options: CheckOptions,
): Promise<void> {
  await runWalk(state, {
    name: options.name,
    sequences: () => checkDriftWalk(state.topology, chosen, options),
    on_failure: 'continue',
    quiet: true,
    settled: (call, performed) => recordDrift(state, call, answerOf(state, call, performed)),
  });
}

/** Under the reference's names: those of a relationship by the instance at its other end. */
function recordDrift(state: ExecutionState, { instance_id, relationship }: OperationCall, answer: JsonObject): void {
  if (!relationship) {
    setSystemProperties(state, instance_id, { configuration_drift: answer });
    return;
  }
  const { side, source_id, target_id } = relationship;
  const name = `${side}_relationships_configuration_drift`;
  const known = state.instance(instance_id).system_properties[name];
  const other = side === 'source' ? target_id : source_id;
  setSystemProperties(state, instance_id, { [name]: { ...(isObject(known) ? known : {}), [other]: answer } });
}

export function setSystemProperties(state: ExecutionState, id: string, properties: JsonObject): void {
  if (state.options.dry_run) return;
  const { system_properties } = state.instance(id);
  state.change(id, { system_properties: { ...system_properties, ...properties } });
}

function answerOf(
  state: ExecutionState,
  call: OperationCall,
  performed: Parameters<NonNullable<WalkOptions['settled']>>[1],
): { readonly [key: string]: Json } {
  return {
    ok: performed.kind === 'succeeded',
    timestamp: new Date(Date.now()).toISOString(),
    task: implementationOf(operationOf(state, call)),
    result: performed.kind === 'succeeded' ? performed.result : performed.failure.message,
  };
}
