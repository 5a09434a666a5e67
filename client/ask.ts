/** Queries and updates, with Temporal's errors turned into ours. */
import {
  QueryNotRegisteredError,
  QueryRejectedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, type QueryDefinition } from '@temporalio/common';
import { isUndecipherable } from '../store/encryption.js';
import type { CaissonConnection } from './connection.js';
import { CaissonError, conflict } from './errors.js';
import { DEADLINE_EXCEEDED, FAILED_PRECONDITION, serverFailure } from './server-failure.js';

/** A worker answers in milliseconds; this long without an answer, none is there. */
const LONGEST_ANSWER_MS = 15_000;
/** The server's own word on a call whose time is up comes this much earlier at most. */
const AT_ONCE_MS = 500;

/**
 * @throws what `missing` returns when there is no such workflow; CaissonError (unreachable) when no worker answers,
 * (permission) when the answer is encrypted with a key that is not known here
 */
export async function ask<Result, Args extends unknown[]>(
  { client }: CaissonConnection,
  workflowId: string,
  query: QueryDefinition<Result, Args>,
  args: Args,
  missing: () => Error | undefined,
): Promise<Result> {
  const deadline = Date.now() + LONGEST_ANSWER_MS;
  try {
    const handle = client.workflow.getHandle(workflowId);
    return await client.connection.withDeadline(deadline, () => handle.query(query, ...args));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw missing() ?? error;
    if (isUndecipherable(error)) throw undecipherable(error as Error, workflowId);
    throw unanswered(error, workflowId, Date.now() >= deadline - AT_ONCE_MS) ?? error;
  }
}

/**
 * What a call's failure means if it is that no worker answers.
 *
 * @param late its time is up: server and client may both notice, and the server words it in more than one way
 */
export function unanswered(error: unknown, workflowId: string, late = false): CaissonError | undefined {
  if (error instanceof QueryNotRegisteredError || error instanceof QueryRejectedError) return undefined;
  const code = serverFailure(error)?.code;
  if (code === undefined || (!late && code !== DEADLINE_EXCEEDED && code !== FAILED_PRECONDITION)) return undefined;
  return new CaissonError('unreachable', 'C5008', `no worker answers for ${workflowId}`, {
    cause: error,
    hint: 'start one with: caisson up (on this machine), or: caisson worker run (for a Temporal cluster of your own)',
  });
}

export function undecipherable(error: Error, what: string): CaissonError {
  return new CaissonError('permission', 'C5012', `${what} is encrypted with a key that is not known here`, {
    cause: error,
    hint: 'give the key that its workers have: CAISSON_ENCRYPTION_KEYS, or the setting encryption_key_file',
  });
}

/** An update whose refusal by the workflow is a conflict. */
export async function refusedUpdate<Result>(update: Promise<Result>, missing: () => Error): Promise<Result> {
  try {
    return await update;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw missing();
    if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure)
      throw error.cause.type === 'InvalidParameters'
        ? new CaissonError('validation', 'C3020', error.cause.message)
        : conflict(error.cause.message);
    throw error;
  }
}
