/** The state of a deployment's instances: what an execution takes in, changes and hands back. Plain JSON. */
import type { JsonObject } from '../blueprint/json.js';

/** The reference's instance states, in the order an instance passes them. Custom workflows may set any string. */
export type InstanceState =
  | 'uninitialized'
  | 'initializing'
  | 'creating'
  | 'created'
  | 'configuring'
  | 'configured'
  | 'starting'
  | 'started'
  | 'stopping'
  | 'stopped'
  | 'deleting'
  | 'deleted'
  | (string & {});

/** One copy of a node template, with what operations recorded about it. */
export interface NodeInstance {
  readonly id: string;
  readonly node_id: string;
  /** 1-based among the instances of its node. */
  readonly index: number;
  readonly state: InstanceState;
  /** Instance id of the host; absent when nothing hosts it. */
  readonly host_id?: string;
  /** Grows with every change of state or properties. */
  readonly version: number;
  readonly runtime_properties: JsonObject;
  readonly system_properties: JsonObject;
  readonly relationships: readonly RelationshipInstance[];
  readonly scaling_groups: readonly { readonly name: string; readonly id: string }[];
  /** Short names of lifecycle operations that were begun and not undone: what undo and heal decide by. */
  readonly attempted: readonly string[];
}

/** A relationship between two node instances. */
export interface RelationshipInstance {
  readonly type: string;
  readonly target_id: string;
  /** Name of the target's node template. */
  readonly target_name: string;
}
