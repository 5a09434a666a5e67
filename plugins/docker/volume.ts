/** Operations of `cloudify.nodes.docker.volume`. */
import type Docker from 'dockerode';
import type { JsonObject } from '../../blueprint/json.js';
import type { NodeOperationContext, OperationContext } from '../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { isTrue, objectOf, textOf } from '../values.js';
import { messageOf, statusOf } from './engine/failure.js';
import { type Engine, withEngine } from './engine/open.js';
import { forget, isExternal, isOurs, markCreation, mayHaveMade, ownLabels } from './ownership.js';

const RECORDED = ['volume_name', 'mountpoint'];

export async function createVolume(context: OperationContext): Promise<void> {
  await withEngine(context, async (engine, ctx) => {
    const config = objectOf(ctx.node.properties.resource_config);
    const name = nameOf(ctx, config);
    const volume = isExternal(ctx) ? await find(engine, name) : await ensureVolume(engine, ctx, name, config);
    if (!volume)
      throw new NonRecoverableError(`${ctx.node.name}: there is no volume ${name} on the engine at ${engine.where}`);
    ctx.instance.runtimeProperties.volume_name = volume.Name;
    ctx.instance.runtimeProperties.mountpoint = volume.Mountpoint;
  });
}

/** Removes the volume with what is in it, unless `keep_volume` is set. */
export async function deleteVolume(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const config = objectOf(ctx.node.properties.resource_config);
  const { volume_name: recorded } = ctx.instance.runtimeProperties;
  const keep = isTrue(config.keep_volume);
  if (keep) ctx.logger.info(`Volume ${recorded} is kept`);
  else if (!isExternal(ctx) && (recorded !== undefined || mayHaveMade(ctx)))
    await withEngine(context, async (engine) => {
      const name = typeof recorded === 'string' ? recorded : nameOf(ctx, config);
      const volume = await find(engine, name);
      if (!volume || !isOurs(ctx, volume.Labels)) return;
      await engine.askUnless([404], `volume ${name} cannot be removed`, async () => {
        try {
          await engine.docker.getVolume(name).remove({ abortSignal: engine.signal });
        } catch (error) {
          if (statusOf(error) === 409) throw new RecoverableError(`volume ${name} is in use: ${messageOf(error)}`);
          throw error;
        }
      });
    });
  forget(ctx, RECORDED);
}

/** The engine takes a second creation for the first, whoever made that: whose it is must be looked at. */
async function ensureVolume(
  engine: Engine,
  ctx: NodeOperationContext,
  name: string,
  config: JsonObject,
): Promise<Docker.VolumeInspectInfo> {
  const labels = ownLabels(ctx, name);
  const found = await find(engine, name);
  if (!found) {
    await markCreation(ctx, labels);
    await engine.ask(`volume ${name} cannot be created`, async () =>
      engine.docker.createVolume({
        Name: name,
        Driver: textOf(config.driver) ?? 'local',
        DriverOpts: objectOf(config.driver_opts) as Record<string, string>,
        Labels: { ...(objectOf(config.labels) as Record<string, string>), ...labels },
        abortSignal: engine.signal,
      }),
    );
  }
  const volume = found ?? (await find(engine, name));
  if (volume && isOurs(ctx, volume.Labels)) return volume;
  throw new NonRecoverableError(
    `volume ${name} cannot be created: the engine at ${engine.where} has another volume of that name, ` +
      'which is not of this deployment; give the node another name, or use_external_resource',
  );
}

async function find(engine: Engine, name: string): Promise<Docker.VolumeInspectInfo | undefined> {
  return await engine.askUnless([404], `volume ${name} cannot be looked at`, async () =>
    engine.docker.getVolume(name).inspect({ abortSignal: engine.signal }),
  );
}

function nameOf({ deployment, instance, node }: NodeOperationContext, config: JsonObject): string {
  return textOf(node.properties.resource_id) ?? textOf(config.name) ?? `${deployment.id}_${instance.id}`;
}
