/** The effects an operation's context stands on. The engine implements it over Temporal, the test kit in memory. */
import type { Patches, Snapshot } from '../../activities/request.js';
import type { Json } from '../../blueprint/json.js';

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

export interface OperationHost {
  /** Aborted when the execution is cancelled, the operation's timeout has passed, or the worker shuts down. */
  readonly signal: AbortSignal;
  log(level: LogLevel, message: string): void;
  sendEvent(message: string): void;
  /** Reports progress; the detail is given to the next attempt as `checkpoint`. */
  heartbeat(detail?: Json): void;
  /** The last heartbeat detail of an earlier attempt. */
  readonly checkpoint?: Json;
  /** Stores runtime property changes: when it resolves they survive the death of this process. */
  flush(patches: Patches): Promise<void>;
  /** The instances and nodes as they are now. */
  refresh(): Promise<Snapshot>;
  /** Fails with NonRecoverableError when there is no such secret. */
  getSecret(key: string): Promise<Json>;
  /** Absent where secrets can only be read. */
  setSecret?(key: string, value: Json): Promise<void>;
  deleteSecret?(key: string): Promise<void>;
  /** User data by which a new host starts the agent of an instance. Absent where agents cannot be told anything. */
  agentScript?(instanceId: string): string;
  /** A folder with the blueprint's files on this machine. */
  blueprintFolder(): Promise<string>;
  /** A folder for this deployment and plugin on this machine; it may be gone on another worker. */
  workdir(): Promise<string>;
  /** A folder for what all deployments share and can be fetched or made anew. */
  cacheFolder(): Promise<string>;
}
