/**
 * The ledger of an execution: which steps of which walk are done. It travels over continue-as-new and to the execution
 * that resumes a failed or cancelled one; a walk that is given a ledger runs only what is not in it.
 */
import type { Json } from '../blueprint/json.js';
import type { InstanceState } from './state.js';

export interface WalkLedger {
  /** States from which the walk's sequences begin, where not `uninitialized`: what to skip was decided by them. */
  readonly states: Readonly<Record<string, InstanceState>>;
  /**
   * By sequence id: `true` when all of it is done, else the keys of the calls that are; `!key` for one that failed and
   * was passed over.
   */
  readonly sequences: Readonly<Record<string, true | readonly string[]>>;
  /** All of it is done: the rest is left out. */
  readonly complete?: boolean;
  /** Sequences that failed for good in this execution. Only a resumption tries them again. */
  readonly failed?: readonly string[];
  /** Sequences whose lifecycle was begun anew: how often, and from which state. */
  readonly restarted?: Readonly<Record<string, Restart>>;
  /** Not of a walk, but a decision of the program that must stay the same when it runs again. */
  readonly decision?: Json;
  /** What calls returned, by key, where the workflow's author goes on with it. */
  readonly results?: Readonly<Record<string, Json>>;
}

export interface Restart {
  readonly tries: number;
  readonly from: InstanceState;
}

/** Walks by name, unique within an execution. */
export type Ledger = Readonly<Record<string, WalkLedger>>;
