/** Images: looked up by id or by filters as a rule, made from an instance if the node says so. */
import type { JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import type { Call } from '../call.js';
import { findAll } from '../find.js';
import { textAt, valuesAt } from '../json.js';
import { create, createdId, noteConfig, remove } from '../lifecycle.js';
import { operationsOf } from '../operations.js';
import type { Resource } from '../resource.js';

const LOOKUP = ['Filters', 'Owners', 'ImageIds', 'ExecutableUsers', 'IncludeDeprecated'];

export const image: Resource = {
  name: 'image',
  title: 'image',
  tagType: 'image',
  create: { command: 'CreateImage', answer: (answer) => [answer] },
  describe: { command: 'DescribeImages', by: 'ImageIds', answer: 'Images', id: 'ImageId' },
  remove: { command: 'DeregisterImage', input: (ImageId) => ({ ImageId }) },
  remnants: { of: ownSnapshots, command: 'DeleteSnapshot', input: (SnapshotId) => ({ SnapshotId }) },
  states: {
    path: 'State',
    ready: ['available'],
    failed: ['failed', 'error', 'invalid'],
    gone: ['deregistered'],
    reason: 'StateReason.Message',
  },
  infers: [{ parameter: 'InstanceId', from: ['instances'] }],
  slow: true,
  request: ({ ctx }, config) => ({ Name: `${ctx.deployment.id}-${ctx.instance.id}`, ...config }),
};

export const imageOperations = operationsOf(image, {
  prepare: noteConfig,
  create: async (call) => await (call.external ? lookUp(call) : create(call)),
  delete: remove,
});

/** The snapshots that were taken for the image; one that the blueprint gave it is not ours. */
function ownSnapshots({ runtime }: Call, found: JsonObject): string[] {
  const given = valuesAt(runtime, 'resource_config.BlockDeviceMappings.Ebs.SnapshotId');
  return valuesAt(found, 'BlockDeviceMappings.Ebs.SnapshotId')
    .filter((id) => !given.includes(id))
    .map(String);
}

async function lookUp(call: Call): Promise<void> {
  const { ctx, config, properties, runtime } = call;
  if (createdId(call) !== undefined) return;
  const id = textAt(properties, 'resource_id') ?? textAt(config, 'ImageId');
  const asked: JsonObject =
    id === undefined
      ? Object.fromEntries(Object.entries(config).filter(([key]) => LOOKUP.includes(key)))
      : { ImageIds: [id] };
  if (Object.keys(asked).length === 0)
    throw new NonRecoverableError(
      `the image ${ctx.instance.id} says neither by resource_id nor by Filters which it is`,
    );
  const found = (await findAll(call, asked)).filter(({ State = 'available' }) => State === 'available');
  // The newest: the API lists them in no order, and "the first" would be another one each time.
  const [newest] = found.sort((a, b) => String(b.CreationDate ?? '').localeCompare(String(a.CreationDate ?? '')));
  if (!newest)
    throw new NonRecoverableError(`there is no image that fits ${ctx.instance.id}: ${JSON.stringify(asked)}`);
  Object.assign(runtime, { aws_resource_id: newest.ImageId, create_response: newest });
  ctx.logger.info(
    'image %s (%s) is used, of %d that fit',
    newest.ImageId,
    valuesAt(newest, 'Name')[0] ?? '',
    found.length,
  );
}
