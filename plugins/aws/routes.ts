/** Routes have no ids: a table and a destination name one. */
import type { JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import type { Api } from './api.js';
import { ApiError } from './api-error.js';
import { objectsAt } from './json.js';
import { whenFree } from './lifecycle.js';

const DESTINATIONS = ['DestinationCidrBlock', 'DestinationIpv6CidrBlock', 'DestinationPrefixListId'] as const;
const NEXT_HOPS = [
  'GatewayId',
  'NatGatewayId',
  'NetworkInterfaceId',
  'InstanceId',
  'TransitGatewayId',
  'VpcPeeringConnectionId',
  'EgressOnlyInternetGatewayId',
] as const;

export function destinationOf(route: JsonObject): JsonObject {
  return Object.fromEntries(
    DESTINATIONS.flatMap((key) => (route[key] === undefined ? [] : [[key, route[key]]])),
  ) as JsonObject;
}

/** One that is there already with the same next hop is as good as made. */
export async function createRoute(ctx: OperationContext, api: Api, route: JsonObject): Promise<void> {
  try {
    await api.send('CreateRoute', route);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'RouteAlreadyExists') throw error;
    const present = await routeLike(api, route);
    const same =
      present !== undefined && NEXT_HOPS.every((key) => route[key] === undefined || route[key] === present[key]);
    if (!same)
      throw new NonRecoverableError(
        `${error.message}: ${JSON.stringify(destinationOf(route))} leads elsewhere already`,
      );
    ctx.logger.info('the route %j is there already', destinationOf(route));
  }
}

export async function deleteRoute(ctx: OperationContext, api: Api, route: JsonObject): Promise<void> {
  const destination = destinationOf(route);
  await whenFree({ ctx }, `delete the route ${JSON.stringify(destination)}`, async () => {
    await api.send('DeleteRoute', { RouteTableId: route.RouteTableId ?? '', ...destination });
  });
}

async function routeLike(api: Api, route: JsonObject): Promise<JsonObject | undefined> {
  const answer = await api.send('DescribeRouteTables', { RouteTableIds: [route.RouteTableId ?? ''] });
  const wanted = destinationOf(route);
  return objectsAt(answer, 'RouteTables.Routes').find((present) =>
    Object.entries(wanted).every(([key, value]) => present[key] === value),
  );
}
