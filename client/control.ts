/** What an operator does to a running execution: pause, continue, let it run dry, decide about one operation, send a signal. */
import { userInfo } from 'node:os';
import type { Json } from '../blueprint/json.js';
import {
  cancelQueuedUpdate,
  continueUpdate,
  deliverUpdate,
  deploymentWorkflowId,
  drainUpdate,
  type ExecutionRecord,
  executionWorkflowId,
  type OperationOrder,
  operationUpdate,
  type PauseRecord,
  pauseUpdate,
  progressQuery,
  protectUpdate,
  type RunningOperation,
} from '../workflows/messages.js';
import { ask, refusedUpdate } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { conflict, notFound } from './errors.js';
import type { ExecutionReference } from './executions.js';

/** Who asks, and why: kept in the execution's events. */
export interface Asker {
  /** @default the name of the user on this machine */
  readonly by?: string | undefined;
  readonly comment?: string | undefined;
}

/** Starts nothing new until {@link continueExecution}; what runs goes on. @throws CaissonError (conflict) */
export async function pauseExecution(
  connection: CaissonConnection,
  reference: ExecutionReference,
  asker: Asker = {},
): Promise<PauseRecord> {
  const handle = runOf(connection, reference);
  return await refusedUpdate(handle.executeUpdate(pauseUpdate, { args: [signed(asker)] }), gone(reference));
}

/** @throws CaissonError (conflict) when it is not paused */
export async function continueExecution(
  connection: CaissonConnection,
  reference: ExecutionReference,
  asker: Asker = {},
): Promise<void> {
  const handle = runOf(connection, reference);
  await refusedUpdate(handle.executeUpdate(continueUpdate, { args: [signed(asker)] }), gone(reference));
}

/**
 * Cancels an execution as Cloudify does: running operations go on to their end, nothing new begins. It has not ended when
 * this resolves.
 */
export async function drainExecution(
  connection: CaissonConnection,
  reference: ExecutionReference,
  asker: Asker = {},
): Promise<void> {
  const handle = runOf(connection, reference);
  await refusedUpdate(handle.executeUpdate(drainUpdate, { args: [signed(asker)] }), gone(reference));
}

/** Takes an execution out of its deployment's queue. @throws CaissonError (conflict) when it is not queued */
export async function cancelQueuedExecution(
  { client }: CaissonConnection,
  { deployment_id, id }: ExecutionReference,
): Promise<ExecutionRecord> {
  const handle = client.workflow.getHandle(deploymentWorkflowId(deployment_id));
  return await refusedUpdate(handle.executeUpdate(cancelQueuedUpdate, { args: [{ execution_id: id }] }), () =>
    notFound('deployment', deployment_id, 'see: caisson deployments list'),
  );
}

export interface OperationOrderOptions extends Asker {
  /** With `skip`: what the operation is taken to have returned. */
  readonly result?: Json | undefined;
  /** Do not wait until the running attempt has heard of it. */
  readonly force?: boolean;
}

/**
 * Decides about one operation that runs, waits, or is between attempts.
 *
 * `retry` runs it anew, now, with a full budget of retries; `fail` takes it as failed for good; `skip` as succeeded.
 *
 * @param word its task id, `instance.operation` (short name) or the id of an instance with just one running operation
 * @throws CaissonError (not-found) with what runs; (conflict)
 */
export async function decideOperation(
  connection: CaissonConnection,
  reference: ExecutionReference,
  word: string,
  action: OperationOrder['action'],
  { result, force, ...asker }: OperationOrderOptions = {},
): Promise<RunningOperation> {
  const operation = await findOperation(connection, reference, word);
  const order: OperationOrder = {
    task_id: operation.task_id,
    action,
    ...signed(asker),
    ...(result === undefined ? {} : { result }),
    ...(force ? { force } : {}),
  };
  const handle = runOf(connection, reference);
  await refusedUpdate(handle.executeUpdate(operationUpdate, { args: [order] }), gone(reference));
  return operation;
}

/** @throws CaissonError (not-found) with what runs; (conflict) when the word means several */
export async function findOperation(
  connection: CaissonConnection,
  reference: ExecutionReference,
  word: string,
): Promise<RunningOperation> {
  const workflowId = executionWorkflowId(reference.deployment_id, reference.id);
  const { running } = await ask(connection, workflowId, progressQuery, [], gone(reference));
  const names = (one: RunningOperation): string[] => {
    const short = one.operation.slice(one.operation.lastIndexOf('.') + 1);
    const place = one.source_id ? `${one.source_id}->${one.target_id}` : one.node_instance_id;
    return [one.task_id, `${place}.${short}`, `${place}.${one.operation}`, one.node_instance_id];
  };
  const found = running.filter((one) => names(one).includes(word));
  const [only, another] = found;
  const shown = running.map((one) => `${names(one)[1]} (${one.task_id})`).slice(0, 10);
  if (!only)
    throw notFound('running operation', word, shown.length > 0 ? `running: ${shown.join(', ')}` : 'nothing runs now');
  if (another)
    throw conflict(
      `${word} runs ${found.length} operations`,
      `say which: ${found.map(({ task_id }) => task_id).join(', ')}`,
    );
  return only;
}

/**
 * Sends a named signal to an execution: to operations that wait for it now, or will later.
 *
 * @returns how many operations waited for it
 */
export async function sendSignal(
  connection: CaissonConnection,
  reference: ExecutionReference,
  name: string,
  payload: Json = null,
  { by }: Asker = {},
): Promise<number> {
  const handle = runOf(connection, reference);
  const { released } = await refusedUpdate(
    handle.executeUpdate(deliverUpdate, { args: [{ name, payload, by: by ?? userName() }] }),
    gone(reference),
  );
  return released;
}

/** Guards a deployment against uninstall and deletion, or lifts the guard. */
export async function protectDeployment({ client }: CaissonConnection, id: string, on: boolean): Promise<void> {
  const handle = client.workflow.getHandle(deploymentWorkflowId(id));
  await refusedUpdate(handle.executeUpdate(protectUpdate, { args: [{ on }] }), () =>
    notFound('deployment', id, 'see: caisson deployments list'),
  );
}

export function userName(): string {
  return process.env.CAISSON_USER || userInfo().username;
}

function signed({ by, comment }: Asker): { readonly by: string; readonly comment?: string } {
  return { by: by ?? userName(), ...(comment === undefined ? {} : { comment }) };
}

function runOf({ client }: CaissonConnection, { deployment_id, id }: ExecutionReference) {
  return client.workflow.getHandle(executionWorkflowId(deployment_id, id));
}

const gone =
  ({ deployment_id, id }: ExecutionReference) =>
  (): Error =>
    conflict(`execution ${id} of ${deployment_id} is not running`);
