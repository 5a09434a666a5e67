/**
 * From where the lifecycle of an instance goes on, decided by recorded facts: which operations were attempted and not
 * undone. State names alone lie: a create that failed half-way leaves `creating`, and so does one that never began.
 *
 * The answer is a state of the reference's skip tables (graph/lifecycle.ts), or, for an install that has to take
 * something down first, `undo:` and the state from which that is done.
 */
import type { InstanceState, NodeInstance } from './state.js';

/** A state that is in no skip table: nothing is skipped. */
export const FROM_SCRATCH: InstanceState = 'from scratch';

export const UNDO = 'undo:';

/** System property, only kept for the reference's behaviour: a rollback made the instance `uninitialized`. */
export const ROLLED_BACK = 'rolled_back';

const NEVER_BEGUN = ['uninitialized', 'initializing', 'deleted'];
const RUNS = ['starting', 'started', 'stopping'];
const HALF_GONE = ['stopping', 'stopped', 'deleting'];
const KNOWN = [...NEVER_BEGUN, ...RUNS, 'creating', 'created', 'configuring', 'configured', 'stopped', 'deleting'];

export function installBegin({ state, attempted }: NodeInstance, legacy: boolean): InstanceState {
  if (legacy || state === 'started') return state;
  const started = attempted.includes('start');
  if (HALF_GONE.includes(state)) return `${UNDO}${started ? 'started' : 'stopped'}`;
  if (state === 'starting') return started ? `${UNDO}starting` : 'configured';
  if (attempted.length === 0 || !KNOWN.includes(state)) return state;
  if (state === 'creating') return `${UNDO}configured`;
  // Begun by hand, by execute_operation: nobody knows how far.
  if (NEVER_BEGUN.includes(state)) return `${UNDO}${started ? 'started' : 'configured'}`;
  return state;
}

export function uninstallBegin({ state, attempted, system_properties }: NodeInstance, legacy: boolean): InstanceState {
  // The reference's local runner gives new instances no state: what was never installed is taken down like the rest.
  if (legacy) return state === 'uninitialized' && !(ROLLED_BACK in system_properties) ? FROM_SCRATCH : state;
  if (RUNS.includes(state)) return state;
  if (attempted.includes('start') || !KNOWN.includes(state)) return 'started';
  if (state === 'stopped' || state === 'deleting') return 'stopped';
  if (attempted.length > 0) return 'configured';
  return NEVER_BEGUN.includes(state) ? (state === 'deleted' ? 'deleted' : 'uninitialized') : 'configured';
}

/**
 * Where the uninstall begins that is the first half of a lifecycle run again after a failure.
 *
 * @param atBegin the state at the walk's begin: the reference has read it once, and decides both halves by it
 */
export function retryBegin(instance: NodeInstance, atBegin: InstanceState, legacy: boolean): InstanceState {
  return legacy ? uninstallBegin({ ...instance, state: atBegin }, true) : uninstallBegin(instance, false);
}

/** Whether relationships from an instance in this state have been established. */
export function isLinked(state: InstanceState): boolean {
  return ['started', 'stopping', 'stopped'].includes(state) || !KNOWN.includes(state);
}

/** What is left of the facts after an operation succeeded. */
export function factsAfter(attempted: readonly string[], operation: string): readonly string[] {
  if (operation === 'delete') return [];
  if (operation === 'stop')
    return attempted.filter((name) => !['start', 'poststart', 'prestop', 'stop'].includes(name));
  return attempted;
}
