/**
 * Repeats calls that the server broke off because the workflow's task failed under them. That happens to a workflow in good
 * health: when it ends, or goes on as a new run, while the next event is on its way to it, the server has it think again,
 * and drops what was asked meanwhile. Nothing of a dropped update has been done.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { FAILED_PRECONDITION, serverFailure } from './server-failure.js';

/** Pauses before the tries after the first: about three seconds in all, after which the workflow is not in good health. */
const PAUSES_MS = [20, 50, 100, 200, 400, 800, 1600];

export const repeatBrokenOff: WorkflowClientInterceptor = {
  async startUpdate(input, next) {
    // One id for all tries: the server takes them for one update, should it have kept an earlier one.
    const options = { ...input.options, updateId: input.options.updateId ?? randomUUID() };
    return await repeated(async () => await next({ ...input, options }));
  },
  async query(input, next) {
    return await repeated(async () => await next(input));
  },
};

async function repeated<T>(call: () => Promise<T>): Promise<T> {
  for (const ms of PAUSES_MS)
    try {
      return await call();
    } catch (error) {
      if (!isBrokenOff(error)) throw error;
      await pause(ms);
    }
  return await call();
}

/** The server has no code of its own for it: the same one says that no worker is there, which is not to be waited for. */
function isBrokenOff(error: unknown): boolean {
  const said = serverFailure(error);
  return said?.code === FAILED_PRECONDITION && /workflow task( in failed state| failure)/i.test(said.details);
}
