/**
 * The ledger of an execution: which steps of which walk are done. It travels over continue-as-new and to the execution
 * that resumes a failed or cancelled one; a walk that is given a ledger runs only what is not in it.
 */
import type { Json } from '../blueprint/json.js';
import type { InstanceState } from './state.js';

export interface WalkLedger {
  /** States at the walk's begin of instances that were not `uninitialized`: what to skip was decided by them. */
  readonly states: Readonly<Record<string, InstanceState>>;
  /** By sequence id: `true` when all of it is done, else the keys of the calls that are. */
  readonly sequences: Readonly<Record<string, true | readonly string[]>>;
  /** What calls returned, by key, where the workflow's author goes on with it. */
  readonly results?: Readonly<Record<string, Json>>;
}

/** Walks by name, unique within an execution. */
export type Ledger = Readonly<Record<string, WalkLedger>>;
