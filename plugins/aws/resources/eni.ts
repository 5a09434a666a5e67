/** Network interfaces. One that is there before its instance is attached by the call that starts the instance. */
import type { JsonObject } from '../../../blueprint/json.js';
import type { OperationContext, RelationshipOperationContext } from '../../sdk/context.js';
import type { Api } from '../api.js';
import { ApiError } from '../api-error.js';
import { apiFor, type Call, flattened, isExternal } from '../call.js';
import { idFrom, relatedTo } from '../infer.js';
import { objectsAt, textAt, valuesAt } from '../json.js';
import { whenFree } from '../lifecycle.js';
import { modifyAttributes } from '../modify.js';
import { operationsOf, relationshipOperation } from '../operations.js';
import type { Resource } from '../resource.js';
import { waitFor } from '../wait.js';

const NOT_OF_CREATION = ['DeviceIndex', 'InstanceId', 'device_index'];

export const eni: Resource = {
  name: 'eni',
  title: 'network interface',
  tagType: 'network-interface',
  create: { command: 'CreateNetworkInterface', answer: 'NetworkInterface' },
  describe: {
    command: 'DescribeNetworkInterfaces',
    by: 'NetworkInterfaceIds',
    answer: 'NetworkInterfaces',
    id: 'NetworkInterfaceId',
  },
  remove: { command: 'DeleteNetworkInterface', input: (NetworkInterfaceId) => ({ NetworkInterfaceId }) },
  states: { path: 'Status', ready: ['available', 'in-use'] },
  infers: [
    { parameter: 'SubnetId', from: ['subnet'] },
    { parameter: 'Groups', from: ['securitygroup'], all: true },
  ],
  request: (_, config) => Object.fromEntries(Object.entries(config).filter(([key]) => !NOT_OF_CREATION.includes(key))),
  facts: ({ config }) => {
    const index = config.DeviceIndex ?? config.device_index;
    return index === undefined ? {} : { device_index: index };
  },
  complete: async (call, id) => await modify(call, id),
};

const modify = modifyAttributes(
  'ModifyNetworkInterfaceAttribute',
  'NetworkInterfaceId',
  'modify_network_interface_attribute_args',
);

export const interfaceOperations = {
  ...operationsOf(eni, { attach, detach, modify_network_interface_attribute: (call) => modify(call) }),
  'ec2.eni.associate': relationshipOperation(associate),
  'ec2.eni.disassociate': relationshipOperation(disassociate),
};

async function attach(call: Call): Promise<void> {
  const { ctx, api, runtime, config } = call;
  const id = textAt(runtime, 'aws_resource_id');
  const [related] = relatedTo(ctx.instance, 'instances');
  const InstanceId = textAt(config, 'InstanceId') ?? (related && idFrom(related));
  if (id === undefined || InstanceId === undefined) return;
  const { attachment, index } = await attached(ctx, api, id, InstanceId, config.DeviceIndex ?? config.device_index);
  runtime.attachment_id = attachment;
  runtime.device_index = index;
}

async function detach(call: Call): Promise<void> {
  const { ctx, api, runtime, external, force } = call;
  const id = textAt(runtime, 'aws_resource_id');
  // Of one that existed before only the attachment is ours, if there is one.
  if (id === undefined || (external && !force && runtime.attachment_id === undefined)) return;
  await detached(ctx, api, id);
  delete runtime.attachment_id;
}

async function associate(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = ctx;
  const id = idFrom(source);
  const instance = idFrom(target);
  if (id === undefined || instance === undefined || isExternal(source)) return;
  const given = flattened(inputs.args);
  const { attachment, index } = await attached(
    ctx,
    apiFor(ctx, source),
    id,
    instance,
    given.device_index ?? given.DeviceIndex,
  );
  source.instance.runtimeProperties.attachment_id = attachment;
  source.instance.runtimeProperties.device_index = index;
  source.instance.runtimeProperties.instance_id = instance;
}

async function disassociate(ctx: RelationshipOperationContext): Promise<void> {
  const { source } = ctx;
  const id = idFrom(source);
  if (id === undefined || isExternal(source)) return;
  await detached(ctx, apiFor(ctx, source), id);
  delete source.instance.runtimeProperties.attachment_id;
  delete source.instance.runtimeProperties.instance_id;
}

async function attached(ctx: OperationContext, api: Api, id: string, InstanceId: string, wanted: unknown) {
  const present = await attachmentOf(api, id);
  if (present?.InstanceId !== InstanceId) {
    const DeviceIndex = wanted === undefined ? await freeIndex(api, InstanceId) : Number(wanted);
    await api.send('AttachNetworkInterface', { NetworkInterfaceId: id, InstanceId, DeviceIndex });
  }
  return await waitFor(ctx, `${id} to be attached to ${InstanceId}`, async () => {
    const found = await attachmentOf(api, id);
    if (found?.InstanceId !== InstanceId || found.Status === 'attaching') return undefined;
    return { attachment: String(found.AttachmentId), index: Number(found.DeviceIndex) };
  });
}

/** The first interface of an instance goes with the instance, and so does any of an instance that has ended. */
async function detached(ctx: OperationContext, api: Api, id: string): Promise<void> {
  const present = await attachmentOf(api, id);
  if (!present || Number(present.DeviceIndex) === 0 || (await hasEnded(api, textAt(present, 'InstanceId'))))
    return ctx.logger.info('%s is not there to be detached', id);
  const AttachmentId = String(present.AttachmentId);
  await whenFree({ ctx }, `detach ${id}`, async () => {
    await api.send('DetachNetworkInterface', { AttachmentId });
  });
  await waitFor(ctx, `${id} to be detached`, async () => ((await attachmentOf(api, id)) ? undefined : true));
}

async function freeIndex(api: Api, InstanceId: string): Promise<number> {
  const answer = await api.send('DescribeInstances', { InstanceIds: [InstanceId] });
  const taken = valuesAt(answer, 'Reservations.Instances.NetworkInterfaces.Attachment.DeviceIndex').map(Number);
  let index = 1;
  while (taken.includes(index)) index += 1;
  return index;
}

async function attachmentOf(api: Api, id: string): Promise<JsonObject | undefined> {
  try {
    const answer = await api.send('DescribeNetworkInterfaces', { NetworkInterfaceIds: [id] });
    return objectsAt(answer, 'NetworkInterfaces.Attachment').find(({ Status }) => Status !== 'detached');
  } catch (error) {
    if (error instanceof ApiError && error.gone) return undefined;
    throw error;
  }
}

async function hasEnded(api: Api, id: string | undefined): Promise<boolean> {
  if (id === undefined) return true;
  try {
    const [state] = valuesAt(
      await api.send('DescribeInstances', { InstanceIds: [id] }),
      'Reservations.Instances.State.Name',
    );
    return state === undefined || state === 'terminated' || state === 'shutting-down';
  } catch (error) {
    if (error instanceof ApiError && error.gone) return true;
    throw error;
  }
}
