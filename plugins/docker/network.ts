/** Operations of `cloudify.nodes.docker.network`. */
import type Docker from 'dockerode';
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { NodeOperationContext, OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { isTrue, listOf, objectOf, textOf } from '../values.js';
import { statusOf } from './engine/failure.js';
import { type Engine, withEngine } from './engine/open.js';
import { forget, isExternal, isOurs, markCreation, mayHaveMade, ownFilter, ownLabels } from './ownership.js';

const RECORDED = ['network_id', 'network_name', 'network', 'subnets'];

export async function createNetwork(context: OperationContext): Promise<void> {
  await withEngine(context, async (engine, ctx) => {
    const config = objectOf(ctx.node.properties.resource_config);
    const name = nameOf(ctx, config);
    record(ctx, isExternal(ctx) ? await existing(engine, ctx, name) : await ensureNetwork(engine, ctx, name, config));
  });
}

export async function deleteNetwork(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const { network_id: id } = ctx.instance.runtimeProperties;
  if (!isExternal(ctx) && (id !== undefined || mayHaveMade(ctx)))
    await withEngine(context, async (engine) => {
      const listed = await ownNetworks(engine, ctx);
      for (const one of new Set([...(typeof id === 'string' ? [id] : []), ...listed.map(({ Id }) => Id)]))
        await engine.askUnless(
          [404],
          `network ${ctx.instance.runtimeProperties.network_name ?? one} cannot be removed`,
          () => engine.docker.getNetwork(one).remove({ abortSignal: engine.signal }),
        );
    });
  forget(ctx, RECORDED);
}

/** The engine would make a second network of the same name: what is there is looked for first. */
async function ensureNetwork(
  engine: Engine,
  ctx: NodeOperationContext,
  name: string,
  config: JsonObject,
): Promise<Docker.NetworkInspectInfo> {
  const [ours] = await ownNetworks(engine, ctx);
  if (ours) return ours;
  const body = networkBody(name, config);
  const labels = ownLabels(ctx, body);
  await markCreation(ctx, labels);
  const what = `network ${name} cannot be created`;
  const made = await engine.ask(what, async () => {
    try {
      return await engine.docker.createNetwork({
        ...body,
        Labels: { ...(objectOf(config.labels) as Record<string, string>), ...labels },
        abortSignal: engine.signal,
      } as Docker.NetworkCreateOptions);
    } catch (error) {
      if (statusOf(error) === 409) return undefined;
      throw error;
    }
  });
  const network = await find(engine, made?.id ?? name);
  if (network && (made || isOurs(ctx, network.Labels))) return network;
  throw new NonRecoverableError(
    `${what}: the engine at ${engine.where} has another network of that name, which is not of this deployment; ` +
      'give the node another name, or use_external_resource',
  );
}

function networkBody(name: string, config: JsonObject): JsonObject {
  const pools = listOf(config.ipam_config ?? config.subnets).map((pool) => {
    if (typeof pool === 'string') return { Subnet: pool };
    const { subnet, gateway, ip_range, ...rest } = objectOf(pool);
    const named = { Subnet: subnet, Gateway: gateway, IPRange: ip_range };
    return { ...rest, ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)) };
  });
  return {
    Name: name,
    Driver: textOf(config.driver) ?? 'bridge',
    CheckDuplicate: true,
    Internal: isTrue(config.internal),
    Attachable: isTrue(config.attachable),
    EnableIPv6: isTrue(config.enable_ipv6),
    Options: objectOf(config.options),
    ...(pools.length > 0 ? { IPAM: { Driver: 'default', Config: pools as Json } } : {}),
  };
}

async function ownNetworks(engine: Engine, ctx: NodeOperationContext): Promise<Docker.NetworkInspectInfo[]> {
  return await engine.ask('the networks cannot be listed', async () =>
    engine.docker.listNetworks({ filters: ownFilter(ctx), abortSignal: engine.signal }),
  );
}

async function find(engine: Engine, id: string): Promise<Docker.NetworkInspectInfo | undefined> {
  return (await engine.askUnless([404], `network ${id} cannot be looked at`, async () =>
    engine.docker.getNetwork(id).inspect(),
  )) as Docker.NetworkInspectInfo | undefined;
}

async function existing(engine: Engine, ctx: NodeOperationContext, name: string): Promise<Docker.NetworkInspectInfo> {
  const found = await find(engine, name);
  if (found) return found;
  throw new NonRecoverableError(`${ctx.node.name}: there is no network ${name} on the engine at ${engine.where}`);
}

function record({ instance }: NodeOperationContext, { Id, Name, Driver, IPAM }: Docker.NetworkInspectInfo): void {
  const runtime = instance.runtimeProperties;
  runtime.network_id = Id;
  runtime.network_name = Name;
  runtime.network = { id: Id, name: Name, driver: Driver };
  runtime.subnets = (IPAM?.Config ?? []).flatMap(({ Subnet }) => (Subnet === undefined ? [] : [Subnet]));
}

function nameOf({ deployment, instance, node }: NodeOperationContext, config: JsonObject): string {
  return textOf(node.properties.resource_id) ?? textOf(config.name) ?? `${deployment.id}_${instance.id}`;
}
