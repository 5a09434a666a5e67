/** Operations that do what a test says, in the place of a blueprint's own. */
import type { Json, JsonObject } from '../blueprint/json.js';
import type { DeploymentPlan, Operation } from '../blueprint/plan.js';
import type { OperationContext } from '../plugins/sdk/context.js';
import { definePlugin, operation, type Plugin } from '../plugins/sdk/index.js';

/** One attempt of one operation. */
export interface FakeCall {
  /** Name of the node; of a relationship's operation, of its source. */
  readonly node: string;
  readonly instance_id: string;
  /** Only of a relationship's operation. */
  readonly target_id?: string;
  readonly side?: 'source' | 'target';
  /** Full name. */
  readonly operation: string;
  readonly inputs: JsonObject;
  /** Retries before it. */
  readonly retry: number;
  /** What the operation would see and change. */
  readonly ctx: OperationContext;
}

/** What an operation does: a result, or a function that returns one or throws what a plugin would. */
export type FakeOperation = Json | ((call: FakeCall) => Json | undefined | Promise<Json | undefined>);

/** For every operation that the plan maps, one that does what the test says. */
export function fakePlugins(
  plan: DeploymentPlan,
  fakes: Readonly<Record<string, FakeOperation>>,
  calls: Omit<FakeCall, 'ctx'>[],
): Plugin[] {
  const byPlugin = new Map<string, Map<string, ReturnType<typeof operation>>>();
  const run = operation({}, async (ctx: OperationContext, inputs: JsonObject) => {
    const call = callOf(ctx, inputs);
    const { ctx: _, ...told } = call;
    calls.push(told);
    const fake = fakeFor(fakes, call);
    return (typeof fake === 'function' ? await fake(call) : fake) ?? undefined;
  });
  for (const one of operationsOf(plan)) {
    const type = one.activity ?? `${one.plugin}.${one.operation}`;
    const [plugin = '', ...name] = type.split('.');
    if (plugin === '' || plugin === 'wait') continue;
    byPlugin.set(plugin, (byPlugin.get(plugin) ?? new Map()).set(name.join('.'), run));
  }
  return [...byPlugin].map(([name, operations]) => definePlugin({ name, operations: Object.fromEntries(operations) }));
}

function operationsOf({ nodes }: DeploymentPlan): Operation[] {
  return nodes.flatMap(({ operations, relationships }) => [
    ...Object.values(operations),
    ...relationships.flatMap((one) => [
      ...Object.values(one.source_operations),
      ...Object.values(one.target_operations),
    ]),
  ]);
}

function callOf(ctx: OperationContext, inputs: JsonObject): FakeCall {
  const common = { operation: ctx.operation.name, inputs, retry: ctx.operation.retryNumber, ctx };
  if (ctx.type === 'relationship-instance')
    return {
      node: ctx.source.node.name,
      instance_id: ctx.source.instance.id,
      target_id: ctx.target.instance.id,
      side: ctx.operation.relationship ?? 'source',
      ...common,
    };
  if (ctx.type === 'node-instance') return { node: ctx.node.name, instance_id: ctx.instance.id, ...common };
  return { node: '', instance_id: '', ...common };
}

function fakeFor(
  fakes: Readonly<Record<string, FakeOperation>>,
  { node, operation: full }: FakeCall,
): FakeOperation | undefined {
  const short = full.slice(full.lastIndexOf('.') + 1);
  const key = [`${node}.${full}`, `${node}.${short}`, `*.${full}`, `*.${short}`].find((one) =>
    Object.hasOwn(fakes, one),
  );
  return key === undefined ? undefined : fakes[key];
}
