/** Operations of `cloudify.docker.Container`, the type of the plugin's first generation: create and start apart. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Json, JsonObject } from '../../../blueprint/json.js';
import type { NodeOperationContext, OperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { requireNode } from '../../sdk/require-kind.js';
import { numberOf, objectOf, textOf, textsOf } from '../../values.js';
import { type Engine, withEngine } from '../engine/open.js';
import { ensureImage } from '../image/operations.js';
import { follow } from '../image/progress.js';
import { findImage } from '../image/pull.js';
import { withTag } from '../image/reference.js';
import { isExternal } from '../ownership.js';
import { containerDefinition } from './definition.js';
import { ensureContainer, findContainer } from './ensure.js';
import { deleteContainer, external, stop } from './operations.js';
import { recordContainer } from './record.js';
import { patienceOf, startContainer, waitForProcesses, waitUntilUp } from './run.js';

/** @param inputs `params` (options of the container), `daemon_client` (`base_url`) */
export async function createLegacy(context: OperationContext, inputs: JsonObject): Promise<void> {
  await withEngine(
    context,
    async (engine, ctx) => {
      const { properties } = ctx.node;
      const name = textOf(properties.name);
      if (isExternal(ctx)) {
        recordContainer(engine, ctx, await external(engine, ctx, name));
        return;
      }
      const args = objectOf(inputs.params);
      const image = await legacyImage(engine, ctx);
      const definition = containerDefinition(ctx, image, {
        ...(name === undefined ? {} : { name }),
        ...args,
        detach: true,
      });
      recordContainer(engine, ctx, await ensureContainer(engine, ctx, definition, properties.files));
    },
    daemonOf(inputs),
  );
}

/** @param inputs `processes_to_wait_for`, `retry_interval` in seconds */
export async function startLegacy(context: OperationContext, inputs: JsonObject): Promise<void> {
  if (isExternal(requireNode(context))) return;
  await withEngine(
    context,
    async (engine, ctx) => {
      const container = await recordedContainer(engine, ctx);
      await startContainer(engine, container);
      const up = await waitUntilUp(engine, container.Id, patienceOf(ctx.node.properties));
      const awaited = inputs.processes_to_wait_for ?? objectOf(inputs.params).processes_to_wait_for;
      const interval = numberOf(inputs.retry_interval, 'retry_interval') ?? 1;
      if (up.State.Running) await waitForProcesses(engine, up, textsOf(awaited), interval);
      recordContainer(engine, ctx, up);
    },
    daemonOf(inputs),
  );
}

/** @param inputs `params` (`timeout` in seconds) */
export async function stopLegacy(context: OperationContext, inputs: JsonObject): Promise<void> {
  const { instance } = requireNode(context);
  const id = instance.runtimeProperties.container_id;
  if (isExternal(requireNode(context)) || typeof id !== 'string') return;
  await withEngine(
    context,
    async (engine, ctx) => {
      const container = await findContainer(engine, id);
      if (!container) return;
      await stop(engine, container, numberOf(objectOf(inputs.params).timeout, 'timeout'));
      recordContainer(engine, ctx, (await findContainer(engine, id)) ?? container);
    },
    daemonOf(inputs),
  );
}

/** @param inputs `params` (`v`, `link`, `force`) */
export async function deleteLegacy(context: OperationContext, inputs: JsonObject): Promise<void> {
  await deleteContainer(context, inputs, daemonOf(inputs));
}

async function recordedContainer(engine: Engine, ctx: NodeOperationContext) {
  const id = ctx.instance.runtimeProperties.container_id;
  const container = typeof id === 'string' ? await findContainer(engine, id) : undefined;
  if (container) return container;
  throw new NonRecoverableError(`${ctx.instance.id} has no container: run its create operation again`);
}

/** `image: {repository, tag}` is pulled, `image: {src}` imported from an archive of its files. */
async function legacyImage(engine: Engine, ctx: NodeOperationContext): Promise<string> {
  const image = objectOf(ctx.node.properties.image);
  const source = textOf(image.src);
  const repository = textOf(image.repository) ?? (source === undefined ? undefined : ctx.instance.id.toLowerCase());
  if (repository === undefined) throw new NonRecoverableError(`${ctx.node.name}: image needs a repository or a src`);
  const tag = textOf(image.tag);
  const name = withTag(tag === undefined ? repository : `${repository}:${tag}`);
  if (source === undefined) await ensureImage(engine, ctx, name);
  else if (!(await findImage(engine, name))) await importImage(engine, ctx, source, name);
  return name;
}

async function importImage(engine: Engine, ctx: NodeOperationContext, source: string, name: string): Promise<void> {
  const runtime = ctx.instance.runtimeProperties;
  runtime.image_pulled_by_us = true;
  runtime.image = name;
  await ctx.instance.update();
  const what = `image ${name} cannot be imported from ${source}`;
  const at = name.lastIndexOf(':');
  const query = { repo: name.slice(0, at), tag: name.slice(at + 1), abortSignal: engine.signal };
  const scratch = await mkdtemp(path.join(tmpdir(), 'caisson-import-'));
  try {
    const stream = /^https?:\/\//.test(source)
      ? await engine.ask(what, async () => engine.docker.createImage({ fromSrc: source, ...query }))
      : await importFile(engine, what, await fileOf(ctx, source, scratch), query);
    await follow(engine, what, stream as NodeJS.ReadableStream, () => ctx.heartbeat());
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function importFile(engine: Engine, what: string, file: string, query: object): Promise<NodeJS.ReadableStream> {
  return (await engine.ask(what, async () =>
    engine.docker.importImage(file, query),
  )) as unknown as NodeJS.ReadableStream;
}

async function fileOf(ctx: NodeOperationContext, source: string, scratch: string): Promise<string> {
  if (path.isAbsolute(source)) return source;
  return await ctx.downloadResource(source, path.join(scratch, path.basename(source)));
}

/** `daemon_client` in the words of `client_config`. */
function daemonOf({ daemon_client: client }: JsonObject): JsonObject {
  const { base_url: url } = objectOf(client);
  const address = textOf(url as Json);
  return address === undefined ? {} : { docker_host: address.replace(/^http\+unix:/, 'unix:') };
}
