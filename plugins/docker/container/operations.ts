/** Operations of `cloudify.nodes.docker.container`. */
import type { Json, JsonObject } from '../../../blueprint/json.js';
import type { NodeOperationContext, OperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { requireNode } from '../../sdk/require-kind.js';
import { isTrue, numberOf, objectOf, textOf } from '../../values.js';
import { splitWords } from '../../words.js';
import { type Engine, withEngine } from '../engine/open.js';
import { ensureImage, removeImage } from '../image/operations.js';
import { withTag } from '../image/reference.js';
import { forget, isExternal, mayHaveMade } from '../ownership.js';
import { containerDefinition } from './definition.js';
import { ensureContainer, findContainer, type Inspected, ownContainers, removeContainer } from './ensure.js';
import { restartPolicy } from './option-values.js';
import { RECORDED, recordContainer } from './record.js';
import { execute, followToEnd, judgeExit, patienceOf, startContainer, waitUntilUp } from './run.js';

/**
 * Makes and starts a container. One that is not detached is followed to its end, and its output kept as `run_result`.
 */
export async function createContainer(context: OperationContext): Promise<Json | undefined> {
  return await withEngine(context, async (engine, ctx) => {
    const { config, args } = settingsOf(ctx);
    if (isExternal(ctx)) {
      recordContainer(engine, ctx, await external(engine, ctx, textOf(args.name)));
      return undefined;
    }
    const image = textOf(config.image_tag) ?? textOf(args.image);
    if (image === undefined)
      throw new NonRecoverableError(`${ctx.node.name}: resource_config.image_tag must name an image`);
    const definition = containerDefinition(ctx, withTag(image), args);
    await ensureImage(engine, ctx, definition.image, args);
    const container = await ensureContainer(engine, ctx, definition, config.files);
    ctx.instance.runtimeProperties.container_args = withoutSecrets(args);
    // What an earlier attempt has run to its end is judged, not run again.
    if (container.State.Status !== 'exited') await startContainer(engine, container);
    if (isTrue(args.detach)) {
      recordContainer(engine, ctx, await waitUntilUp(engine, container.Id, patienceOf(config)));
      return undefined;
    }
    return await runToEnd(engine, ctx, container, config, args);
  });
}

/** Makes sure that a detached container runs, e.g. after a stop. */
export async function startOperation(context: OperationContext): Promise<void> {
  const { args } = settingsOf(requireNode(context));
  if (isExternal(requireNode(context)) || !isTrue(args.detach)) return;
  await withEngine(context, async (engine, ctx) => {
    const [container] = await ownContainers(engine, ctx);
    if (!container)
      throw new NonRecoverableError(`${ctx.instance.id} has no container: run its create operation again`);
    await restorePolicy(engine, container, args);
    await startContainer(engine, container);
    const { config } = settingsOf(ctx);
    recordContainer(engine, ctx, await waitUntilUp(engine, container.Id, patienceOf(config)));
  });
}

/** @param inputs `stop_command`: run in the container before it is stopped; `timeout` in seconds */
export async function stopContainer(context: OperationContext, inputs: JsonObject): Promise<void> {
  const { instance } = requireNode(context);
  if (isExternal(requireNode(context)) || typeof instance.runtimeProperties.container_id !== 'string') return;
  await withEngine(context, async (engine, ctx) => {
    const command = textOf(inputs.stop_command);
    const container = await findContainer(engine, String(ctx.instance.runtimeProperties.container_id));
    if (!container) return;
    if (command !== undefined) await runStopCommand(engine, ctx, container, splitWords(command));
    await stop(engine, container, numberOf(inputs.timeout, 'timeout'));
    const stopped = await findContainer(engine, container.Id);
    if (stopped) recordContainer(engine, ctx, stopped);
  });
}

/**
 * Removes the container, and its image if it was pulled for it and nothing else uses it.
 *
 * @param inputs `params` (`v`, `link`, `force`)
 * @param settings of the engine, as for `withEngine`
 */
export async function deleteContainer(
  context: OperationContext,
  inputs: JsonObject,
  settings: JsonObject = {},
): Promise<void> {
  const ctx = requireNode(context);
  const { container_id: id, image_pulled_by_us: pulled, image } = ctx.instance.runtimeProperties;
  const nothing = id === undefined && pulled !== true && !mayHaveMade(ctx);
  if (!nothing && !isExternal(ctx))
    await withEngine(
      context,
      async (engine) => {
        for (const container of await ownContainers(engine, ctx)) await remove(engine, ctx, container, inputs);
        if (pulled === true && typeof image === 'string') await removeImage(engine, ctx, image);
      },
      settings,
    );
  forget(ctx, RECORDED);
}

async function remove(
  engine: Engine,
  ctx: NodeOperationContext,
  container: Inspected,
  inputs: JsonObject,
): Promise<void> {
  const { force, link, v } = objectOf(inputs.params);
  if (!isTrue(force)) await stop(engine, container, undefined);
  const volumes = v === undefined || isTrue(v);
  await removeContainer(engine, container.Id, { force: isTrue(force), link: isTrue(link), volumes });
  ctx.logger.info(`Removed container ${container.Name.replace(/^\//, '')}`);
}

/** @throws NonRecoverableError when there is no such container */
export async function external(
  engine: Engine,
  ctx: NodeOperationContext,
  name: string | undefined,
): Promise<Inspected> {
  const id = textOf(ctx.node.properties.resource_id) ?? name;
  if (id === undefined) throw new NonRecoverableError(`${ctx.node.name}: an external container needs a resource_id`);
  const found = await findContainer(engine, id);
  if (found) return found;
  throw new NonRecoverableError(`${ctx.node.name}: there is no container ${id} on the engine at ${engine.where}`);
}

/** Stops a container that may have stopped already. Its engine must not start it again by itself. */
export async function stop(engine: Engine, container: Inspected, timeout: number | undefined): Promise<void> {
  const { Id, Name, HostConfig, State } = container;
  const handle = engine.docker.getContainer(Id);
  const what = `container ${Name.replace(/^\//, '')} cannot be stopped`;
  if (!State.Running && !State.Restarting) return;
  if ((HostConfig.RestartPolicy?.Name ?? 'no') === 'always')
    await engine.askUnless([404], what, async () => handle.update({ RestartPolicy: { Name: 'no' } }));
  await engine.askUnless([304, 404], what, async () =>
    handle.stop({ ...(timeout === undefined ? {} : { t: timeout }), abortSignal: engine.signal }),
  );
}

async function runToEnd(
  engine: Engine,
  ctx: NodeOperationContext,
  container: Inspected,
  config: JsonObject,
  args: JsonObject,
): Promise<Json> {
  const runtime = ctx.instance.runtimeProperties;
  const ended = await followToEnd(engine, ctx, container);
  runtime.run_result = ended.output;
  const after = await findContainer(engine, container.Id);
  if (after) recordContainer(engine, ctx, after);
  runtime.exit_code = ended.exitCode;
  // The next attempt begins with a container of its own.
  runtime.failed_container = container.Id;
  judgeExit(container.Name.replace(/^\//, ''), ended, config);
  delete runtime.failed_container;
  if (isTrue(args.remove) || isTrue(args.auto_remove)) {
    await removeContainer(engine, container.Id);
    delete runtime.container_id;
    delete runtime.container;
  }
  return ended.output;
}

/** In the container if it runs, else in another one like it. */
async function runStopCommand(
  engine: Engine,
  ctx: NodeOperationContext,
  container: Inspected,
  command: readonly string[],
): Promise<void> {
  const { Config, HostConfig, Name, State } = container;
  ctx.logger.info('Running the stop command');
  if (State.Running) {
    judgeExit(Name.replace(/^\//, ''), await execute(engine, ctx, container.Id, command), {});
    return;
  }
  const { Hostname: _, ...same } = Config;
  const body = { ...same, Cmd: command, HostConfig: { ...HostConfig, PortBindings: {} } };
  const what = 'the container of the stop command cannot be created';
  const made = await engine.ask(what, async () => engine.docker.createContainer({ _query: {}, _body: body } as never));
  try {
    const like = (await findContainer(engine, made.id)) as Inspected;
    await startContainer(engine, like);
    judgeExit('of the stop command', await followToEnd(engine, ctx, like), {});
  } finally {
    await removeContainer(engine, made.id, { force: true });
  }
}

async function restorePolicy(engine: Engine, { Id, HostConfig }: Inspected, args: JsonObject): Promise<void> {
  const given = args.restart_policy ?? objectOf(args.host_config).restart_policy;
  if (given === undefined || given === null) return;
  const policy = restartPolicy(given) as { Name: string };
  if (policy.Name === HostConfig.RestartPolicy?.Name) return;
  await engine.ask('the restart policy cannot be set', async () =>
    engine.docker.getContainer(Id).update({ RestartPolicy: policy }),
  );
}

function settingsOf({ node }: NodeOperationContext): { readonly config: JsonObject; readonly args: JsonObject } {
  const config = objectOf(node.properties.resource_config);
  const args = objectOf(config.container_args);
  return { config, args: { ...objectOf(args.host_config), ...args } };
}

/** The environment may hold passwords, and runtime properties are for everybody to read. */
function withoutSecrets({ environment: _, Env: __, ...args }: JsonObject): JsonObject {
  return args;
}
