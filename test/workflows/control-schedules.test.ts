import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CaissonConnection } from '../../client/connection.js';
import { deleteDeployment } from '../../client/deployments.js';
import {
  createSchedule,
  deleteSchedule,
  getSchedule,
  listSchedules,
  pauseSchedule,
  resumeSchedule,
  type ScheduleRequest,
  triggerSchedule,
} from '../../client/schedules.js';
import { DEFAULT_OPTIONS } from '../../workflows/messages.js';
import { type Deployment, openStage, type Stage, until } from './stage.js';

let stage: Stage;
let connection: CaissonConnection;
beforeAll(async () => {
  stage = await openStage();
  connection = { client: stage.client, store: stage.store } as CaissonConnection;
});
afterAll(async () => await stage.close());

function request({ id }: Deployment, more: Partial<ScheduleRequest>): ScheduleRequest {
  return {
    id: 'nightly',
    deployment_id: id,
    workflow_id: 'execute_operation',
    parameters: { operation: 'cloudify.interfaces.lifecycle.check' },
    options: { ...DEFAULT_OPTIONS, max_retries: 0 },
    rule: { since: '2030-01-01T02:00:00.000Z', recurrence: '1 day' },
    task_queue: stage.taskQueue,
    ...more,
  };
}

async function deployed(name: string): Promise<Deployment> {
  const deployment = await stage.install({ [name]: { operations: ['create', 'check'] } });
  await deployment.ended();
  return deployment;
}

test('a schedule tells its next runs, is listed, paused, resumed and deleted', async () => {
  const deployment = await deployed('told');
  const made = await createSchedule(connection, request(deployment, {}));
  expect(made).toMatchObject({ id: 'nightly', enabled: true, workflow_id: 'execute_operation', remaining: null });
  expect(made.next.slice(0, 2)).toEqual(['2030-01-01T02:00:00.000Z', '2030-01-02T02:00:00.000Z']);
  await expect(createSchedule(connection, request(deployment, {}))).rejects.toThrow(/exists/);
  await until(async () => (await listSchedules(connection, deployment.id)).length === 1);
  await pauseSchedule(connection, deployment.id, 'nightly', 'holidays');
  expect(await getSchedule(connection, deployment.id, 'nightly')).toMatchObject({ enabled: false, note: 'holidays' });
  await resumeSchedule(connection, deployment.id, 'nightly');
  expect((await getSchedule(connection, deployment.id, 'nightly')).enabled).toBe(true);
  await deleteSchedule(connection, deployment.id, 'nightly');
  await expect(getSchedule(connection, deployment.id, 'nightly')).rejects.toThrow(/there is no schedule/);
});

test('schedules of a deployment go with it, those of others stay', async () => {
  const gone = await deployed('gone');
  const stays = await deployed('stays');
  await createSchedule(connection, request(gone, {}));
  await createSchedule(connection, request(stays, {}));
  const listed = async ({ id }: Deployment) => (await listSchedules(connection, id)).length;
  await until(async () => (await listed(gone)) === 1 && (await listed(stays)) === 1);
  await deleteDeployment(connection, gone.id, { force: true });
  await expect(getSchedule(connection, gone.id, 'nightly')).rejects.toThrow(/there is no schedule/);
  expect((await getSchedule(connection, stays.id, 'nightly')).enabled).toBe(true);
});

test('rules about months are those that the server keeps to', async () => {
  const deployment = await deployed('monthly');
  const nexts = async (rule: object): Promise<readonly string[]> => {
    const made = await createSchedule(
      connection,
      request(deployment, { rule: { since: '2031-12-01T02:00:00.000Z', ...rule } }),
    );
    await deleteSchedule(connection, deployment.id, 'nightly');
    return made.next.map((time) => time.slice(0, 10));
  };
  expect((await nexts({ rrule: 'FREQ=MONTHLY;BYDAY=-1FR' })).slice(0, 3)).toEqual([
    '2031-12-26',
    '2032-01-30',
    '2032-02-27',
  ]);
  expect((await nexts({ rrule: 'FREQ=MONTHLY;BYDAY=2MO' })).slice(0, 2)).toEqual(['2031-12-08', '2032-01-12']);
  expect((await nexts({ rrule: 'FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=9' })).slice(0, 2)).toEqual([
    '2032-03-09',
    '2033-03-09',
  ]);
  expect(await nexts({})).toEqual(['2031-12-01']);
});

test('a run is an execution of the deployment, queued behind what runs', async () => {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const deployment = await deployed('busy');
  stage.behave('busy_1.create', async () => await released);
  await createSchedule(connection, request(deployment, {}));
  const running = await deployment.execute('execute_operation', {
    parameters: { operation: 'cloudify.interfaces.lifecycle.create' },
  });
  await triggerSchedule(connection, deployment.id, 'nightly');
  await until(async () => (await deployment.view()).executions.some(({ status }) => status === 'queued'));
  release();
  await deployment.ended(running);
  await until(async () => (await deployment.view()).executions.length === 3);
  const { executions } = await deployment.view();
  expect((await deployment.ended(executions.at(-1)?.id)).status).toBe('terminated');
  expect(stage.calls).toContain('busy_1.check');
  await deleteSchedule(connection, deployment.id, 'nightly');
});

test('with stop_on_fail a failed run pauses the schedule', async () => {
  const deployment = await deployed('ill');
  stage.behave('ill_1.check', () => {
    throw new Error('no');
  });
  await createSchedule(connection, request(deployment, { stop_on_fail: true }));
  await triggerSchedule(connection, deployment.id, 'nightly');
  await until(async () => !(await getSchedule(connection, deployment.id, 'nightly')).enabled);
  await deleteSchedule(connection, deployment.id, 'nightly');
});
