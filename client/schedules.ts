/** Executions at set times, by Temporal's own schedules: they need no process of ours to wait for the time. */
import { ScheduleAlreadyRunning, type ScheduleHandle, ScheduleNotFoundError } from '@temporalio/client';
import type { JsonObject } from '../blueprint/json.js';
import { isUndecipherable } from '../store/encryption.js';
import { type ExecutionOptions, type ScheduledExecution, TASK_QUEUE } from '../workflows/messages.js';
import { undecipherable } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { getDeployment } from './deployments.js';
import { CaissonError, conflict, notFound } from './errors.js';
import { planSchedule, type ScheduleRule } from './schedule-rule.js';

export interface ScheduleRequest {
  /** Unique in its deployment. */
  readonly id: string;
  readonly deployment_id: string;
  readonly workflow_id: string;
  readonly parameters: JsonObject;
  readonly allow_custom_parameters?: boolean;
  /** Its runs begin whatever the workflow's availability rules say, and whoever depends on the deployment. @default false */
  readonly force?: boolean;
  readonly options: ExecutionOptions;
  readonly rule: ScheduleRule;
  /** Minutes that a run may be late (because no server was up); later ones are skipped. @default 0, and a minute's grace */
  readonly slip?: number | undefined;
  /** Pauses the schedule when a run fails. @default false */
  readonly stop_on_fail?: boolean | undefined;
  /** @default 'caisson' */
  readonly task_queue?: string | undefined;
}

export interface ScheduleView {
  readonly id: string;
  readonly deployment_id: string;
  readonly workflow_id: string;
  readonly enabled: boolean;
  /** Why it is paused, or what was said about it. */
  readonly note: string | null;
  readonly rule: JsonObject;
  readonly slip: number;
  readonly stop_on_fail: boolean;
  /** Runs left; null: no limit. */
  readonly remaining: number | null;
  /** The next runs, at most ten. */
  readonly next: readonly string[];
  /** Runs so far, the latest last. */
  readonly recent: readonly string[];
}

/** How late a run may be in any case. */
const GRACE_MINUTES = 1;

/**
 * Makes a schedule. A run is queued behind what runs on the deployment, and skipped while the schedule's own last run has
 * not ended.
 *
 * @throws CaissonError (conflict) when it exists; (not-found) without the deployment; (usage) for a rule that cannot be
 */
export async function createSchedule(connection: CaissonConnection, request: ScheduleRequest): Promise<ScheduleView> {
  const { id, deployment_id, workflow_id, parameters, options, rule, slip = 0, stop_on_fail = false } = request;
  await getDeployment(connection, deployment_id);
  const { spec, count } = planSchedule(rule);
  const scheduled: ScheduledExecution = {
    deployment_id,
    workflow_id,
    parameters,
    options,
    ...(request.allow_custom_parameters ? { allow_custom_parameters: true } : {}),
    ...(request.force ? { force: true } : { refuse_dependents: true }),
  };
  try {
    await connection.client.schedule.create({
      scheduleId: scheduleId(deployment_id, id),
      spec,
      action: {
        type: 'startWorkflow',
        workflowType: 'scheduled_execution',
        workflowId: `scheduled/${deployment_id}/${id}`,
        taskQueue: request.task_queue ?? TASK_QUEUE,
        args: [scheduled],
        staticSummary: `${workflow_id} ${deployment_id}`,
      },
      policies: {
        overlap: 'SKIP',
        catchupWindow: (slip + GRACE_MINUTES) * 60_000,
        pauseOnFailure: stop_on_fail,
      },
      ...(count === undefined ? {} : { state: { remainingActions: count } }),
      memo: { deployment: deployment_id, schedule: id, workflow: workflow_id, rule, slip, stop_on_fail },
    });
  } catch (error) {
    if (error instanceof ScheduleAlreadyRunning)
      throw conflict(
        `a schedule ${id} of ${deployment_id} exists`,
        `see: caisson schedules get ${id} -d ${deployment_id}`,
      );
    throw error;
  }
  return await getSchedule(connection, deployment_id, id);
}

/** @throws CaissonError (not-found) */
export async function getSchedule(
  connection: CaissonConnection,
  deploymentId: string,
  id: string,
): Promise<ScheduleView> {
  const { memo, state, info } = await known(connection, deploymentId, id, async (handle) => await handle.describe());
  const said = (memo ?? {}) as {
    readonly workflow?: string;
    readonly rule?: JsonObject;
    slip?: number;
    stop_on_fail?: boolean;
  };
  return {
    id,
    deployment_id: deploymentId,
    workflow_id: said.workflow ?? '',
    enabled: !state.paused,
    note: state.note ?? null,
    rule: said.rule ?? {},
    slip: said.slip ?? 0,
    stop_on_fail: said.stop_on_fail ?? false,
    remaining: state.remainingActions ?? null,
    next: info.nextActionTimes.map((time) => time.toISOString()),
    recent: info.recentActions.map(({ takenAt }) => takenAt.toISOString()),
  };
}

/**
 * Schedules of a deployment, or all.
 *
 * @param onSilent told of those that are left out, because they are encrypted with a key that is not known here
 */
export async function listSchedules(
  connection: CaissonConnection,
  deploymentId?: string,
  onSilent: (silence: CaissonError) => void = () => undefined,
): Promise<readonly ScheduleView[]> {
  const found: ScheduleView[] = [];
  for await (const [deployment, id] of schedulesIn(connection, deploymentId))
    try {
      found.push(await getSchedule(connection, deployment, id));
    } catch (error) {
      if (!(error instanceof CaissonError) || error.kind !== 'permission') throw error;
      onSilent(error);
    }
  return found.sort((a, b) => (`${a.deployment_id}/${a.id}` < `${b.deployment_id}/${b.id}` ? -1 : 1));
}

/** No run begins until {@link resumeSchedule}. */
export async function pauseSchedule(
  connection: CaissonConnection,
  deploymentId: string,
  id: string,
  note?: string,
): Promise<void> {
  await known(connection, deploymentId, id, async (handle) => await handle.pause(note));
}

export async function resumeSchedule(
  connection: CaissonConnection,
  deploymentId: string,
  id: string,
  note?: string,
): Promise<void> {
  await known(connection, deploymentId, id, async (handle) => await handle.unpause(note));
}

/** Runs it now, besides its times; while its last run goes on, after that. */
export async function triggerSchedule(connection: CaissonConnection, deploymentId: string, id: string): Promise<void> {
  await known(connection, deploymentId, id, async (handle) => await handle.trigger('BUFFER_ONE'));
}

/** What runs goes on. */
export async function deleteSchedule(connection: CaissonConnection, deploymentId: string, id: string): Promise<void> {
  await known(connection, deploymentId, id, async (handle) => await handle.delete());
}

/** All schedules of a deployment that has ended: they would start nothing, or meet another one of its id. */
export async function deleteSchedulesOf(connection: CaissonConnection, deploymentId: string): Promise<void> {
  for await (const [deployment, id] of schedulesIn(connection, deploymentId))
    await connection.client.schedule
      .getHandle(scheduleId(deployment, id))
      .delete()
      .catch((error) => {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      });
}

/** By their names alone: the SDK's own listing ends at the first one that is encrypted with a key that is not known here. */
async function* schedulesIn(
  { client }: CaissonConnection,
  deploymentId: string | undefined,
): AsyncGenerator<readonly [deployment: string, id: string]> {
  const { namespace } = client.options;
  let nextPageToken: Uint8Array = new Uint8Array();
  do {
    const page = await client.workflowService.listSchedules({ namespace, nextPageToken });
    for (const one of page.schedules) {
      const [kind, deployment = '', id = ''] = (one.scheduleId ?? '').split('/');
      if (kind === 'schedule' && (deploymentId === undefined || deployment === deploymentId)) yield [deployment, id];
    }
    nextPageToken = page.nextPageToken;
  } while (nextPageToken.length > 0);
}

async function known<Result>(
  { client }: CaissonConnection,
  deploymentId: string,
  id: string,
  act: (handle: ScheduleHandle) => Promise<Result>,
): Promise<Result> {
  try {
    return await act(client.schedule.getHandle(scheduleId(deploymentId, id)));
  } catch (error) {
    if (error instanceof ScheduleNotFoundError)
      throw notFound('schedule', `${id} of ${deploymentId}`, 'see: caisson schedules list');
    if (isUndecipherable(error)) throw undecipherable(error as Error, scheduleId(deploymentId, id));
    throw error;
  }
}

const scheduleId = (deploymentId: string, id: string): string => `schedule/${deploymentId}/${id}`;
