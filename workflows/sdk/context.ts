/** The `ctx` of a custom workflow: the deployment's nodes and instances, and what can be done with them. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { ApprovalRecord, Delivery } from '../messages.js';
import type { TaskGraph } from './graph.js';

/** The `ctx` of a custom workflow: the deployment, and what can be done with it. */
export interface WorkflowContext {
  readonly deployment: {
    readonly id: string;
    /** The bound inputs. */
    readonly inputs: JsonObject;
    /** Scaling groups: name → members. */
    readonly scalingGroups: Readonly<Record<string, readonly string[]>>;
  };
  readonly blueprint: { readonly id: string };
  readonly executionId: string;
  /** Name under which the blueprint has the workflow. */
  readonly workflowId: string;
  readonly parameters: JsonObject;
  /** No operation runs and no state changes; all else is as it would be. */
  readonly dryRun: boolean;
  /** It goes on where another execution stood: what that one did through `ctx` is not done again. */
  readonly resumed: boolean;
  readonly nodes: readonly WorkflowNode[];
  readonly nodeInstances: readonly WorkflowInstance[];
  /** @throws Error when the deployment has no such node */
  getNode(id: string): WorkflowNode;
  /** @throws Error when the deployment has no such instance */
  getNodeInstance(id: string): WorkflowInstance;
  /** Adds a line to the execution's events. */
  sendEvent(message: string, eventType?: string): Promise<void>;
  readonly logger: WorkflowLogger;
  /**
   * A graph of tasks, run by `execute()`. Its name is how a resumed execution finds what of it is done: use one name
   * once in a workflow. @default graph_1, graph_2, … in the order of the calls
   */
  graph(name?: string): TaskGraph;
  /** Lets time pass: seconds, or text such as `90s`, `5m`, `2h`. Survives restarts, costs nothing meanwhile. */
  sleep(duration: number | string): Promise<void>;
  /**
   * Waits for a person (`caisson approve`).
   *
   * @returns who decided, when, with which comment
   * @throws ApplicationFailure `OperationFailed` when it is rejected, or nobody decides within `timeout`
   */
  waitForApproval(request: ApprovalRequest): Promise<ApprovalRecord>;
  /** Waits for a named signal; one that came before counts. @throws ApplicationFailure when `timeout` passes */
  waitForSignal(name: string, options?: { readonly timeout?: number | string }): Promise<Delivery>;
  /** Takes these instances (by default all) through install, each after those it depends on. */
  install(instances?: readonly WorkflowInstance[]): Promise<void>;
  /** Takes these instances (by default all) through uninstall, each after those that depend on it. */
  uninstall(instances?: readonly WorkflowInstance[], options?: { readonly ignoreFailure?: boolean }): Promise<void>;
  /**
   * Changes the number of instances of a node or scaling group by `delta`, as the workflow `scale` does. What `ctx` tells
   * of instances is right again afterwards.
   *
   * @throws ApplicationFailure for an entity that cannot be scaled so, or when it fails
   */
  scale(entity: string, delta: number, options?: ScaleOptions): Promise<void>;
}

/** Which instances go and stay when a workflow scales. */
export interface ScaleOptions {
  /** With a negative delta: ids of instances that are to go. */
  readonly include?: readonly string[];
  /** With a negative delta: ids of instances that are to stay. */
  readonly exclude?: readonly string[];
  /** After a failed scale-out, take down what was added. @default true */
  readonly rollbackIfFailed?: boolean;
  /** Go on in spite of operations that fail. @default false */
  readonly ignoreFailure?: boolean;
}

/** What a workflow asks a person. */
export interface ApprovalRequest {
  /** What is asked. */
  readonly message: string;
  /** Names of those who may decide; absent = anybody. */
  readonly approvers?: readonly string[];
  /** How long to wait; absent = for ever. */
  readonly timeout?: number | string;
}

/** Adds lines to the log of the execution. */
export interface WorkflowLogger {
  debug(message: string): void;
  info(message: string): void;
  warning(message: string): void;
  error(message: string): void;
}

/** A node template, as workflows see it. */
export interface WorkflowNode {
  readonly id: string;
  readonly type: string;
  /** Root type first. */
  readonly typeHierarchy: readonly string[];
  readonly properties: JsonObject;
  readonly numberOfInstances: number;
  readonly instances: readonly WorkflowInstance[];
  readonly relationships: readonly {
    readonly type: string;
    readonly targetId: string;
    readonly properties: JsonObject;
  }[];
  isA(type: string): boolean;
  /** Whether an operation is mapped. */
  hasOperation(name: string): boolean;
}

/** How a workflow calls an operation. */
export interface OperationOptions {
  /** `kwargs` may replace inputs that the operation has in the blueprint. @default false */
  readonly allowKwargsOverride?: boolean;
}

/** One node instance. What it tells is always of now. */
export interface WorkflowInstance {
  readonly id: string;
  readonly nodeId: string;
  readonly node: WorkflowNode;
  /** From 1 among the instances of its node. */
  readonly index: number;
  readonly state: string;
  readonly runtimeProperties: JsonObject;
  readonly systemProperties: JsonObject;
  readonly relationships: readonly WorkflowRelationship[];
  /** What is contained in it, however deep, itself first. */
  readonly containedSubgraph: readonly WorkflowInstance[];
  readonly scalingGroups: readonly { readonly name: string; readonly id: string }[];
  /**
   * Runs an operation with its retries. One that is not mapped does nothing.
   *
   * @param kwargs inputs besides those of the blueprint
   * @returns what the operation returned, `null` for nothing
   * @throws ApplicationFailure `OperationFailed`, whose first detail tells instance, error and attempts
   */
  executeOperation(name: string, kwargs?: JsonObject, options?: OperationOptions): Promise<Json>;
  /** Sets the state; any text will do. */
  setState(state: string): Promise<void>;
  sendEvent(message: string): Promise<void>;
}

/** A relationship of an instance: its operations, and its target. */
export interface WorkflowRelationship {
  readonly type: string;
  readonly targetId: string;
  readonly target: WorkflowInstance;
  executeSourceOperation(name: string, kwargs?: JsonObject, options?: OperationOptions): Promise<Json>;
  executeTargetOperation(name: string, kwargs?: JsonObject, options?: OperationOptions): Promise<Json>;
}
