/** The operation's context for JavaScript scripts of blueprints. */
type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * The context. Runtime properties are plain objects; what is changed in them is stored when the script ends, well or not.
 *
 * @example
 * import { connect } from 'caisson/script';
 * const ctx = await connect();
 * ctx.instance.runtimeProperties.url = `http://localhost:${ctx.node.properties.port}`;
 */
export function connect(): Promise<ScriptContext>;

/** It may go well another time. */
export class RecoverableError extends Error {
  /** @param options retryAfter: seconds until the next attempt */
  constructor(message: string, options?: ErrorOptions & { retryAfter?: number });
}

/** No attempt will ever go well. */
export class NonRecoverableError extends Error {}

/** Asks for another attempt, which is no failure. */
export class OperationRetry extends Error {
  constructor(message: string, retryAfter?: number);
}

/**
 * The `ctx` of a script: that of plugins, over a connection. Reads are of the moment the script began, writes are sent
 * at once.
 */
export interface ScriptContext {
  readonly type: 'node-instance' | 'relationship-instance';
  /** The operation's inputs. */
  readonly inputs: Record<string, Json>;
  readonly blueprint: { readonly id: string };
  readonly deployment: {
    readonly id: string;
    readonly displayName: string;
    readonly tenantName: string;
    readonly resourceTags: Record<string, Json>;
    readonly inputs: Record<string, Json>;
  };
  readonly tenant: { readonly name: string };
  readonly executionId: string;
  readonly workflowId: string;
  readonly workflowParameters: Record<string, Json>;
  readonly taskId: string;
  readonly resume: boolean;
  readonly operation: {
    readonly name: string;
    readonly retryNumber: number;
    readonly maxRetries: number;
    readonly relationship?: 'source' | 'target';
    /** Asks for another run once the script has ended. */
    retry(message?: string, retryAfterSeconds?: number): Promise<void>;
  };
  readonly plugin: {
    readonly name: string;
    readonly packageName?: string;
    readonly packageVersion?: string;
    readonly properties: Record<string, Json>;
    workdir(): Promise<string>;
  };
  readonly logger: Record<
    'debug' | 'info' | 'warn' | 'warning' | 'error',
    (message: string, ...values: unknown[]) => void
  >;
  /** Of operations of nodes. */
  readonly node: ScriptNode;
  readonly instance: ScriptInstance;
  /** Of operations of relationships. */
  readonly source: ScriptSubject;
  readonly target: ScriptSubject;
  sendEvent(message: string): Promise<void>;
  getSecret(key: string): Promise<Json>;
  getResource(path: string): Promise<Buffer>;
  getResourceAndRender(path: string, variables?: Record<string, Json>): Promise<string>;
  downloadResource(path: string, target?: string): Promise<string>;
  downloadResourceAndRender(path: string, target?: string, variables?: Record<string, Json>): Promise<string>;
  downloadDirectory(path: string, target?: string): Promise<string>;
  /** Sets the operation's result. */
  returns(value?: Json): Promise<void>;
  abortOperation(message?: string): never;
  retryOperation(message?: string, retryAfterSeconds?: number): never;
  /** Stores what was changed in runtime properties: needed before `process.exit()` only. */
  store(): Promise<void>;
}

/** A node, and the one of its instances that is meant. */
export interface ScriptSubject {
  readonly node: ScriptNode;
  readonly instance: ScriptInstance;
}

/** A node template: what the blueprint says, evaluated. */
export interface ScriptNode {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly typeHierarchy: readonly string[];
  readonly properties: Record<string, Json>;
  readonly numberOfInstances: number;
  isA(type: string): boolean;
}

/** A node instance: its runtime properties, and what it is related to. */
export interface ScriptInstance {
  readonly id: string;
  readonly nodeId: string;
  readonly index: number;
  readonly state: string;
  readonly version: number;
  readonly scalingGroups: Record<string, string>;
  runtimeProperties: Record<string, Json>;
  readonly relationships: readonly {
    readonly type: string;
    readonly typeHierarchy: readonly string[];
    readonly properties: Record<string, Json>;
    readonly target: ScriptSubject;
    isA(type: string): boolean;
  }[];
  hostIp(): Promise<string>;
  update(): Promise<void>;
  refresh(options?: { force?: boolean }): Promise<void>;
}
