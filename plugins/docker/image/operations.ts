/** Operations of `cloudify.nodes.docker.image`: an image on the engine, built, pulled, or found there. */
import type Docker from 'dockerode';
import type { JsonObject } from '../../../blueprint/json.js';
import type { NodeOperationContext, OperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { requireNode } from '../../sdk/require-kind.js';
import { isTrue, objectOf, textOf } from '../../values.js';
import { type Engine, withEngine } from '../engine/open.js';
import { forget, isExternal, isOurs } from '../ownership.js';
import { buildImage } from './build.js';
import { findImage, pullImage } from './pull.js';
import { imageReference, withTag } from './reference.js';

const RECORDED = [
  'build_result',
  'image',
  'image_id',
  'image_digest',
  'image_tags',
  'image_tags_before',
  'image_pulled_by_us',
  'image_built_by_us',
];

export async function createImage(context: OperationContext): Promise<void> {
  await withEngine(context, async (engine, ctx) => {
    const config = objectOf(ctx.node.properties.resource_config);
    const runtime = ctx.instance.runtimeProperties;
    const name = withTag(nameOf(ctx, config));
    if (isExternal(ctx)) {
      record(ctx, name, await existing(engine, name));
      return;
    }
    if (textOf(config.image_content) !== undefined || textOf(config.build_context) !== undefined) {
      // Stored first: what an attempt leaves behind when it is cut off is still taken down.
      runtime.image_built_by_us = true;
      runtime.image = name;
      await ctx.instance.update();
      runtime.build_result = await buildImage(engine, ctx, name, config);
      record(ctx, name, await existing(engine, name));
    } else if (isTrue(config.all_tags)) {
      const pulled = await pullAllTags(engine, ctx, name);
      const shown = pulled.includes(name) ? name : (pulled[0] ?? name);
      record(ctx, shown, await existing(engine, shown));
    } else record(ctx, name, await ensureImage(engine, ctx, name, config));
  });
}

export async function deleteImage(context: OperationContext): Promise<void> {
  const { instance } = requireNode(context);
  const { image, image_pulled_by_us: pulled, image_built_by_us: built } = instance.runtimeProperties;
  const owned = (pulled === true || built === true) && !isExternal(requireNode(context));
  if (owned && typeof image === 'string')
    await withEngine(context, async (engine, ctx) => {
      for (const name of await ownTags(engine, ctx, image)) {
        const found = await findImage(engine, name);
        if (found && built === true && !isOurs(ctx, found.Config.Labels))
          ctx.logger.warn(`${name} is another image by now: left as it is`);
        else if (found) await removeImage(engine, ctx, name);
      }
    });
  forget(requireNode(context), RECORDED);
}

/**
 * Pulls the image unless the engine has it, and records whether it was us, so that a later delete knows.
 */
export async function ensureImage(
  engine: Engine,
  ctx: NodeOperationContext,
  name: string,
  { platform }: JsonObject = {},
): Promise<Docker.ImageInspectInfo> {
  const runtime = ctx.instance.runtimeProperties;
  const found = await findImage(engine, name);
  if (found) {
    runtime.build_result ??= `${name} was there already`;
    return found;
  }
  runtime.image_pulled_by_us = true;
  runtime.image = name;
  await ctx.instance.update();
  await pullImage(engine, ctx, name, { platform: textOf(platform) });
  runtime.build_result = `${name} was pulled`;
  return await existing(engine, name);
}

/** Leaves an image that something else uses. */
export async function removeImage(engine: Engine, ctx: NodeOperationContext, name: string): Promise<void> {
  const removed = await engine.askUnless([404, 409], `image ${name} cannot be removed`, async () => {
    await engine.docker.getImage(name).remove({ abortSignal: engine.signal });
    return true;
  });
  if (removed) ctx.logger.info(`Removed image ${name}`);
  else ctx.logger.warn(`Image ${name} is in use by other containers, or gone: left as it is`);
}

async function pullAllTags(engine: Engine, ctx: NodeOperationContext, name: string): Promise<string[]> {
  const runtime = ctx.instance.runtimeProperties;
  const { repository } = imageReference(name);
  const before = Array.isArray(runtime.image_tags_before)
    ? runtime.image_tags_before.map(String)
    : await tagsOf(engine, repository);
  runtime.image_tags_before = before;
  runtime.image_pulled_by_us = true;
  runtime.image = name;
  await ctx.instance.update();
  await pullImage(engine, ctx, name, { allTags: true });
  const pulled = (await tagsOf(engine, repository)).filter((tag) => !before.includes(tag));
  runtime.image_tags = pulled;
  runtime.build_result = `${pulled.length} tags of ${repository} were pulled`;
  delete runtime.image_tags_before;
  return pulled;
}

/** The tags to take down; those of a pull that was cut off are what has come since it began. */
async function ownTags(engine: Engine, { instance }: NodeOperationContext, image: string): Promise<string[]> {
  const { image_tags: tags, image_tags_before: before } = instance.runtimeProperties;
  if (Array.isArray(tags)) return tags.map(String);
  if (!Array.isArray(before)) return [image];
  return (await tagsOf(engine, imageReference(image).repository)).filter((tag) => !before.includes(tag));
}

async function tagsOf(engine: Engine, repository: string): Promise<string[]> {
  const images = await engine.ask('the images cannot be listed', async () =>
    engine.docker.listImages({ filters: { reference: [repository] } }),
  );
  return images.flatMap(({ RepoTags }) => RepoTags ?? []);
}

async function existing(engine: Engine, name: string): Promise<Docker.ImageInspectInfo> {
  const found = await findImage(engine, name);
  if (!found) throw new NonRecoverableError(`image ${name} is not on the engine at ${engine.where}`);
  return found;
}

function record(ctx: NodeOperationContext, name: string, { Id, RepoDigests }: Docker.ImageInspectInfo): void {
  const runtime = ctx.instance.runtimeProperties;
  runtime.image = name;
  runtime.image_id = Id;
  const digest = RepoDigests?.[0];
  if (digest !== undefined) runtime.image_digest = digest;
}

function nameOf(ctx: NodeOperationContext, config: JsonObject): string {
  const name = textOf(ctx.node.properties.resource_id) ?? textOf(config.tag);
  if (name !== undefined) return name;
  throw new NonRecoverableError(`${ctx.node.name}: resource_config.tag must name the image`);
}
