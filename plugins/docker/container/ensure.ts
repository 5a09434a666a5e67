/**
 * One container for one instance, however often this runs: what an earlier attempt has made is found by its recorded
 * id, else by its labels, and taken over.
 */
import type Docker from 'dockerode';
import type { Json, JsonObject } from '../../../blueprint/json.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../../sdk/errors.js';
import { engineFailure, messageOf, statusOf } from '../engine/failure.js';
import type { Engine } from '../engine/open.js';
import { isOurs, isSame, markCreation, ownFilter } from '../ownership.js';
import type { ContainerDefinition } from './definition.js';
import { putFiles } from './files.js';

export type Inspected = Docker.ContainerInspectInfo;

export async function findContainer(engine: Engine, id: string): Promise<Inspected | undefined> {
  return await engine.askUnless([404], `container ${id} cannot be looked at`, async () =>
    engine.docker.getContainer(id).inspect({ abortSignal: engine.signal }),
  );
}

/** The containers that were made for the instance and are recorded, or were made by an attempt that was cut off. */
export async function ownContainers(engine: Engine, ctx: NodeOperationContext): Promise<Inspected[]> {
  const recorded = ctx.instance.runtimeProperties.container_id;
  const listed = await engine.ask('the containers cannot be listed', async () =>
    engine.docker.listContainers({ all: true, filters: ownFilter(ctx) as never, abortSignal: engine.signal }),
  );
  const ids = new Set([...(typeof recorded === 'string' ? [recorded] : []), ...listed.map(({ Id }) => Id)]);
  const found = await Promise.all([...ids].map(async (id) => await findContainer(engine, id)));
  return found.filter((container) => container !== undefined);
}

/**
 * Makes the container if there is none yet; its files are in it and its networks joined afterwards. It is not started.
 *
 * @param files as in `putFiles`
 * @throws NonRecoverableError when its name is taken by a container that is not ours
 */
export async function ensureContainer(
  engine: Engine,
  ctx: NodeOperationContext,
  definition: ContainerDefinition,
  files: Json | undefined,
): Promise<Inspected> {
  const existing = await adoptable(engine, ctx, definition);
  const container = existing ?? (await create(engine, ctx, definition));
  const runtime = ctx.instance.runtimeProperties;
  if (runtime.container_id !== container.Id) {
    runtime.container_id = container.Id;
    await ctx.instance.update();
  }
  if (container.State.Status !== 'created') return container;
  for (const { network, endpoint } of definition.networks)
    if (!container.NetworkSettings.Networks[network]) await join(engine, container.Id, network, endpoint);
  await putFiles(engine, ctx, container.Id, files);
  return container;
}

/** What is there is kept if it is what we would make, and removed if it is ours and something else. */
async function adoptable(
  engine: Engine,
  ctx: NodeOperationContext,
  { labels, name }: ContainerDefinition,
): Promise<Inspected | undefined> {
  const { failed_container: failed } = ctx.instance.runtimeProperties;
  let adopted: Inspected | undefined;
  for (const container of await ownContainers(engine, ctx)) {
    if (adopted === undefined && isSame(labels, container.Config.Labels) && container.Id !== failed)
      adopted = container;
    else if (isOurs(ctx, container.Config.Labels)) await removeContainer(engine, container.Id, { force: true });
  }
  if (adopted) ctx.logger.info(`Container ${name} was made by an earlier attempt: taken over`);
  return adopted;
}

async function create(engine: Engine, ctx: NodeOperationContext, definition: ContainerDefinition): Promise<Inspected> {
  const { name, body, platform, labels, image } = definition;
  await markCreation(ctx, labels);
  const what = `container ${name} cannot be created`;
  const query = { name, ...(platform === undefined ? {} : { platform }) };
  const made = await engine.ask(what, async () => {
    try {
      return await engine.docker.createContainer({ _query: query, _body: body, abortSignal: engine.signal } as never);
    } catch (error) {
      const message = messageOf(error);
      if (statusOf(error) === 409 && /already in use/i.test(message)) return undefined;
      if (statusOf(error) === 404 && /no such image/i.test(message))
        // It was there a moment ago.
        throw new RecoverableError(`${what}: image ${image} has gone from the engine at ${engine.where} meanwhile`);
      throw engineFailure(what, engine.where, error);
    }
  });
  if (made) ctx.logger.info(`Created container ${name}`);
  const container = await findContainer(engine, made?.id ?? name);
  if (container && (made || isOurs(ctx, container.Config.Labels))) return container;
  throw new NonRecoverableError(
    `${what}: the engine at ${engine.where} has another container of that name, which is not of this deployment; ` +
      'remove or rename it, or give the node another name',
  );
}

async function join(engine: Engine, id: string, network: string, endpoint: JsonObject): Promise<void> {
  await engine.ask(`container ${id.slice(0, 12)} cannot join network ${network}`, async () =>
    engine.docker.getNetwork(network).connect({
      Container: id,
      EndpointConfig: endpoint as Docker.EndpointSettings,
    }),
  );
}

/** Removes a container that may be gone already, with its anonymous volumes. */
export async function removeContainer(
  engine: Engine,
  id: string,
  options: { readonly force?: boolean; readonly link?: boolean; readonly volumes?: boolean } = {},
): Promise<void> {
  const what = `container ${id.slice(0, 12)} cannot be removed`;
  await engine.askUnless([404], what, async () => {
    const { force = false, link = false, volumes = true } = options;
    const query = { v: volumes, ...(force ? { force } : {}), ...(link ? { link } : {}), abortSignal: engine.signal };
    try {
      await engine.docker.getContainer(id).remove(query);
    } catch (error) {
      // Somebody else's removal of it is under way: that is as good.
      if (statusOf(error) !== 409 || !/already in progress/i.test(messageOf(error))) throw error;
    }
  });
}
