/** What crosses the wire between an execution workflow and the activity that runs one operation. Types only. */
import type { Json, JsonObject } from '../blueprint/json.js';
import type { Patch } from '../graph/patch.js';

/** A node template as an operation's context sees it. */
export interface NodeView {
  readonly id: string;
  readonly type: string;
  readonly type_hierarchy: readonly string[];
  /** May still hold functions that only the activity may evaluate (`get_secret`). */
  readonly properties: JsonObject;
  readonly number_of_instances: number;
}

/** A node instance as an operation's context sees it. */
export interface InstanceView {
  readonly id: string;
  readonly node_id: string;
  readonly index: number;
  readonly state: string;
  readonly host_id?: string;
  readonly version: number;
  readonly runtime_properties: JsonObject;
  /** Result of the last drift check. */
  readonly drift?: Json;
  readonly relationships: readonly RelationshipView[];
  /** How many relationships there are, where they are too many to be sent with each operation of one of them. */
  readonly relationship_count?: number;
  readonly scaling_groups: readonly { readonly name: string; readonly id: string }[];
}

export interface RelationshipView {
  readonly type: string;
  readonly type_hierarchy: readonly string[];
  readonly target_id: string;
  readonly target_name: string;
  readonly properties: JsonObject;
}

/** What an operation can see: its own instance (or source and target), their hosts and relationship targets. */
export interface Snapshot {
  readonly nodes: Readonly<Record<string, NodeView>>;
  readonly instances: Readonly<Record<string, InstanceView>>;
}

export interface OperationInfo {
  /** Full name, e.g. `cloudify.interfaces.lifecycle.create`. */
  readonly name: string;
  /** Which side of the relationship it runs for; absent for node operations. */
  readonly relationship?: 'source' | 'target';
  /** Retries after the first attempt; -1 = for ever. */
  readonly max_retries: number;
  /** Seconds one attempt may take; absent = no limit of its own. */
  readonly timeout?: number;
  readonly timeout_recoverable: boolean;
  /** A falsy result means "not yet": run again, without being charged to the retries. */
  readonly poll?: boolean;
  /** How the blueprint calls it, `plugin.operation`, where the activity is called otherwise: events name it so. */
  readonly implementation?: string;
  /** An error is final at once; only what asks to be run again is. */
  readonly no_retries?: boolean;
}

export interface PluginInfo {
  /** Key under `plugins:` in the blueprint, the mapping's prefix. */
  readonly name: string;
  readonly package_name?: string;
  readonly package_version?: string;
  /** Hash of the package in the artifact store that has its code; absent: the worker's own. */
  readonly archive?: string;
  /** Where its code is, as the blueprint says: a folder of it, or an address. */
  readonly source?: string;
  /** For pip. */
  readonly install_arguments?: string;
  /** Unwrapped plugin properties: key → value. */
  readonly properties?: JsonObject;
}

/** Everything one call of one operation needs. The same request serves every attempt of the call. */
export interface OperationRequest {
  /** Stable for one operation call across its attempts, unique in the deployment's life. */
  readonly task_id: string;
  readonly deployment: {
    readonly id: string;
    readonly display_name?: string;
    readonly resource_tags?: JsonObject;
    /** The bound inputs, for `ctx.deployment.inputs`; absent when none. */
    readonly inputs?: JsonObject;
  };
  readonly blueprint: {
    readonly id: string;
    /** Content hash of the blueprint's archive in the artifact store; absent for a blueprint without files. */
    readonly archive?: string;
  };
  readonly execution: { readonly id: string; readonly workflow_id: string; readonly parameters?: JsonObject };
  readonly operation: OperationInfo;
  readonly plugin: PluginInfo;
  /** Operation inputs, evaluated as far as a workflow may: calls holding a secret are left for the activity. */
  readonly inputs: JsonObject;
  /** Node operations: the instance. Relationship operations: that of the side it runs for. Absent: the deployment's. */
  readonly instance_id?: string;
  readonly source_id?: string;
  readonly target_id?: string;
  readonly snapshot: Snapshot;
  /** It was begun on an agent that was lost: what it made may exist already. */
  readonly begun_before?: boolean;
}

/** Runtime property changes by node instance id. */
export type Patches = Readonly<Record<string, Patch>>;

export interface OperationResult {
  /** What the operation returned; absent when nothing. */
  readonly result?: Json;
  /** What it changed since its last flush; absent when nothing. */
  readonly patches?: Patches;
  /** Retries made before it succeeded; absent when none. */
  readonly retry_number?: number;
}

/** The details of a failed operation, as `ApplicationFailure.details[0]`. */
export interface OperationFailureDetails {
  readonly patches?: Patches;
  /** Retries made before this, business retries only. */
  readonly retry_number: number;
  readonly max_retries: number;
  readonly recoverable: boolean;
  /** It had asked to be run again, and nothing of the budget was left. */
  readonly asked_again?: boolean;
  readonly causes?: readonly { readonly type: string; readonly message: string; readonly traceback?: string }[];
  /** Scripts: exit code and the last lines of stderr. */
  readonly exit_code?: number;
  readonly stderr?: string;
}
