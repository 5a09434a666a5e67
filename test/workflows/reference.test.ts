/**
 * Recordings of the reference system's own engine (its local runner) on small blueprints, against ours with `--legacy`:
 * the same calls, in the same order for each instance, and the same states in the end.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, test } from 'vitest';
import type { JsonObject } from '../../blueprint/json.js';
import { initialInstances } from '../../graph/instances.js';
import { definePlugin, NonRecoverableError, operation, RecoverableError } from '../../plugins/sdk/index.js';
import { LEGACY_OPTIONS } from '../../workflows/messages.js';
import { deploymentOf } from '../blueprint/compile-text.js';
import { openStage, request, type Stage } from './stage.js';

interface RecordedStep {
  readonly workflow: string;
  readonly parameters?: JsonObject;
  readonly task_retries?: number;
  readonly subgraph_retries?: number;
  readonly failed: boolean;
  readonly calls: readonly string[];
  readonly states: Readonly<Record<string, string>>;
}

const FOLDER = new URL('../fixtures/reference/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const RECORDINGS = JSON.parse(read('recordings.json')) as Record<string, readonly RecordedStep[]>;

let stage: Stage;
/** By deployment. */
const calls = new Map<string, string[]>();
const counts = new Map<string, number>();
/** Our ids of instances are random: `<node>_<number>` instead, as in the recordings. */
const names = new Map<string, string>();
const nameOf = (deployment: string, id: string): string => names.get(`${deployment} ${id}`) ?? id;

const recorder = definePlugin({
  name: 'rec',
  operations: {
    'rec.op': operation({}, async (ctx, inputs: JsonObject) => {
      const name = ctx.operation.name.slice(ctx.operation.name.lastIndexOf('.') + 1);
      const named = (id: string): string => nameOf(ctx.deployment.id, id);
      const key =
        ctx.type === 'relationship-instance'
          ? `${named(ctx.source.instance.id)}>${named(ctx.target.instance.id)}.${name}:${ctx.operation.relationship}`
          : ctx.type === 'node-instance'
            ? `${named(ctx.instance.id)}.${name}`
            : name;
      calls.get(ctx.deployment.id)?.push(key);
      const unique = `${ctx.deployment.id} ${key}`;
      const count = (counts.get(unique) ?? 0) + 1;
      counts.set(unique, count);
      const times = (input: string): number => Number(inputs[input] ?? 0);
      if (count <= times('fatal')) throw new NonRecoverableError('fatal');
      if (count <= times('fail')) throw new RecoverableError('fail');
      if (count <= times('retry')) ctx.operation.retry('again', 0.01);
      return inputs.result;
    }),
  },
});

beforeAll(async () => {
  stage = await openStage({ plugins: [recorder] });
});
afterAll(async () => await stage.close());

test.concurrent.for(Object.keys(RECORDINGS))('%s', async (name, { expect }) => {
  const plan = await deploymentOf({ 'main.yaml': read(`${name}.yaml`), 'types.yaml': read('types.yaml') });
  const instances = initialInstances(plan);
  const deployment = await stage.deploy({ plan, instances });
  for (const { id, node_id, index } of instances) names.set(`${deployment.id} ${id}`, `${node_id}_${index}`);
  for (const step of RECORDINGS[name] ?? []) {
    const own: string[] = [];
    calls.set(deployment.id, own);
    const id = await deployment.execute(step.workflow, {
      ...request(step.workflow),
      allow_custom_parameters: true,
      parameters: withOurIds(step.parameters ?? {}, deployment.id, instances),
      options: {
        ...LEGACY_OPTIONS,
        max_retries: step.task_retries ?? 0,
        retry_interval: 0.05,
        subgraph_retries: step.subgraph_retries ?? 0,
      },
    });
    const record = await deployment.ended(id);
    expect({
      failed: record.status === 'failed',
      ...summary(own),
      states: byNode(namedStates(deployment.id, await deployment.states())),
    }).toEqual({
      failed: step.failed,
      ...summary(step.calls),
      states: byNode(step.states),
    });
  }
});

function withOurIds(
  parameters: JsonObject,
  deployment: string,
  instances: readonly { readonly id: string }[],
): JsonObject {
  const ids = new Map(instances.map(({ id }) => [nameOf(deployment, id), id]));
  return Object.fromEntries(
    Object.entries(parameters).map(([key, value]) => [
      key,
      typeof value === 'string' ? (ids.get(value) ?? value) : value,
    ]),
  );
}

/** What each instance did, in order; instances of one node are interchangeable, and so are the sides of a relationship. */
function summary(all: readonly string[]): { readonly count: number; readonly sequences: readonly string[] } {
  const bySource = new Map<string, string[]>();
  for (const call of all) {
    const source = call.split(/[.>]/)[0] as string;
    bySource.set(source, [...(bySource.get(source) ?? []), call]);
  }
  const sequences = [...bySource].map(([source, own]) => `${anonymous(source)}: ${inBlocks(own).join(' ')}`);
  return { count: all.length, sequences: sequences.sort() };
}

/** Calls of one relationship operation to one target node run side by side: their order says nothing. */
function inBlocks(own: readonly string[]): string[] {
  const blocks: string[][] = [];
  const kind = (call: string): string => anonymous(call.replace(/:(source|target)$/, ''));
  for (const call of own) {
    const last = blocks.at(-1);
    if (last && call.includes('>') && kind(last[0] as string) === kind(call)) last.push(call);
    else blocks.push([call]);
  }
  return blocks.flatMap((block) => block.map(anonymous).sort());
}

const anonymous = (text: string): string => text.replaceAll(/_\d+/g, '');

function namedStates(deployment: string, states: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(states).map(([id, state]) => [nameOf(deployment, id), state]));
}

function byNode(states: Readonly<Record<string, string>>): string[] {
  return Object.entries(states)
    .map(([id, state]) => `${anonymous(id)} ${state}`)
    .sort();
}
