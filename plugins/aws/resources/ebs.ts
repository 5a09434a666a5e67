import type { JsonObject } from '../../../blueprint/json.js';
import type { RelationshipOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { attachVolume, detachVolume } from '../attachment.js';
import { apiFor, type Call, flattened, isExternal } from '../call.js';
import { idFrom, relatedTo } from '../infer.js';
import { textAt, valuesAt } from '../json.js';
import { clear } from '../lifecycle.js';
import { nodeOperation, type Operations, operationsOf, relationshipOperation } from '../operations.js';
import type { Resource } from '../resource.js';
import { inAvailableZone } from './subnet.js';

export const ebs: Resource = {
  name: 'ebs',
  title: 'volume',
  tagType: 'volume',
  create: { command: 'CreateVolume', answer: (answer) => [answer] },
  describe: { command: 'DescribeVolumes', by: 'VolumeIds', answer: 'Volumes', id: 'VolumeId' },
  remove: { command: 'DeleteVolume', input: (VolumeId) => ({ VolumeId }) },
  states: {
    path: 'State',
    ready: ['available', 'in-use'],
    failed: ['error'],
    gone: ['deleted'],
    leaving: ['deleting'],
  },
  request: async (call, config) =>
    call.properties.use_available_zones === true ? await inAvailableZone(call, config) : config,
  facts: (_, found) => ({ ebs_create: found }),
};

const attachment: Resource = {
  ...ebs,
  name: 'ebs_attachment',
  title: 'volume attachment',
  create: { command: 'AttachVolume', answer: '' },
};

export const ebsOperations: Operations = {
  ...operationsOf(ebs, { start: async () => {}, create_snapshot: createSnapshot }),
  'ec2.ebs.attach': nodeOperation(attachment, attach),
  'ec2.ebs.detach': nodeOperation(attachment, detach),
  'ec2.ebs.associate': relationshipOperation(associate),
  'ec2.ebs.disassociate': relationshipOperation(disassociate),
};

async function attach(call: Call): Promise<void> {
  const { ctx, api, runtime, external, force } = call;
  if (external && !force) return;
  const request = attachmentRequest(call);
  runtime.resource_config = request;
  runtime.aws_resource_id = request.VolumeId;
  await ctx.instance.update();
  runtime.ebs_attach = await attachVolume(ctx, api, request);
  ctx.logger.info('%s is attached to %s as %s', request.VolumeId, request.InstanceId, request.Device);
}

async function detach(call: Call): Promise<void> {
  const { ctx, api, runtime, external, force } = call;
  if (external && !force) return clear(call);
  const VolumeId = textAt(runtime, 'aws_resource_id');
  const InstanceId = textAt(runtime, 'ebs_attach.InstanceId') ?? textAt(runtime, 'resource_config.InstanceId');
  if (VolumeId !== undefined && InstanceId !== undefined) await detachVolume(ctx, api, { VolumeId, InstanceId });
  else ctx.logger.info('no volume was attached: nothing to detach');
  clear(call);
}

function attachmentRequest({ ctx, config }: Call) {
  const [volume] = relatedTo(ctx.instance, 'ebs');
  const [instance] = relatedTo(ctx.instance, 'instances');
  const request = {
    Device: textAt(config, 'Device') ?? textAt(config, 'device') ?? textAt(volume?.node.properties, 'device_name'),
    VolumeId: textAt(config, 'VolumeId') ?? (volume && idFrom(volume)),
    InstanceId: textAt(config, 'InstanceId') ?? (instance && idFrom(instance)),
  };
  for (const [name, value] of Object.entries(request))
    if (value === undefined) throw new NonRecoverableError(`the attachment ${ctx.instance.id} has no ${name}`);
  return request as { Device: string; VolumeId: string; InstanceId: string };
}

/** A volume's relationship to its instance, in both families. */
async function associate(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = ctx;
  const VolumeId = idFrom(source);
  const InstanceId = idFrom(target);
  if (VolumeId === undefined || InstanceId === undefined)
    throw new NonRecoverableError(`${source.instance.id} or ${target.instance.id} was not created`);
  if (isExternal(source) && isExternal(target) && inputs.force !== true && inputs.force_operation !== true)
    return ctx.logger.info('%s and %s existed before and are left as they are', VolumeId, InstanceId);
  const given = { ...flattened(inputs.resource_config), ...flattened(inputs.args) };
  const Device = textAt(given, 'Device') ?? textAt(given, 'device') ?? deviceOf(source.node.properties);
  if (Device === undefined)
    throw new NonRecoverableError(`${source.instance.id} does not say as which device to attach it`);
  const answer = await attachVolume(ctx, apiFor(ctx, source), { Device, VolumeId, InstanceId });
  source.instance.runtimeProperties.ebs_attach = answer;
  source.instance.runtimeProperties.instance_id = InstanceId;
}

async function disassociate(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = ctx;
  const VolumeId = idFrom(source);
  const InstanceId = idFrom(target);
  if (VolumeId === undefined || InstanceId === undefined) return;
  if (isExternal(source) && isExternal(target) && inputs.force !== true && inputs.force_operation !== true) return;
  await detachVolume(ctx, apiFor(ctx, source), { VolumeId, InstanceId }, inputs.force === true ? { Force: true } : {});
  delete source.instance.runtimeProperties.ebs_attach;
  delete source.instance.runtimeProperties.instance_id;
}

function deviceOf(properties: JsonObject): string | undefined {
  return textAt(properties, 'device_name') ?? textAt(properties, 'device');
}

async function createSnapshot(call: Call): Promise<void> {
  const { api, runtime, ctx } = call;
  const VolumeId = textAt(runtime, 'aws_resource_id');
  if (VolumeId === undefined) throw new NonRecoverableError(`${ctx.instance.id} has no volume to take a snapshot of`);
  const { SnapshotId } = await api.send('CreateSnapshot', { VolumeId, ...flattened(call.inputs.args) });
  runtime.snapshots_ids = [...valuesAt(runtime, 'snapshots_ids'), String(SnapshotId)];
}
