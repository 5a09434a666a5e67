import type { ImageBuildOptions } from 'dockerode';
import type { JsonObject } from '../../../blueprint/json.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import { isTrue, objectOf, textOf } from '../../values.js';
import type { Engine } from '../engine/open.js';
import { type Labels, ownLabels } from '../ownership.js';
import { buildContext } from './context.js';
import { follow } from './progress.js';
import { loginsByRegistry } from './registry.js';

/** What is kept of a build's log, from its end. */
const MOST_LOG = 64 * 1024;

/**
 * Builds an image. The engine's cache makes a second run of the same build cheap, and it gives the same image.
 *
 * @returns the build's log
 * @throws NonRecoverableError when a step fails
 */
export async function buildImage(
  engine: Engine,
  ctx: NodeOperationContext,
  tag: string,
  config: JsonObject,
): Promise<string> {
  const { archive, dockerfile } = await buildContext(ctx, config);
  const what = `image ${tag} cannot be built`;
  const logins = loginsByRegistry(ctx) as ImageBuildOptions['registryconfig'];
  ctx.logger.info(`Building ${tag}`);
  const stream = await engine.ask(what, async () =>
    engine.docker.buildImage(archive as unknown as NodeJS.ReadableStream, {
      t: tag,
      dockerfile,
      rm: true,
      forcerm: true,
      labels: { ...(objectOf(config.labels) as Labels), ...ownLabels(ctx, tag) },
      ...(config.build_args === undefined ? {} : { buildargs: asTexts(objectOf(config.build_args)) }),
      ...(textOf(config.target) === undefined ? {} : { target: textOf(config.target) as string }),
      ...(textOf(config.network_mode) === undefined ? {} : { networkmode: textOf(config.network_mode) as string }),
      ...(textOf(config.platform) === undefined ? {} : { platform: textOf(config.platform) as string }),
      ...(isTrue(config.no_cache) ? { nocache: true } : {}),
      ...(isTrue(config.pull) ? { pull: true } : {}),
      ...(logins && Object.keys(logins).length > 0 ? { registryconfig: logins } : {}),
      abortSignal: engine.signal,
    }),
  );
  let log = '';
  await follow(engine, what, stream, (line) => {
    ctx.heartbeat();
    const text = line.stream ?? '';
    log = (log + text).slice(-MOST_LOG);
    if (text.trim() !== '') ctx.logger.debug(text.trimEnd());
  }).catch((error: Error) => {
    if (log !== '') ctx.logger.error(log.trimEnd());
    throw error;
  });
  return log;
}

function asTexts(values: JsonObject): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}
