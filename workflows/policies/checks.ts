/** Looks at instances by their own `check_status`, as the workflow of that name does. */
import { CancellationScope, isCancellation, setHandler } from '@temporalio/workflow';
import { isObject, member } from '../../blueprint/json.js';
import type { NodeInstance } from '../../graph/state.js';
import { checkStatus } from '../check.js';
import { ExecutionState } from '../execution-state.js';
import { DEFAULT_OPTIONS, patchSignal, requestQuery } from '../messages.js';
import { POLICY_CHECKS, type PoliciesInput } from './messages.js';

/** Longer than this no answer is waited for: a check that hangs says enough. */
const LONGEST_CHECK = '5m';

export type Model = Pick<PoliciesInput, 'deployment_id' | 'blueprint' | 'plan' | 'instances'>;

/** @returns the instances as they are after the checks, with the answers in `system_properties.status` */
export async function checkInstances(
  { deployment_id, blueprint, plan, instances }: Model,
  chosen: ReadonlySet<string>,
): Promise<readonly NodeInstance[]> {
  const options = { ...DEFAULT_OPTIONS, max_retries: 0 };
  const request = { id: POLICY_CHECKS, workflow_id: 'check_status', parameters: {}, options };
  const state = new ExecutionState({ deployment_id, blueprint, plan, instances, request });
  // The run of the evaluation does not begin with what is asked now: requests must say all of it.
  state.modelReplaced = true;
  state.hasPage = false;
  setHandler(patchSignal, (message) => state.applyFlush(message), {
    description: 'Runtime properties that a running check stored',
  });
  setHandler(requestQuery, ({ task_id }) => {
    const task = state.running.get(task_id);
    return task ? JSON.parse(JSON.stringify(task.request())) : null;
  });
  try {
    await CancellationScope.withTimeout(LONGEST_CHECK, async () => {
      await checkStatus(state, chosen, { name: 'check', order: 'none', ignoreFailure: true });
    });
  } catch (error) {
    if (!isCancellation(error)) throw error;
    return withoutAnswer(state, instances, chosen);
  }
  return state.instances;
}

function withoutAnswer(
  state: ExecutionState,
  before: readonly NodeInstance[],
  chosen: ReadonlySet<string>,
): readonly NodeInstance[] {
  const known = new Map(before.map((instance) => [instance.id, instance]));
  return state.instances.map((instance) => {
    const { status } = instance.system_properties;
    const answered = status !== known.get(instance.id)?.system_properties.status;
    if (answered || !chosen.has(instance.id)) return instance;
    const none = { ok: false, timestamp: new Date(Date.now()).toISOString(), task: null, result: 'check_status hangs' };
    return { ...instance, system_properties: { ...instance.system_properties, status: none } };
  });
}

export interface Answer {
  readonly ok: boolean;
  readonly text: string;
  /** Numbers that it told. */
  readonly numbers: Readonly<Record<string, number>>;
}

/** What an instance answered to its last check; undefined when it was never asked. */
export function answerOf({ system_properties }: NodeInstance): Answer | undefined {
  const { status } = system_properties;
  if (!isObject(status) || (status.task ?? null) === null) return undefined;
  const ok = member(status, 'ok') === true;
  const result = member(status, 'result');
  const numbers = Object.fromEntries(
    Object.entries(isObject(result) ? result : {}).filter(([, value]) => typeof value === 'number'),
  ) as Record<string, number>;
  return { ok, text: ok ? 'check_status succeeds' : `check_status: ${String(result).split('\n', 1)[0]}`, numbers };
}
