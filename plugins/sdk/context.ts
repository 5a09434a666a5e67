/** The `ctx` of an operation: what the plugin's code sees of its node, its instance, and the run it is part of. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { Logger } from './logger.js';

/** What the context of every operation has, whatever it runs for. */
export interface BaseContext<PluginProperties extends object = JsonObject> {
  readonly blueprint: { readonly id: string };
  readonly deployment: {
    readonly id: string;
    readonly displayName: string;
    readonly tenantName: string;
    readonly resourceTags: JsonObject;
    /** The deployment's bound inputs. */
    readonly inputs: JsonObject;
  };
  readonly tenant: { readonly name: string };
  readonly executionId: string;
  /** Name of the workflow, e.g. `install`. */
  readonly workflowId: string;
  readonly workflowParameters: JsonObject;
  /** Stable for one operation call, the same in each of its attempts: good for idempotency keys and client tokens. */
  readonly taskId: string;
  /** An earlier attempt was cut off by the loss of its worker: what it began may exist already. */
  readonly resume: boolean;
  readonly operation: OperationView;
  readonly plugin: PluginView<PluginProperties>;
  readonly logger: Logger;
  /** Cancel, timeout or shutdown. Pass it on to whatever takes time. */
  readonly signal: AbortSignal;
  /**
   * The W3C trace context of this attempt, where the worker sends traces: spans that have it as parent belong to the
   * execution's trace. Scripts find it as `TRACEPARENT`.
   */
  readonly traceparent: string | undefined;
  /** The last heartbeat detail of an earlier attempt. */
  readonly checkpoint: Json | undefined;
  /** Reports progress and keeps `detail` for a later attempt. Beats are also sent while a plugin only waits. */
  heartbeat(detail?: Json): void;
  /** Adds a line to the execution's events. */
  sendEvent(message: string): void;
  /** @throws NonRecoverableError when there is no such secret */
  getSecret(key: string): Promise<Json>;
  /** Makes a secret, or gives it a new value; what operations make known only once belongs here. */
  setSecret(key: string, value: Json): Promise<void>;
  /** Takes a secret away; one that is not there is no error. */
  deleteSecret(key: string): Promise<void>;
  /** The folder with the blueprint's files on this worker. Other operations use it too: it is only read. */
  blueprintFolder(): Promise<string>;
  /** Content of a file of the blueprint. @throws ResourceNotFound */
  getResource(path: string): Promise<Buffer>;
  /** Content of a file, rendered as a Jinja template with `ctx` and these variables. */
  getResourceAndRender(path: string, variables?: JsonObject): Promise<string>;
  /** Copies a file of the blueprint to `target` (default: a new temporary folder); resolves to its path. */
  downloadResource(path: string, target?: string): Promise<string>;
  downloadResourceAndRender(path: string, target?: string, variables?: JsonObject): Promise<string>;
  /** Copies a folder of the blueprint. */
  downloadDirectory(path: string, target?: string): Promise<string>;
  /** Ends the operation as failed for good. */
  abortOperation(message?: string): never;
  /** Ends this attempt; the operation is run again. */
  retryOperation(message?: string, retryAfterSeconds?: number): never;
}

/** The operation that runs: its name, its retries, and how to ask for another run. */
export interface OperationView {
  /** Full name, e.g. `cloudify.interfaces.lifecycle.create`. */
  readonly name: string;
  /** e.g. `cloudify.interfaces.lifecycle` */
  readonly interface: string;
  /** e.g. `create` */
  readonly shortName: string;
  /** What the blueprint maps it to, without the plugin's prefix; undefined where that is the plugin's own name for it. */
  readonly implementation: string | undefined;
  /** Retries before this attempt; re-runs after a lost worker do not count. */
  readonly retryNumber: number;
  /** -1 = for ever. */
  readonly maxRetries: number;
  /** Which side of the relationship the operation runs for; undefined for operations of nodes. */
  readonly relationship: 'source' | 'target' | undefined;
  /**
   * Asks for another run of the operation once the function has returned; code after it still runs, and what the
   * function returns is dropped. Counts towards `maxRetries`.
   *
   * @example if (!ready) return ctx.operation.retry('not ready yet', 10);
   */
  retry(message?: string, retryAfterSeconds?: number): undefined;
}

/** The plugin as the blueprint uses it: its prefix, its version, its settings. */
export interface PluginView<Properties extends object = JsonObject> {
  /** Its prefix in the blueprint: the key under `plugins`. */
  readonly name: string;
  readonly packageName: string | undefined;
  readonly packageVersion: string | undefined;
  /** Where the blueprint says its code is: a folder under the blueprint's `plugins`, or an address. */
  readonly source: string | undefined;
  /** What the blueprint wants its installation to be told. */
  readonly installArguments: string | undefined;
  /** Settings that the blueprint gives the plugin: key → value. */
  readonly properties: Readonly<Properties>;
  /** A folder for this deployment and plugin. On this worker only. */
  workdir(): Promise<string>;
  /** A folder that all deployments share, for what can be fetched or made anew. On this worker only. */
  cacheFolder(): Promise<string>;
}

/** A node template: what the blueprint says, evaluated. */
export interface NodeView<Properties extends object = JsonObject> {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Root type first. */
  readonly typeHierarchy: readonly string[];
  /** Frozen, at any depth. */
  readonly properties: Readonly<Properties>;
  readonly numberOfInstances: number;
  isA(type: string): boolean;
}

/** A node instance: its runtime properties, which operations read and write, and what it is related to. */
export interface NodeInstanceView<RuntimeProperties extends object = Record<string, Json>> {
  readonly id: string;
  readonly nodeId: string;
  /** 1-based among the instances of its node. */
  readonly index: number;
  readonly state: string;
  readonly version: number;
  /**
   * Reads and writes at any depth; stored when the operation ends, well or not. Values are JSON: anything else is refused
   * when it is written. What concurrent operations write under other paths is kept, and what they add to the end of the same
   * list; else, under the same path the last one wins.
   */
  runtimeProperties: RuntimeProperties;
  /** The runtime property at a path. @example instance.get('disks[0].id') */
  get<T extends Json = Json>(path: string): T | undefined;
  /** Sets the runtime property at a path; objects on the way are made. */
  set(path: string, value: Json): void;
  /** Deletes the runtime property at a path. @returns whether there was one */
  delete(path: string): boolean;
  readonly relationships: readonly RelationshipView[];
  /** Group instance id → group name. */
  readonly scalingGroups: Readonly<Record<string, string>>;
  /** The host's runtime property `ip`, else its node property. @throws NonRecoverableError when there is neither */
  readonly hostIp: string;
  /** Result of the last drift check; undefined when there was none, or it found none. */
  readonly drift: Json | undefined;
  /**
   * Stores changes now: when it resolves they survive the death of this process. The order for what costs money: make it
   * findable (a tag with `ctx.taskId`), make it, store its id, go on.
   *
   * @example
   * instance.runtimeProperties.id = created.id;
   * await instance.update();
   */
  update(): Promise<void>;
  /** Fetches the properties anew. @throws NonRecoverableError with unstored changes, unless forced */
  refresh(options?: { readonly force?: boolean }): Promise<void>;
}

/** A relationship of an instance, and what it leads to. */
export interface RelationshipView {
  readonly type: string;
  readonly typeHierarchy: readonly string[];
  readonly properties: JsonObject;
  /** Id of the node instance at its other end. */
  readonly targetId: string;
  /** The node's of it. */
  readonly targetName: string;
  /**
   * Its instance is read-only: only relationship operations may write the other side.
   *
   * @throws NonRecoverableError further away than at the end of a relationship of one's own: `refresh()` what lies between
   */
  readonly target: Subject;
  isA(type: string): boolean;
}

/** A node, and the one of its instances that is meant. */
export interface Subject<
  Properties extends object = JsonObject,
  RuntimeProperties extends object = Record<string, Json>,
> {
  readonly node: NodeView<Properties>;
  readonly instance: NodeInstanceView<RuntimeProperties>;
}

/** Runtime properties of the instances that an instance is related to. */
export interface Capabilities {
  /** Instance id → its runtime properties. */
  getAll(): Readonly<Record<string, JsonObject>>;
  has(key: string): boolean;
  /** The property of the one related instance that has it. @throws NonRecoverableError when none has, or several have */
  get(key: string): Json;
}

/**
 * Of an operation of a node. The types of properties are those that `plugin.yaml` declares: see {@link implement}.
 *
 * @example
 * async function create(ctx: NodeOperationContext<{ path: string }, { path?: string }>) {
 *   ctx.instance.runtimeProperties.path = ctx.node.properties.path;
 * }
 */
export interface NodeOperationContext<
  Properties extends object = JsonObject,
  RuntimeProperties extends object = Record<string, Json>,
  PluginProperties extends object = JsonObject,
> extends BaseContext<PluginProperties>,
    Subject<Properties, RuntimeProperties> {
  readonly type: 'node-instance';
  readonly capabilities: Capabilities;
  /** Of nodes that are hosts. @throws NonRecoverableError for other nodes */
  readonly agent: AgentView;
}

/** What a host's operation can know of an agent on it. */
export interface AgentView {
  /** User data by which a new host installs its agent; undefined: hosts are reached without one. */
  initScript(): string | undefined;
}

/** Of an operation of a relationship. */
export interface RelationshipOperationContext<PluginProperties extends object = JsonObject>
  extends BaseContext<PluginProperties> {
  readonly type: 'relationship-instance';
  readonly source: Subject;
  readonly target: Subject;
  /** Of the source. */
  readonly capabilities: Capabilities;
}

/** Of an operation that a workflow runs for no node: there is the deployment only. */
export interface DeploymentOperationContext extends BaseContext {
  readonly type: 'deployment';
}

/** Which members there are depends on `type`; touching one of the other kind throws NonRecoverableError. */
export type OperationContext = NodeOperationContext | RelationshipOperationContext | DeploymentOperationContext;
