/** The log of an operation: its lines and the events of attempts that will be retried, in the artifact store. */
import type { ArtifactStore } from '../store/artifact-store.js';
import { executionWorkflowId } from '../workflows/messages.js';
import { POLICY_CHECKS } from '../workflows/policies/messages.js';
import { executionFolder } from './journal.js';
import type { OperationRequest } from './request.js';

export interface OperationLog {
  write(level: string, message: string): void;
  event(eventType: string, message: string): void;
  /** Writes what is buffered. Never fails: a log that cannot be written does not fail an operation. */
  close(): Promise<void>;
}

/** What a check of a policy has to say is its outcome: lines every few seconds would fill the store. */
const NO_LOG: OperationLog = { write: () => undefined, event: () => undefined, close: async () => undefined };

/** A line waits this long for company, so that a chatty script does not cost a write each. */
const FLUSH_MS = 250;

/** Whose log it is: an operation's, or (without instance and operation) that of a workflow script. */
export type LogOwner = Pick<OperationRequest, 'execution'> & { readonly deployment: { readonly id: string } } & Partial<
    Pick<OperationRequest, 'instance_id' | 'source_id' | 'target_id' | 'operation'>
  >;

/** @param worker names the file: each worker appends to its own */
export function operationLog(store: ArtifactStore, worker: string, request: LogOwner): OperationLog {
  if (request.execution.id === POLICY_CHECKS) return NO_LOG;
  let lines: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function add(fields: object): void {
    lines.push(`${JSON.stringify({ timestamp: new Date().toISOString(), ...fields, ...subjectOf(request) })}\n`);
    timer ??= setTimeout(() => void close(), FLUSH_MS);
  }

  async function close(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const text = lines.join('');
    lines = [];
    if (text !== '')
      writing = writing
        .then(async () => await store.append(keyOf(request, worker), Buffer.from(text)))
        .catch(() => undefined);
    await writing;
  }

  return {
    write: (level, message) => add({ level, message }),
    event: (event_type, message) => add({ event_type, message }),
    close,
  };
}

function keyOf({ deployment, execution }: LogOwner, worker: string): string {
  return `${executionFolder('logs', executionWorkflowId(deployment.id, execution.id))}/${worker}.ndjson`;
}

function subjectOf({ instance_id, operation, source_id, target_id }: LogOwner): object {
  return {
    ...(instance_id === undefined ? {} : { node_instance_id: instance_id }),
    ...(operation === undefined ? {} : { operation: operation.name }),
    ...(source_id === undefined ? {} : { source_id, target_id }),
  };
}
