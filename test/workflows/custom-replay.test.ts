import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { replayWorkflows } from '../../worker/workflow-testing.js';
import { openStage, type Stage } from './stage.js';

const file = (folder: string) => fileURLToPath(new URL(`../fixtures/${folder}/shop.ts`, import.meta.url));

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ modules: [{ kind: 'plugin', key: 'shop', file: file('custom-workflows') }] });
}, 90_000);
afterAll(async () => await stage.close());

test('a run replays with the code that ran it, and not with code that does something else', async () => {
  const deployment = await stage.install(
    { app: { instances: 2, operations: ['create', 'check'] } },
    {},
    { workflows: { audit: 'shop.audit' } },
  );
  await deployment.ended();
  const id = await deployment.execute('audit');
  await deployment.ended(id);
  const history = await deployment.execution(id).fetchHistory();
  const histories = { audit: JSON.parse(historyToJSON(history)) };
  const replay = async (folder: string) =>
    await replayWorkflows({ plugin: { name: 'shop', file: file(folder) }, histories });
  expect(await replay('custom-workflows')).toEqual([{ name: 'audit' }]);
  expect(await replay('custom-workflows-changed')).toEqual([{ name: 'audit', error: expect.any(Error) }]);
}, 60_000);
