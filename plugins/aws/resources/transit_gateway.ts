import type { JsonObject } from '../../../blueprint/json.js';
import type { RelationshipOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { ApiError } from '../api-error.js';
import { apiFor, type Call } from '../call.js';
import { idFrom, relatedTo, withInferred } from '../infer.js';
import { objectsAt, textAt, valuesAt, withoutEmpty } from '../json.js';
import { clear, noteConfig, whenFree } from '../lifecycle.js';
import { nodeOperation, operationsOf, relationshipOperation } from '../operations.js';
import type { Resource } from '../resource.js';
import { waitFor } from '../wait.js';

export const transitGateway: Resource = {
  name: 'transit_gateway',
  title: 'transit gateway',
  tagType: 'transit-gateway',
  create: { command: 'CreateTransitGateway', answer: 'TransitGateway' },
  describe: {
    command: 'DescribeTransitGateways',
    by: 'TransitGatewayIds',
    answer: 'TransitGateways',
    id: 'TransitGatewayId',
  },
  remove: { command: 'DeleteTransitGateway', input: (TransitGatewayId) => ({ TransitGatewayId }) },
  states: { path: 'State', ready: ['available', 'modifying'], gone: ['deleted'], leaving: ['deleting'] },
  slow: true,
};

const routeTable: Resource = {
  name: 'transit_gateway_routetable',
  title: 'transit gateway route table',
  tagType: 'transit-gateway-route-table',
  create: { command: 'CreateTransitGatewayRouteTable', answer: 'TransitGatewayRouteTable' },
  describe: {
    command: 'DescribeTransitGatewayRouteTables',
    by: 'TransitGatewayRouteTableIds',
    answer: 'TransitGatewayRouteTables',
    id: 'TransitGatewayRouteTableId',
  },
  remove: { command: 'DeleteTransitGatewayRouteTable', input: (id) => ({ TransitGatewayRouteTableId: id }) },
  states: { path: 'State', ready: ['available'], gone: ['deleted'], leaving: ['deleting'] },
  slow: true,
  infers: [{ parameter: 'TransitGatewayId', from: ['transit_gateway'] }],
  request: (_, { TransitGatewayAttachmentId: __, ...config }) => config,
};

const route: Resource = { ...routeTable, name: 'transit_gateway_route', title: 'transit gateway route' };

export const transitGatewayOperations = {
  ...operationsOf(transitGateway),
  ...operationsOf(routeTable, { attach, detach }),
  'ec2.transit_gateway.request_vpc_attachment': relationshipOperation(attachVpc),
  'ec2.transit_gateway.delete_vpc_attachment': relationshipOperation(detachVpc),
  'ec2.transit_gateway_route.prepare': nodeOperation(route, noteConfig),
  'ec2.transit_gateway_route.create': nodeOperation(route, createRoute),
  'ec2.transit_gateway_route.delete': nodeOperation(route, deleteRoute),
};

/** Associates the table with the attachments that the configuration names. */
async function attach({ api, runtime, config }: Call): Promise<void> {
  const id = textAt(runtime, 'aws_resource_id');
  const attachment = textAt(config, 'TransitGatewayAttachmentId');
  if (id === undefined || attachment === undefined) return;
  try {
    await api.send('AssociateTransitGatewayRouteTable', {
      TransitGatewayRouteTableId: id,
      TransitGatewayAttachmentId: attachment,
    });
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'Resource.AlreadyAssociated') throw error;
  }
  runtime.TransitGatewayAttachmentId = attachment;
}

async function detach({ ctx, api, runtime }: Call): Promise<void> {
  const id = textAt(runtime, 'aws_resource_id');
  const attachment = textAt(runtime, 'TransitGatewayAttachmentId');
  if (id === undefined || attachment === undefined) return;
  await whenFree({ ctx }, `disassociate ${attachment}`, async () => {
    await api.send('DisassociateTransitGatewayRouteTable', {
      TransitGatewayRouteTableId: id,
      TransitGatewayAttachmentId: attachment,
    });
  });
  delete runtime.TransitGatewayAttachmentId;
}

async function createRoute({ ctx, api, runtime, config }: Call): Promise<void> {
  const request = withInferred(ctx.instance, config, [
    { parameter: 'TransitGatewayRouteTableId', from: ['transit_gateway_routetable'] },
  ]);
  const id = textAt(request, 'TransitGatewayRouteTableId');
  if (id === undefined)
    throw new NonRecoverableError(`${ctx.instance.id} is related to no transit gateway route table`);
  Object.assign(runtime, { resource_config: request, aws_resource_id: id });
  await ctx.instance.update();
  try {
    await api.send('CreateTransitGatewayRoute', request);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'RouteAlreadyExists') throw error;
  }
}

async function deleteRoute(call: Call): Promise<void> {
  const { ctx, api, runtime } = call;
  const id = textAt(runtime, 'aws_resource_id');
  const DestinationCidrBlock = textAt(runtime, 'resource_config.DestinationCidrBlock');
  if (id !== undefined && DestinationCidrBlock !== undefined)
    await whenFree({ ctx }, 'delete the route', async () => {
      await api.send('DeleteTransitGatewayRoute', { TransitGatewayRouteTableId: id, DestinationCidrBlock });
    });
  clear(call);
}

/** A transit gateway is related to a subnet: its VPC is attached there. */
async function attachVpc(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = ctx;
  const TransitGatewayId = textAt(inputs, 'transit_gateway_id') ?? idFrom(source);
  const subnets = valuesAt(inputs, 'SubnetIds').map(String);
  const subnet = idFrom(target);
  const [parent] = relatedTo(target.instance, 'vpc');
  const VpcId =
    textAt(inputs, 'vpc_id') ??
    textAt(target.instance.runtimeProperties, 'create_response.VpcId') ??
    (parent && idFrom(parent));
  if (TransitGatewayId === undefined || VpcId === undefined)
    throw new NonRecoverableError('there is no transit gateway, or no VPC to attach to it');
  const api = apiFor(ctx, source);
  const between = [
    { Name: 'transit-gateway-id', Values: [TransitGatewayId] },
    { Name: 'vpc-id', Values: [VpcId] },
    { Name: 'state', Values: ['pending', 'available', 'initiating'] },
  ];
  const present = objectsAt(
    await api.send('DescribeTransitGatewayVpcAttachments', { Filters: between }),
    'TransitGatewayVpcAttachments',
  )[0];
  const request = { TransitGatewayId, VpcId, SubnetIds: subnets.length > 0 ? subnets : [subnet ?? ''] };
  const more = withoutEmpty({ Options: inputs.Options ?? null, TagSpecifications: inputs.TagSpecifications ?? null });
  const made =
    present ??
    objectsAt(
      await api.send('CreateTransitGatewayVpcAttachment', { ...request, ...more }),
      'TransitGatewayVpcAttachment',
    )[0];
  const attachments = JSON.parse(
    JSON.stringify(source.instance.runtimeProperties.TransitGatewayVpcAttachments ?? {}),
  ) as JsonObject;
  source.instance.runtimeProperties.TransitGatewayVpcAttachments = {
    ...attachments,
    [subnet ?? VpcId]: { TransitGatewayVpcAttachment: made ?? null },
  };
  await source.instance.update();
  await waitFor(
    ctx,
    'the attachment to be available',
    async () => ((await stateOf(api, made)) === 'available' ? true : undefined),
    { slow: true },
  );
}

async function detachVpc(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = ctx;
  const path = `TransitGatewayVpcAttachments.${idFrom(target)}.TransitGatewayVpcAttachment`;
  const [noted] = objectsAt(source.instance.runtimeProperties, path);
  const id = textAt(inputs, 'transit_gateway_attachment_id') ?? textAt(noted, 'TransitGatewayAttachmentId');
  if (id === undefined) return;
  const api = apiFor(ctx, source);
  await whenFree({ ctx }, `delete ${id}`, async () => {
    await api.send('DeleteTransitGatewayVpcAttachment', { TransitGatewayAttachmentId: id });
  });
  const gone = async () =>
    [undefined, 'deleted'].includes(await stateOf(api, { TransitGatewayAttachmentId: id })) ? true : undefined;
  await waitFor(ctx, `${id} to be gone`, gone, { slow: true });
}

async function stateOf(
  api: ReturnType<typeof apiFor>,
  attachment: JsonObject | undefined,
): Promise<string | undefined> {
  const ids = [String(attachment?.TransitGatewayAttachmentId)];
  try {
    const answer = await api.send('DescribeTransitGatewayVpcAttachments', { TransitGatewayAttachmentIds: ids });
    return textAt(answer, 'TransitGatewayVpcAttachments.State');
  } catch (error) {
    if (error instanceof ApiError && error.gone) return undefined;
    throw error;
  }
}
