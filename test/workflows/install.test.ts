import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireNode } from '../../plugins/sdk/index.js';
import { openStage, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 60_000);
afterAll(async () => await stage.close());

test('install starts every instance after those it depends on, and hands the state to the deployment', async () => {
  stage.behave('db_1.create', (ctx) => {
    requireNode(ctx).instance.runtimeProperties.port = 5432;
  });
  const deployment = await stage.install({
    db: { operations: ['create', 'start'] },
    web: { operations: ['create', 'start'], targets: { db: ['establish:source'] } },
  });
  const record = await deployment.ended();
  expect(record).toMatchObject({ status: 'terminated', error: null, total_operations: 5, finished_operations: 5 });
  expect(await deployment.states()).toEqual({ db_1: 'started', web_1: 'started' });
  expect((await deployment.instances()).db_1?.runtime_properties).toEqual({ port: 5432 });
  expect(stage.calls).toEqual(['db_1.create', 'db_1.start', 'web_1.create', 'web_1.start', 'web_1>db_1.establish']);
});

test('its history reads as a story: named activities, a summary for each, grouped by instance', async () => {
  const deployment = await stage.install({
    disk: { operations: ['create'] },
    host: { operations: ['create'], targets: { disk: ['establish:source'] } },
  });
  await deployment.ended();
  const handle = deployment.execution(deployment.first);
  const { events } = await handle.fetchHistory();
  const text = (data: Uint8Array | null | undefined): unknown => JSON.parse(Buffer.from(data ?? []).toString());
  const told = (events ?? []).flatMap((event) =>
    event.activityTaskScheduledEventAttributes
      ? [
          [
            event.activityTaskScheduledEventAttributes.activityType?.name,
            text(event.userMetadata?.summary?.data),
            event.eventGroupMarkers?.map(({ label }) => label?.id),
          ],
        ]
      : [],
  );
  expect(told).toEqual([
    ['test.create', 'disk_1 · create', ['disk_1']],
    ['test.create', 'host_1 · create', ['host_1']],
    ['test.establish', 'host_1 → disk_1 · establish', ['host_1']],
    ['saveJournal', expect.stringMatching(/^\d+ events$/), []],
  ]);
  const { memo } = await handle.describe();
  expect(memo).toMatchObject({ deployment: deployment.id, workflow: 'install', execution: deployment.first });
  const metadata = await handle.query<{ currentDetails?: string }, []>('__temporal_workflow_metadata');
  expect(metadata.currentDetails).toContain('| host_1 | started |');
});
