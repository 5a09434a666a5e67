import { isObject, type JsonObject } from '../../../blueprint/json.js';
import type { OperationContext, RelationshipOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import type { Api } from '../api.js';
import { ApiError } from '../api-error.js';
import { apiFor, type Call, isExternal } from '../call.js';
import { idFrom, relatedTo } from '../infer.js';
import { objectsAt, textAt, valuesAt } from '../json.js';
import { whenFree } from '../lifecycle.js';
import { apiNames } from '../old-family.js';
import { operationsOf, relationshipOperation } from '../operations.js';
import type { Resource } from '../resource.js';
import { createRoute, deleteRoute } from '../routes.js';

export const routetable: Resource = {
  name: 'routetable',
  title: 'route table',
  tagType: 'route-table',
  create: { command: 'CreateRouteTable', answer: 'RouteTable' },
  describe: { command: 'DescribeRouteTables', by: 'RouteTableIds', answer: 'RouteTables', id: 'RouteTableId' },
  remove: { command: 'DeleteRouteTable', input: (RouteTableId) => ({ RouteTableId }) },
  infers: [{ parameter: 'VpcId', from: ['vpc'] }],
  request: (_, { SubnetId: __, ...config }) => config,
  async complete({ api, inputs, ctx }, id) {
    for (const route of objectsAt(inputs.routes, ''))
      await createRoute(ctx, api, { ...apiNames(route), RouteTableId: id });
  },
};

export const routeTableOperations = {
  ...operationsOf(routetable, { attach, detach }),
  'ec2.routetable.associate': relationshipOperation(associate),
  'ec2.routetable.disassociate': relationshipOperation(disassociate),
  'ec2.routetable.route_to_gateway': relationshipOperation(routeToGateway),
  'ec2.routetable.unroute_gateway': relationshipOperation(unrouteGateway),
};

async function attach(call: Call): Promise<void> {
  const { ctx, api, runtime, config } = call;
  const table = textAt(runtime, 'aws_resource_id');
  if (table === undefined) return;
  const related = relatedTo(ctx.instance, 'subnet').flatMap((target) => idFrom(target) ?? []);
  const subnets = new Set([...valuesAt(config, 'SubnetId').map(String), ...related]);
  const ids: string[] = [];
  for (const subnet of subnets) ids.push(await associated(api, table, subnet));
  if (ids.length > 0) runtime.association_ids = ids;
}

/** Every association that is ours: noted, or with a subnet of ours and begun but not noted. */
async function detach(call: Call): Promise<void> {
  const { ctx, api, runtime, external } = call;
  const table = textAt(runtime, 'aws_resource_id');
  if (table === undefined) return;
  const noted = valuesAt(runtime, 'association_ids').map(String);
  const all = external ? noted : [...noted, ...(await associationsOf(api, table)).map(({ id }) => id)];
  for (const id of new Set(all)) await disassociated(ctx, api, id);
  delete runtime.association_ids;
}

async function associate(ctx: RelationshipOperationContext): Promise<void> {
  const { source, target } = ctx;
  const table = idFrom(source);
  const subnet = idFrom(target);
  if (table === undefined || subnet === undefined || isExternal(source)) return;
  source.instance.runtimeProperties.association_id = await associated(apiFor(ctx, source), table, subnet);
}

async function disassociate(ctx: RelationshipOperationContext): Promise<void> {
  const { source, target } = ctx;
  const table = idFrom(source);
  const subnet = idFrom(target);
  if (table === undefined || subnet === undefined || isExternal(source)) return;
  const api = apiFor(ctx, source);
  for (const association of await associationsOf(api, table))
    if (association.subnet === subnet) await disassociated(ctx, api, association.id);
  delete source.instance.runtimeProperties.association_id;
}

async function routeToGateway(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const route = gatewayRoute(ctx, inputs);
  if (!route) return;
  if (route.DestinationCidrBlock === undefined)
    throw new NonRecoverableError(
      `the route of ${ctx.source.instance.id} to ${ctx.target.instance.id} has no destination_cidr_block`,
    );
  await createRoute(ctx, apiFor(ctx, ctx.source), route);
  ctx.source.instance.runtimeProperties.routes = [...otherRoutes(ctx, route), route];
}

async function unrouteGateway(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const route = gatewayRoute(ctx, inputs);
  const noted = objectsAt(ctx.source.instance.runtimeProperties.routes, '').find(
    ({ GatewayId }) => GatewayId === route?.GatewayId,
  );
  const gone = noted ?? route;
  if (!gone || gone.DestinationCidrBlock === undefined) return;
  await deleteRoute(ctx, apiFor(ctx, ctx.source), gone);
  ctx.source.instance.runtimeProperties.routes = otherRoutes(ctx, gone);
}

function gatewayRoute({ source, target }: RelationshipOperationContext, inputs: JsonObject): JsonObject | undefined {
  const RouteTableId = idFrom(source);
  const GatewayId = idFrom(target);
  if (RouteTableId === undefined || GatewayId === undefined) return undefined;
  const destination = textAt(inputs, 'destination_cidr_block') ?? textAt(target.node.properties, 'cidr_block');
  return { RouteTableId, GatewayId, ...(destination === undefined ? {} : { DestinationCidrBlock: destination }) };
}

function otherRoutes({ source }: RelationshipOperationContext, route: JsonObject): JsonObject[] {
  const { routes } = source.instance.runtimeProperties;
  return objectsAt(routes, '').filter(
    ({ DestinationCidrBlock }) => DestinationCidrBlock !== route.DestinationCidrBlock,
  );
}

async function associated(api: Api, RouteTableId: string, SubnetId: string): Promise<string> {
  const present = (await associationsOf(api, RouteTableId)).find(({ subnet }) => subnet === SubnetId);
  if (present) return present.id;
  return String((await api.send('AssociateRouteTable', { RouteTableId, SubnetId })).AssociationId);
}

async function disassociated(ctx: OperationContext, api: Api, AssociationId: string): Promise<void> {
  await whenFree({ ctx }, `disassociate ${AssociationId}`, async () => {
    await api.send('DisassociateRouteTable', { AssociationId });
  });
}

/** With subnets; the main association of a VPC is not among them. */
async function associationsOf(api: Api, id: string): Promise<{ readonly id: string; readonly subnet: string }[]> {
  try {
    const answer = await api.send('DescribeRouteTables', { RouteTableIds: [id] });
    return objectsAt(answer, 'RouteTables.Associations')
      .filter((association) => isObject(association) && typeof association.SubnetId === 'string')
      .map(({ RouteTableAssociationId, SubnetId }) => ({
        id: String(RouteTableAssociationId),
        subnet: String(SubnetId),
      }));
  } catch (error) {
    if (error instanceof ApiError && error.gone) return [];
    throw error;
  }
}
