/** Steps and sequences: the vocabulary in which lifecycles are written and walks are run. Plain data. */

import type { JsonObject } from '../blueprint/json.js';
import type { InstanceState } from './state.js';

/**
 * What a walk notes about an instance when it enters or leaves a step: a state it is set to, an event it emits, a subgraph
 * (a part of the sequence that Cloudify tells of by its name) that begins or ends.
 */
export interface Mark {
  /** A subgraph of this name begins. */
  readonly opens?: string;
  /** The subgraph that began last ends. */
  readonly closes?: true;
  readonly state?: InstanceState;
  readonly event?: string;
  /** Keys of calls of the sequence: when one of them failed and was passed over, the mark would be a lie and is left out. */
  readonly unless_failed?: readonly string[];
}

/** One call of one operation. */
export interface OperationCall {
  /** Unique within its sequence; the ledger names finished calls by it. */
  readonly key: string;
  /** The instance the operation runs on (of a relationship: the instance of the side it runs for). */
  readonly instance_id: string;
  /** Full name, `interface.operation`. */
  readonly operation: string;
  readonly relationship?: RelationshipCall;
  /** Inputs given by the workflow's caller, over the operation's own. */
  readonly kwargs?: JsonObject;
  /** A falsy result means "not yet": asked again without being charged to the retries. */
  readonly poll?: boolean;
  /** Retries where the operation names none, instead of the execution's. */
  readonly max_retries?: number;
  /** Its failure for good is noted and passed over, whatever the sequence says. */
  readonly ignore_failure?: boolean;
}

export interface RelationshipCall {
  readonly side: 'source' | 'target';
  readonly source_id: string;
  readonly target_id: string;
  /** Position in the source node's list of relationships. */
  readonly index: number;
}

/** Calls that run side by side, with what to note before the first and after the last. No calls: only the marks. */
export interface Step {
  readonly enter?: Mark;
  readonly calls: readonly OperationCall[];
  readonly leave?: Mark;
}

/** What a sequence waits for: the end of another one, or only the step of it that makes a certain call. */
export type Predecessor = string | { readonly sequence: string; readonly key: string };

/** The steps of one node instance, one after the other, begun when what it comes after has ended. */
export interface Sequence {
  readonly id: string;
  readonly instance_id: string;
  readonly after: readonly Predecessor[];
  readonly steps: readonly Step[];
  /** What Cloudify calls it when it tells of its begin and end; absent: it does not tell. Without steps it never does. */
  readonly subgraph?: string;
  /** A call that failed for good is noted and passed over. */
  readonly ignore_failure?: boolean;
  /** A call that failed for good ends the sequence, and what comes after it goes on. */
  readonly abandon?: boolean;
}
