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
