/** Operations of the types that only look: `cloudify.nodes.docker.images`, `.containers`, `.host_details`. */
import type { Json } from '../../blueprint/json.js';
import type { OperationContext } from '../sdk/context.js';
import { withEngine } from './engine/open.js';

export async function listImages(context: OperationContext): Promise<void> {
  await withEngine(context, async ({ docker, ask }, { instance }) => {
    const images = await ask('the images cannot be listed', async () => docker.listImages());
    instance.runtimeProperties.images = asJson(images);
  });
}

export async function listContainers(context: OperationContext): Promise<void> {
  await withEngine(context, async ({ docker, ask }, { instance }) => {
    const containers = asJson(
      await ask('the containers cannot be listed', async () => docker.listContainers({ all: true })),
    );
    instance.runtimeProperties.containers = containers;
    // The name that existing blueprints read.
    instance.runtimeProperties.contianers = containers;
  });
}

export async function listHostDetails(context: OperationContext): Promise<void> {
  await withEngine(context, async ({ docker, ask }, { instance }) => {
    const [info, version] = await ask('the engine cannot be asked about itself', async () =>
      Promise.all([docker.info() as Promise<object>, docker.version()]),
    );
    instance.runtimeProperties.host_details = asJson({ ...info, version });
  });
}

function asJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
