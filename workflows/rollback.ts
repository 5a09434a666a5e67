import { uninstallBegin } from '../graph/begin.js';
import type { InstanceState, NodeInstance } from '../graph/state.js';
import { rollbackWalk } from '../graph/walks.js';
import { chosenInstances } from './chosen.js';
import { execution } from './execution.js';
import type { ExecutionState } from './execution-state.js';
import { isTrue } from './parameters.js';
import { runWalk } from './run-walk.js';
import { uninstallChosen } from './uninstall.js';

const UNRESOLVED = ['creating', 'configuring', 'starting'];
/** The reference leaves these as they are. */
const HALF_GONE = ['stopping', 'deleting'];

/** Brings instances that were left half-way back to their last settled states; on request, uninstalls everything then. */
export const rollback = execution(async (state) => {
  const { parameters } = state.input.request;
  const chosen = chosenInstances(state);
  await rollBackChosen(state, chosen, { name: 'rollback', ignoreFailure: true });
  if (!isTrue(parameters.full_rollback)) return;
  const all = new Set(state.instances.map(({ id }) => id));
  await uninstallChosen(state, all, { ignoreFailure: false, name: 'uninstall after rollback' });
});

export interface RollbackOptions {
  /** Name of the walk. */
  readonly name: string;
  readonly ignoreFailure: boolean;
  /** Neighbours unlink from all the chosen instances, also from those that need no rollback. @default false */
  readonly all?: boolean;
}

export async function rollBackChosen(
  state: ExecutionState,
  chosen: ReadonlySet<string>,
  { name, ignoreFailure, all = false }: RollbackOptions,
): Promise<void> {
  const { legacy } = state.options;
  const unresolved = state.decide(`instances of ${name}`, () =>
    state.instances
      .filter(({ id, state: own }) => chosen.has(id) && (all || isUnresolved(own, legacy)))
      .map(({ id }) => id),
  );
  const set = new Set(unresolved);
  await runWalk(state, {
    name,
    begin: (instance) => (set.has(instance.id) ? rollbackBegin(instance, legacy) : instance.state),
    sequences: (states) => rollbackWalk(state.topology, set, states, ignoreFailure),
    on_failure: 'continue',
  });
}

function isUnresolved(state: InstanceState, legacy: boolean): boolean {
  return UNRESOLVED.includes(state) || (!legacy && HALF_GONE.includes(state));
}

/** An instance that was being taken down is taken down. */
function rollbackBegin(instance: NodeInstance, legacy: boolean): InstanceState {
  if (legacy || !HALF_GONE.includes(instance.state)) return instance.state;
  return `gone:${uninstallBegin(instance, false)}`;
}
