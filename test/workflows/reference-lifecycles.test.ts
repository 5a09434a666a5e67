/**
 * More recordings of the reference system's own engine, against ours with `--legacy`: besides the order of calls of each
 * instance, what every instance is in the end (state, runtime properties, relationships) and what is told of it.
 *
 * Scaling was recorded with the reference's planner behind its local runner, which cannot scale by itself.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { bindParameters, workflowOf } from '../../blueprint/parameters.js';
import { initialInstances } from '../../graph/instances.js';
import type { NodeInstance } from '../../graph/state.js';
import { definePlugin, NonRecoverableError, operation, RecoverableError } from '../../plugins/sdk/index.js';
import { eventsQuery, type JournalEvent, LEGACY_OPTIONS } from '../../workflows/messages.js';
import { deploymentOf } from '../blueprint/compile-text.js';
import { type Deployment, openStage, type Stage } from './stage.js';

interface Recorded {
  /** By instance: its operations with their retry numbers; those of one relationship operation to one target sorted. */
  readonly calls: readonly string[];
  /** Node, state, runtime properties, relationships. */
  readonly instances: readonly string[];
  /** By instance: the texts of its own events. */
  readonly events?: readonly string[];
  readonly subgraphs?: readonly string[];
  readonly failed: boolean;
}

interface RecordedStep extends Recorded {
  readonly workflow: string;
  /** `@app#0` is the first instance of `app`. */
  readonly parameters?: JsonObject;
  readonly max_retries?: number;
  readonly subgraph_retries?: number;
}

const FOLDER = new URL('../fixtures/reference/lifecycles/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
const RECORDINGS = JSON.parse(read('recordings.json')) as Record<string, { readonly steps: readonly RecordedStep[] }>;

let stage: Stage;
/** By deployment. */
const calls = new Map<string, string[]>();
const counts = new Map<string, number>();

/** Notes its call, counts its calls in the runtime properties, and fails as often (or `at` those times) as its inputs say. */
const recorder = definePlugin({
  name: 'rec',
  operations: {
    'rec.op': operation({}, async (ctx, inputs: JsonObject) => {
      const [own = '', kind = ''] = ctx.operation.name.split('.').reverse();
      const name = ['lifecycle', 'relationship_lifecycle', ''].includes(kind) ? own : `${kind}.${own}`;
      const subject =
        ctx.type === 'relationship-instance'
          ? `${ctx.source.instance.id}>${ctx.target.instance.id}`
          : ctx.type === 'node-instance'
            ? ctx.instance.id
            : '';
      const key = `${subject}.${name}${ctx.type === 'relationship-instance' ? `:${ctx.operation.relationship}` : ''}`;
      const shown =
        'x' in inputs ? ` {"x": ${JSON.stringify(inputs.x).replaceAll(':', ': ').replaceAll(',', ', ')}}` : '';
      calls.get(ctx.deployment.id)?.push(`${key}${shown} ${ctx.operation.retryNumber}`);
      const count = (counts.get(`${ctx.deployment.id} ${key}`) ?? 0) + 1;
      counts.set(`${ctx.deployment.id} ${key}`, count);
      if (ctx.type === 'node-instance') {
        const properties = ctx.instance.runtimeProperties;
        properties[name] = Number(properties[name] ?? 0) + 1;
        properties.last = name;
      } else if (ctx.type === 'relationship-instance' && inputs.counts) {
        const { instance } = ctx.operation.relationship === 'source' ? ctx.source : ctx.target;
        const counter = `${name}_${ctx.operation.relationship}`;
        instance.set(counter, Number(instance.get(counter) ?? 0) + 1);
      } else if (ctx.type === 'relationship-instance' && inputs.relprop) {
        const [side, other] =
          ctx.operation.relationship === 'source' ? [ctx.source, ctx.target] : [ctx.target, ctx.source];
        const known = side.instance.get<string[]>(`links_${name}`) ?? [];
        side.instance.set(`links_${name}`, [...new Set([...known, other.node.id])].sort());
      }
      const times = (input: string): number => Number(inputs[input] ?? 0);
      if (((inputs.at ?? []) as number[]).includes(count)) throw new NonRecoverableError(`at ${count}`);
      if (count <= times('fatal')) throw new NonRecoverableError(`fatal ${count}`);
      if (count <= times('fail')) throw new RecoverableError(`fail ${count}`);
      if (count <= times('plain')) throw new Error(`plain ${count}`);
      if (count <= times('again')) ctx.operation.retry(`again ${count}`, 0.1);
      return inputs.returns;
    }),
  },
});

beforeAll(async () => {
  stage = await openStage({ plugins: [recorder] });
});
afterAll(async () => await stage.close());

test.concurrent.for(Object.keys(RECORDINGS))('%s', { timeout: 120_000 }, async (name, { expect }) => {
  const files = { 'main.yaml': read(`${name}.yaml`), 'lifecycles.yaml': read('lifecycles.yaml') };
  const plan = await deploymentOf(files);
  const deployment = await stage.deploy({ plan, instances: initialInstances(plan) });
  for (const [at, recorded] of (RECORDINGS[name]?.steps ?? []).entries())
    expect(await played(deployment, plan, recorded), `step ${at}: ${recorded.workflow}`).toEqual({
      failed: recorded.failed,
      calls: recorded.calls,
      instances: recorded.instances,
      ...(recorded.events ? { events: recorded.events, subgraphs: recorded.subgraphs } : {}),
    });
});

/** Runs one step as the recording did, and tells of it in the recording's form. */
async function played(
  deployment: Deployment,
  plan: Awaited<ReturnType<typeof deploymentOf>>,
  step: RecordedStep,
): Promise<Recorded> {
  const before = Object.values(await deployment.instances());
  const own: string[] = [];
  calls.set(deployment.id, own);
  let failed = true;
  let events: readonly JournalEvent[] = [];
  const definition = workflowOf(plan, step.workflow);
  const given = chosen(step.parameters ?? {}, before) as JsonObject;
  const bound = definition && bindParameters(step.workflow, definition, given, { allowCustom: false });
  if (bound && bound.problems.length === 0) {
    const id = await deployment.execute(step.workflow, {
      parameters: bound.values,
      options: {
        ...LEGACY_OPTIONS,
        max_retries: step.max_retries ?? 0,
        retry_interval: 0.05,
        subgraph_retries: step.subgraph_retries ?? 0,
      },
    });
    failed = (await deployment.ended(id)).status === 'failed';
    events = (await deployment.execution(id).query(eventsQuery, { from: 0 })).events;
  }
  const after = Object.values(await deployment.instances());
  const anonymous = anonymiser([...before, ...after]);
  return {
    failed,
    calls: sequences(own, anonymous),
    instances: after.map((instance) => described(instance, anonymous)).sort(),
    ...(step.events ? told(events, anonymous) : {}),
  };
}

function chosen(value: Json, instances: readonly NodeInstance[]): Json {
  if (Array.isArray(value)) return value.map((item) => chosen(item as Json, instances));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, chosen(item as Json, instances)]));
  if (typeof value !== 'string' || !value.startsWith('@')) return value;
  const [node, at] = value.slice(1).split('#');
  const ofNode = instances.filter(({ node_id }) => node_id === node).sort((a, b) => a.index - b.index);
  return ofNode[Number(at)]?.id ?? value;
}

/** Instances of one node are interchangeable: their ids give way to the node's. */
function anonymiser(instances: readonly NodeInstance[]): (text: string) => string {
  const nodes = new Map(instances.map(({ id, node_id }) => [id, node_id]));
  const ids = new RegExp([...nodes.keys()].join('|'), 'g');
  return (text) => text.replaceAll(ids, (id) => nodes.get(id) ?? id);
}

/** What each instance did, in order; the sides of a relationship operation run side by side. */
function sequences(all: readonly string[], anonymous: (text: string) => string): string[] {
  const bySource = grouped(all, (call) => call.split(/[.>]/)[0] as string);
  const kind = (call: string): string => anonymous(call.replace(/:(source|target).*/, ''));
  return [...bySource]
    .map(([source, own]) => {
      const blocks: string[][] = [];
      for (const call of own) {
        const last = blocks.at(-1);
        if (last && call.includes('>') && kind(last[0] as string) === kind(call)) last.push(call);
        else blocks.push([call]);
      }
      return `${anonymous(source)}: ${blocks.flatMap((block) => block.map(anonymous).sort()).join(' | ')}`;
    })
    .sort();
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}

function described(instance: NodeInstance, anonymous: (text: string) => string): string {
  const properties = Object.entries(instance.runtime_properties).sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = properties.map(([key, value]) => `"${key}": ${JSON.stringify(value).replaceAll('","', '", "')}`);
  const relationships = instance.relationships.map(({ type, target_name }) => `${type}>${target_name}`).sort();
  return anonymous(`${instance.node_id} ${instance.state} {${shown.join(', ')}} ${relationships.join(' ')}`);
}

function told(
  events: readonly JournalEvent[],
  anonymous: (text: string) => string,
): Pick<Recorded, 'events' | 'subgraphs'> {
  const own = events.filter((event) => event.node_instance_id !== undefined && event.source_id === undefined);
  const byInstance = grouped(own, (event) => event.node_instance_id as string);
  return {
    events: [...byInstance]
      .map(([id, some]) => anonymous(`${id}: ${some.map((one) => one.message).join(' | ')}`))
      .sort(),
    subgraphs: events
      .map(({ message }) => anonymous(message))
      .filter((message) => message.startsWith('Subgraph '))
      .sort(),
  };
}

test('the recordings are about every kind of workflow', () => {
  const workflows = new Set(Object.values(RECORDINGS).flatMap(({ steps }) => steps.map(({ workflow }) => workflow)));
  expect([...workflows].sort()).toEqual([
    'check_drift',
    'check_status',
    'execute_operation',
    'heal',
    'install',
    'reinstall',
    'restart',
    'rollback',
    'scale',
    'start',
    'stop',
    'uninstall',
  ]);
});
