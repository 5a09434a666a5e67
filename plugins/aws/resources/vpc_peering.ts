import type { JsonObject } from '../../../blueprint/json.js';
import type { RelationshipOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { apiFor, type Call, flattened } from '../call.js';
import { findAll } from '../find.js';
import { idFrom, relatedTo } from '../infer.js';
import { objectsAt, textAt } from '../json.js';
import { whenFree } from '../lifecycle.js';
import { apiNames } from '../old-family.js';
import { nodeOperation, operationsOf, relationshipOperation } from '../operations.js';
import type { Resource } from '../resource.js';
import { createRoute, deleteRoute } from '../routes.js';

export const vpcPeering: Resource = {
  name: 'vpc_peering',
  title: 'VPC peering connection',
  tagType: 'vpc-peering-connection',
  create: { command: 'CreateVpcPeeringConnection', answer: 'VpcPeeringConnection' },
  describe: {
    command: 'DescribeVpcPeeringConnections',
    by: 'VpcPeeringConnectionIds',
    answer: 'VpcPeeringConnections',
    id: 'VpcPeeringConnectionId',
  },
  remove: { command: 'DeleteVpcPeeringConnection', input: (id) => ({ VpcPeeringConnectionId: id }) },
  states: {
    path: 'Status.Code',
    ready: ['pending-acceptance', 'active'],
    failed: ['failed', 'rejected', 'expired'],
    gone: ['deleted'],
    leaving: ['deleting'],
    reason: 'Status.Message',
  },
  request({ ctx }, config) {
    const [own, peer] = relatedTo(ctx.instance, 'vpc').map((target) => idFrom(target));
    return { ...(own ? { VpcId: own } : {}), ...(peer ? { PeerVpcId: peer } : {}), ...config };
  },
};

export const vpcPeeringOperations = {
  ...operationsOf(vpcPeering, { modify }),
  'ec2.vpc_peering.accept': nodeOperation(vpcPeering, async (call) => await answer(call, 'Accept')),
  'ec2.vpc_peering.reject': nodeOperation(vpcPeering, async (call) => await answer(call, 'Reject')),
  'ec2.vpc_peering.connect': relationshipOperation(connect),
  'ec2.vpc_peering.accept_connected': relationshipOperation(acceptConnected),
  'ec2.vpc_peering.disconnect': relationshipOperation(disconnect),
};

/** Options of the connection, when the node has any. */
async function modify({ api, runtime, inputs }: Call): Promise<void> {
  const changes = flattened(inputs.resource_config);
  const id = textAt(runtime, 'aws_resource_id');
  if (id === undefined || Object.keys(changes).length === 0) return;
  await api.send('ModifyVpcPeeringConnectionOptions', { VpcPeeringConnectionId: id, ...changes });
}

/** The node on the other side: it accepts or rejects the connection it is related to. */
async function answer(call: Call, verb: 'Accept' | 'Reject'): Promise<void> {
  const { ctx, api, config, runtime, properties } = call;
  const [related] = relatedTo(ctx.instance, 'vpc_peering');
  const id =
    textAt(config, 'VpcPeeringConnectionId') ?? (related && idFrom(related)) ?? textAt(properties, 'resource_id');
  if (id === undefined) throw new NonRecoverableError(`${ctx.instance.id} is related to no VPC peering connection`);
  const [present] = await findAll(call, { VpcPeeringConnectionIds: [id] });
  if (textAt(present, 'Status.Code') !== (verb === 'Accept' ? 'active' : 'rejected'))
    await api.send(`${verb}VpcPeeringConnection`, { VpcPeeringConnectionId: id });
  runtime.aws_resource_id = id;
}

/** The old family: the route table of one VPC is related to another VPC. */
async function connect(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = ctx;
  const properties = source.instance.runtimeProperties;
  const [own] = relatedTo(source.instance, 'vpc').filter(({ instance }) => instance.id !== target.instance.id);
  const table = idFrom(source);
  const VpcId = own && idFrom(own);
  const PeerVpcId = idFrom(target);
  if (table === undefined || VpcId === undefined || PeerVpcId === undefined) return;
  const api = apiFor(ctx, source);
  const id = textAt(properties, 'vpc_peering_connection_id') ?? (await openPeering());
  properties.vpc_peering_connection_id = id;
  await source.instance.update();
  const routes = objectsAt(inputs.routes, '').map(
    (route): JsonObject => ({
      ...apiNames(route),
      RouteTableId: table,
      VpcPeeringConnectionId: id,
    }),
  );
  for (const route of routes) await createRoute(ctx, api, route);
  properties.peering_routes = routes;

  async function openPeering(): Promise<string> {
    const filter = (Name: string, value: string) => ({ Name, Values: [value] });
    const between = [
      filter('requester-vpc-info.vpc-id', VpcId as string),
      filter('accepter-vpc-info.vpc-id', PeerVpcId as string),
    ];
    const present = objectsAt(
      await api.send('DescribeVpcPeeringConnections', { Filters: between }),
      'VpcPeeringConnections',
    ).find((one) => ['pending-acceptance', 'active', 'provisioning'].includes(String(textAt(one, 'Status.Code'))));
    if (present) return String(present.VpcPeeringConnectionId);
    const account = textAt(inputs, 'target_account_id');
    const request = {
      VpcId: VpcId as string,
      PeerVpcId: PeerVpcId as string,
      ...(account ? { PeerOwnerId: account } : {}),
    };
    const made = await api.send('CreateVpcPeeringConnection', request);
    return textAt(made, 'VpcPeeringConnection.VpcPeeringConnectionId') as string;
  }
}

async function acceptConnected(ctx: RelationshipOperationContext): Promise<void> {
  const id = textAt(ctx.source.instance.runtimeProperties, 'vpc_peering_connection_id');
  if (id === undefined) return;
  const api = apiFor(ctx, ctx.source);
  const found = await api.send('DescribeVpcPeeringConnections', { VpcPeeringConnectionIds: [id] });
  if (textAt(found, 'VpcPeeringConnections.Status.Code') !== 'active')
    await api.send('AcceptVpcPeeringConnection', { VpcPeeringConnectionId: id });
}

async function disconnect(ctx: RelationshipOperationContext): Promise<void> {
  const properties = ctx.source.instance.runtimeProperties;
  const id = textAt(properties, 'vpc_peering_connection_id');
  if (id === undefined) return;
  const api = apiFor(ctx, ctx.source);
  for (const route of objectsAt(properties, 'peering_routes')) await deleteRoute(ctx, api, route);
  await whenFree({ ctx }, `delete ${id}`, async () => {
    await api.send('DeleteVpcPeeringConnection', { VpcPeeringConnectionId: id });
  });
  delete properties.vpc_peering_connection_id;
  delete properties.peering_routes;
}
