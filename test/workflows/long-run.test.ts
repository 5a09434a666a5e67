import { afterAll, beforeAll, expect, test } from 'vitest';
import { requireNode } from '../../plugins/sdk/index.js';
import { openStage, type Stage } from './stage.js';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(async () => await stage.close());

test('a long walk continues as new, and no operation is lost or run twice', async () => {
  for (let index = 1; index <= 30; index += 1) {
    stage.behave(`many_${index}.create`, (ctx) => {
      requireNode(ctx).instance.runtimeProperties.made = index;
    });
  }
  const deployment = await stage.install(
    {
      base: { operations: ['create', 'start'] },
      many: { instances: 30, operations: ['create', 'start'], targets: { base: ['establish:source'] } },
    },
    { max_events: 120, max_in_flight: 5 },
  );
  const record = await deployment.ended();
  expect(record).toMatchObject({ status: 'terminated', finished_operations: 92, total_operations: 92 });
  expect(new Set(stage.calls).size).toBe(92);
  expect(stage.calls).toHaveLength(92);
  const instances = Object.values(await deployment.instances());
  expect(instances.every(({ state }) => state === 'started')).toBe(true);
  expect(instances.filter(({ runtime_properties }) => runtime_properties.made !== undefined)).toHaveLength(30);
  const { historyLength } = await deployment.execution(deployment.first).describe();
  expect(historyLength).toBeLessThan(300);
});

test('values too big for a history travel through the artifact store', async () => {
  const big = 'x'.repeat(5_000_000);
  stage.behave('big_1.create', async (ctx) => {
    const { instance } = requireNode(ctx);
    instance.runtimeProperties.flushed = big;
    await instance.update();
    instance.runtimeProperties.returned = big;
  });
  stage.behave('reader_1>big_1.establish', (ctx) => {
    const { target, source } = ctx as never as {
      target: { instance: { runtimeProperties: Record<string, string> } };
      source: { instance: { runtimeProperties: Record<string, number> } };
    };
    source.instance.runtimeProperties.seen = target.instance.runtimeProperties.flushed?.length ?? 0;
  });
  const deployment = await stage.install({
    big: { operations: ['create'] },
    reader: { targets: { big: ['establish:source'] } },
  });
  expect((await deployment.ended()).status).toBe('terminated');
  const { reader_1, big_1 } = await deployment.instances();
  expect(reader_1?.runtime_properties).toEqual({ seen: 5_000_000 });
  expect(big_1?.runtime_properties.returned).toHaveLength(5_000_000);
});
