/** Nodes that are tags of other nodes' resources. */
import type { JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { type Call, isExternal } from '../call.js';
import { idFrom } from '../infer.js';
import { objectsAt, textAt, valuesAt } from '../json.js';
import { clear, noteConfig, whenFree } from '../lifecycle.js';
import { NODE_TYPES } from '../node-types.js';
import { nodeOperation, type Operations } from '../operations.js';
import type { Resource } from '../resource.js';

const tags: Resource = {
  name: 'tags',
  title: 'tags',
  create: { command: 'CreateTags', answer: '' },
  describe: { command: 'DescribeTags', by: 'Filters', answer: 'Tags', id: 'ResourceId' },
  remove: { command: 'DeleteTags', input: () => ({}) },
};

export const tagOperations: Operations = {
  'ec2.tags.prepare': nodeOperation(tags, noteConfig),
  'ec2.tags.create': nodeOperation(tags, create),
  'ec2.tags.delete': nodeOperation(tags, remove),
};

async function create(call: Call): Promise<void> {
  const { ctx, api, runtime, config } = call;
  const request: JsonObject = { Resources: resourcesOf(call), Tags: objectsAt(config, 'Tags') };
  if (valuesAt(request, 'Resources').length === 0)
    throw new NonRecoverableError(`the tags ${ctx.instance.id} depend on no resource and name none in Resources`);
  runtime.resource_config = request;
  await ctx.instance.update();
  await api.send('CreateTags', request);
}

/** Only with the values that we gave: a tag that was changed since is somebody else's. */
async function remove(call: Call): Promise<void> {
  const { ctx, api, runtime } = call;
  const sent = JSON.parse(JSON.stringify(runtime.resource_config ?? {})) as JsonObject;
  if (valuesAt(sent, 'Resources').length > 0)
    await whenFree({ ctx }, 'delete the tags', async () => void (await api.send('DeleteTags', sent)));
  clear(call);
}

function resourcesOf({ ctx, config }: Call): string[] {
  const given = valuesAt(config, 'Resources').map(String);
  if (given.length > 0) return given;
  return ctx.instance.relationships.flatMap(({ target }) => {
    if (isExternal(target)) {
      ctx.logger.warn('%s existed before and is not tagged', target.instance.id);
      return [];
    }
    // Addresses are tagged by their allocation, key pairs by their key pair id.
    const isAddress = NODE_TYPES.elasticip.some((type) => target.node.isA(type));
    const id =
      (isAddress ? textAt(target.instance.runtimeProperties, 'allocation_id') : undefined) ??
      textAt(target.instance.runtimeProperties, 'create_response.KeyPairId') ??
      idFrom(target);
    return id ?? [];
  });
}
