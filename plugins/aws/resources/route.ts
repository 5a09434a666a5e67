/** Nodes that are routes of the route table they are related to. */
import type { JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import type { Call } from '../call.js';
import { withInferred } from '../infer.js';
import { textAt } from '../json.js';
import { clear, noteConfig } from '../lifecycle.js';
import { nodeOperation, type Operations } from '../operations.js';
import type { Resource } from '../resource.js';
import { createRoute, deleteRoute, destinationOf } from '../routes.js';

const route: Resource = {
  name: 'route',
  title: 'route',
  create: { command: 'CreateRoute', answer: '' },
  describe: { command: 'DescribeRouteTables', by: 'RouteTableIds', answer: 'RouteTables', id: 'RouteTableId' },
  remove: { command: 'DeleteRoute', input: () => ({}) },
};

export const routeOperations: Operations = {
  'ec2.route.prepare': nodeOperation(route, noteConfig),
  'ec2.route.create': nodeOperation(route, create),
  'ec2.route.delete': nodeOperation(route, remove),
};

async function create(call: Call): Promise<void> {
  const { ctx, api, runtime, config, external, force } = call;
  if (external && !force) return;
  const request = withInferred(ctx.instance, config, [
    { parameter: 'RouteTableId', from: ['routetable'] },
    ...(hasNextHop(config)
      ? []
      : ([
          { parameter: 'GatewayId', from: ['internet_gateway', 'vpn_gateway'] },
          { parameter: 'NatGatewayId', from: ['nat_gateway'] },
          { parameter: 'TransitGatewayId', from: ['transit_gateway'] },
          { parameter: 'VpcPeeringConnectionId', from: ['vpc_peering'] },
        ] as const)),
  ]);
  const destination = destinationOf(request);
  if (Object.keys(destination).length === 0)
    throw new NonRecoverableError(
      `the route ${ctx.instance.id} has neither DestinationCidrBlock nor DestinationIpv6CidrBlock`,
    );
  const table = textAt(request, 'RouteTableId');
  if (table === undefined)
    throw new NonRecoverableError(`the route ${ctx.instance.id} is related to no route table and has no RouteTableId`);
  Object.assign(runtime, { resource_config: request, routetable_id: table, aws_resource_id: table, ...destination });
  await ctx.instance.update();
  await createRoute(ctx, api, request);
}

async function remove(call: Call): Promise<void> {
  const { ctx, api, runtime, external, force } = call;
  const table = textAt(runtime, 'routetable_id');
  if (table === undefined || (external && !force)) ctx.logger.info('no route was made: nothing to delete');
  else await deleteRoute(ctx, api, { ...(JSON.parse(JSON.stringify(runtime)) as JsonObject), RouteTableId: table });
  clear(call);
}

function hasNextHop(config: JsonObject): boolean {
  return Object.keys(config).some((key) =>
    /(Gateway|Interface|Instance|Connection|Endpoint|Network)(Id|Arn)$/.test(key),
  );
}
