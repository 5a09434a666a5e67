/** Makes what is not well, well again: by its own `heal` operation, or by being installed anew. */
import { ApplicationFailure } from '@temporalio/workflow';
import { isObject, member } from '../blueprint/json.js';
import { containedSubgraph } from '../graph/choice.js';
import { LIFECYCLE } from '../graph/lifecycle.js';
import { healWalk } from '../graph/operation-walks.js';
import { mappedOperation, nodeOf } from '../graph/topology.js';
import { checkStatus, setSystemProperties } from './check.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { isTrue } from './parameters.js';
import { reinstallChosen } from './reinstall.js';
import { runWalk } from './run-walk.js';

/** More instances than these are not named in an error. */
const MOST_NAMED = 5;

export const heal = execution(async (state) => {
  const { parameters } = state.input.request;
  const failing = typeof parameters.node_instance_id === 'string' ? parameters.node_instance_id : '';
  const asked = (name: string): boolean => parameters[name] === undefined || isTrue(parameters[name]);
  const candidates = candidatesOf(state, failing);
  if (isTrue(parameters.force_reinstall)) return await reinstallChosen(state, candidates, asked('ignore_failure'));
  if (asked('check_status'))
    await checkStatus(state, candidates, { name: 'check', order: 'none', ignoreFailure: true });
  await healUnhealthy(state, candidates, {
    // Whoever names an instance takes it for broken unless it proves otherwise.
    mustProve: failing !== '',
    reinstall: asked('allow_reinstall'),
    ignoreFailure: asked('ignore_failure'),
  });
});

export interface HealOptions {
  /** An instance that was never checked counts as unhealthy. */
  readonly mustProve: boolean;
  /** What cannot be healed may be installed anew. */
  readonly reinstall: boolean;
  /** While it is uninstalled before. */
  readonly ignoreFailure: boolean;
}

export async function healUnhealthy(
  state: ExecutionState,
  candidates: ReadonlySet<string>,
  options: HealOptions,
): Promise<void> {
  const plan = state.decide('how to heal', () => howToHeal(state, candidates, options.mustProve));
  if (!options.reinstall) refuseReinstall(plan.reinstall);
  const healing = state.decide('heal by', () => state.id);
  await runWalk(state, {
    name: 'heal',
    sequences: () => healWalk(state.topology, new Set(plan.heal)),
    on_failure: 'continue',
    settled(call, { kind }) {
      if (kind === 'failed') setSystemProperties(state, call.instance_id, { heal_failed: healing });
    },
  });
  const failed = state.decide('heal failed', () => afterHeal(state, plan.heal, healing));
  const anew = [...plan.reinstall, ...failed];
  if (!options.reinstall) refuseReinstall(anew);
  if (anew.length > 0) await reinstallChosen(state, new Set(anew), options.ignoreFailure);
}

/** The host of the failing instance with all that is contained in it; without a host, the instance's own subgraph. */
function candidatesOf(state: ExecutionState, failing: string): ReadonlySet<string> {
  if (failing === '') return new Set(state.instances.map(({ id }) => id));
  const instance = state.topology.instances.get(failing);
  if (!instance)
    throw ApplicationFailure.nonRetryable(`No node instance with id \`${failing}\` was found`, 'UnknownInstance');
  const { host_id } = instance;
  const host = host_id !== undefined && state.topology.instances.has(host_id) ? host_id : failing;
  return containedSubgraph(state.topology, host);
}

interface HealPlan {
  readonly heal: readonly string[];
  /** These with everything contained in them. */
  readonly reinstall: readonly string[];
}

function howToHeal(state: ExecutionState, candidates: ReadonlySet<string>, mustProve: boolean): HealPlan {
  const unhealthy = [...candidates].filter((id) => !isHealthy(state, id, mustProve));
  const mapsHeal = (id: string): boolean =>
    mappedOperation(nodeOf(state.topology, state.instance(id)).operations, `${LIFECYCLE}.heal`) !== undefined;
  const reinstall = new Set(
    unhealthy.filter((id) => !mapsHeal(id)).flatMap((id) => [...containedSubgraph(state.topology, id)]),
  );
  return { heal: unhealthy.filter((id) => mapsHeal(id) && !reinstall.has(id)), reinstall: [...reinstall] };
}

function isHealthy(state: ExecutionState, id: string, mustProve: boolean): boolean {
  const { status } = state.instance(id).system_properties;
  if (!isObject(status)) return !mustProve;
  if (member(status, 'ok') === true) return true;
  return (status.task ?? null) === null && !mustProve;
}

/** Marks what was healed as well, and tells what was not. */
function afterHeal(state: ExecutionState, ids: readonly string[], healing: string): string[] {
  const failed: string[] = [];
  for (const id of ids) {
    const { heal_failed, ...rest } = state.instance(id).system_properties;
    if (heal_failed === healing) {
      failed.push(id);
      state.change(id, { system_properties: rest });
    } else {
      const status = { ...(isObject(rest.status) ? rest.status : {}), ok: true, task: null, healed: true };
      setSystemProperties(state, id, { status });
    }
  }
  return failed;
}

function refuseReinstall(ids: readonly string[]): void {
  if (ids.length === 0) return;
  const named = ids.slice(0, MOST_NAMED).join(', ');
  const more = ids.length > MOST_NAMED ? ` (and ${ids.length - MOST_NAMED} more)` : '';
  throw ApplicationFailure.nonRetryable(
    `allow_reinstall is false, but would need to reinstall instances: ${named}${more}`,
    'ReinstallNotAllowed',
  );
}
