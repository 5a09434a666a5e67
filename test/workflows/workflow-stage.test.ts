import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { NonRecoverableError, RecoverableError } from '../../plugins/sdk/index.js';
import { openWorkflowStage, replayWorkflows, type WorkflowStage } from '../../worker/workflow-testing.js';

const file = (name: string): string => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
const plugin = { name: 'shop', file: file('custom-workflows/shop.ts') };
const blueprint = file('custom-workflows/shop.yaml');

let stage: WorkflowStage;
beforeAll(async () => {
  stage = await openWorkflowStage({ plugin, address: inject('temporalAddress') });
}, 90_000);
afterAll(async () => await stage.close());

test('an author’s workflow runs with operations that return what the test says, and replays', async () => {
  const run = await stage.run({ blueprint, workflow: 'audit', operations: { 'app.check': { fine: true } } });
  expect(run).toMatchObject({ status: 'terminated', error: null });
  expect(Object.values(run.result as object)).toEqual([{ fine: true }, { fine: true }]);
  expect(run.calls.map(({ node, operation, inputs }) => ({ node, operation, inputs }))).toEqual(
    Array(2).fill({ node: 'app', operation: 'cloudify.interfaces.lifecycle.check', inputs: { strict: true } }),
  );
  expect(run.events.map(({ message }) => message)).toContain('checked 2 instances');
  expect(run.replayError).toBeUndefined();
  const changed = { name: 'shop', file: file('custom-workflows-changed/shop.ts') };
  const replayed = await replayWorkflows({ plugin: changed, histories: { audit: run.history } });
  expect(replayed).toEqual([{ name: 'audit', error: expect.any(Error) }]);
}, 60_000);

test('operations fail, are retried and write runtime properties as the test says', async () => {
  const run = await stage.run({
    blueprint,
    workflow: 'tolerant',
    operations: {
      '*.check': ({ ctx, retry }) => {
        if (ctx.type !== 'node-instance') throw new Error('of a relationship');
        ctx.instance.runtimeProperties.tries = retry + 1;
        if (ctx.instance.index === 1) throw new NonRecoverableError('broken');
        if (retry < 2) throw new RecoverableError('not yet');
        return undefined;
      },
    },
  });
  const [first, second] = run.instances;
  expect(run).toMatchObject({ status: 'terminated', result: [first?.id] });
  expect([first?.runtime_properties, second?.runtime_properties]).toEqual([{ tries: 1 }, { tries: 3 }]);
  expect(run.calls.filter(({ instance_id }) => instance_id === second?.id).map(({ retry }) => retry)).toEqual([
    0, 1, 2,
  ]);
});

test('approvals and signals that a workflow waits for are answered', async () => {
  const run = await stage.run({ blueprint, workflow: 'careful', approve: true, signals: { quiet: { since: 'noon' } } });
  expect(run).toMatchObject({ status: 'terminated', result: { by: 'test', payload: { since: 'noon' } } });
  expect(run.calls).toHaveLength(2);
  const refused = await stage.run({ blueprint, workflow: 'careful', approve: false });
  expect(refused.status).toBe('failed');
  expect(refused.calls).toEqual([]);
});

test('a stage without an address brings a server of its own', async () => {
  const own = await openWorkflowStage();
  try {
    const run = await own.run({ blueprint, workflow: 'install', installed: false });
    expect(run.status).toBe('terminated');
    expect(run.instances.map(({ state }) => state)).toEqual(['started', 'started']);
    expect(run.calls.map(({ operation }) => operation.split('.').at(-1))).toEqual(['start', 'start']);
  } finally {
    await own.close();
  }
}, 60_000);
