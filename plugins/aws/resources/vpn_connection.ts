import type { JsonObject } from '../../../blueprint/json.js';
import type { RelationshipOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { ApiError } from '../api-error.js';
import { apiFor, type Call } from '../call.js';
import { idFrom, withInferred } from '../infer.js';
import { objectsAt, textAt } from '../json.js';
import { clear, noteConfig, whenFree } from '../lifecycle.js';
import { nodeOperation, operationsOf, relationshipOperation } from '../operations.js';
import type { Resource } from '../resource.js';
import { waitFor } from '../wait.js';

export const vpnConnection: Resource = {
  name: 'vpn_connection',
  title: 'VPN connection',
  tagType: 'vpn-connection',
  create: { command: 'CreateVpnConnection', answer: 'VpnConnection' },
  describe: {
    command: 'DescribeVpnConnections',
    by: 'VpnConnectionIds',
    answer: 'VpnConnections',
    id: 'VpnConnectionId',
  },
  remove: { command: 'DeleteVpnConnection', input: (VpnConnectionId) => ({ VpnConnectionId }) },
  states: { path: 'State', ready: ['available'], gone: ['deleted'], leaving: ['deleting'] },
  slow: true,
  infers: [
    { parameter: 'CustomerGatewayId', from: ['customer_gateway'] },
    { parameter: 'VpnGatewayId', from: ['vpn_gateway'] },
    { parameter: 'TransitGatewayId', from: ['transit_gateway'] },
  ],
  request: (_, config) => ({ Type: 'ipsec.1', ...config }),
  // The configuration holds the tunnels' keys.
  keep: async (_, made) => made.map(({ CustomerGatewayConfiguration: __, Options: ___, ...rest }) => rest),
  response: (made) => made[0] as JsonObject,
};

const vpnRoute: Resource = { ...vpnConnection, name: 'vpn_connection_route', title: 'VPN connection route' };

export const vpnConnectionOperations = {
  ...operationsOf(vpnConnection, { poststart: async () => {}, check_drift: async () => undefined }),
  'ec2.vpn_connection.connect': relationshipOperation(connect),
  'ec2.vpn_connection.disconnect': relationshipOperation(disconnect),
  'ec2.vpn_connection_route.prepare': nodeOperation(vpnRoute, noteConfig),
  'ec2.vpn_connection_route.create': nodeOperation(vpnRoute, createRoute),
  'ec2.vpn_connection_route.delete': nodeOperation(vpnRoute, deleteRoute),
};

async function createRoute({ ctx, api, runtime, config }: Call): Promise<void> {
  const request = withInferred(ctx.instance, config, [{ parameter: 'VpnConnectionId', from: ['vpn_connection'] }]);
  const id = textAt(request, 'VpnConnectionId');
  if (id === undefined) throw new NonRecoverableError(`${ctx.instance.id} is related to no VPN connection`);
  Object.assign(runtime, { resource_config: request, aws_resource_id: id, create_response: {} });
  await ctx.instance.update();
  await api.send('CreateVpnConnectionRoute', request);
}

async function deleteRoute(call: Call): Promise<void> {
  const { ctx, api, runtime } = call;
  const sent = JSON.parse(JSON.stringify(runtime.resource_config ?? {})) as JsonObject;
  if (runtime.aws_resource_id !== undefined)
    await whenFree({ ctx }, 'delete the route', async () => void (await api.send('DeleteVpnConnectionRoute', sent)));
  clear(call);
}

/** The old family: a customer gateway is related to a VPN gateway. */
async function connect(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = ctx;
  const properties = source.instance.runtimeProperties;
  const CustomerGatewayId = idFrom(source);
  const VpnGatewayId = idFrom(target);
  if (CustomerGatewayId === undefined || VpnGatewayId === undefined) return;
  const api = apiFor(ctx, source);
  const routes = objectsAt(inputs.routes, '').flatMap((route) => textAt(route, 'destination_cidr_block') ?? []);
  const between = [
    { Name: 'customer-gateway-id', Values: [CustomerGatewayId] },
    { Name: 'vpn-gateway-id', Values: [VpnGatewayId] },
    { Name: 'state', Values: ['pending', 'available'] },
  ];
  const present = textAt(
    await api.send('DescribeVpnConnections', { Filters: between }),
    'VpnConnections.VpnConnectionId',
  );
  const id =
    present ??
    textAt(
      await api.send('CreateVpnConnection', {
        Type: 'ipsec.1',
        CustomerGatewayId,
        VpnGatewayId,
        ...(routes.length > 0 ? { Options: { StaticRoutesOnly: true } } : {}),
      }),
      'VpnConnection.VpnConnectionId',
    );
  properties.vpn_connection = id ?? null;
  await source.instance.update();
  await waitFor(
    ctx,
    `${id} to be available`,
    async () => ((await stateOf(api, id)) === 'available' ? true : undefined),
    { slow: true },
  );
  for (const DestinationCidrBlock of routes)
    await api.send('CreateVpnConnectionRoute', { VpnConnectionId: id as string, DestinationCidrBlock });
}

async function disconnect(ctx: RelationshipOperationContext): Promise<void> {
  const properties = ctx.source.instance.runtimeProperties;
  const id = textAt(properties, 'vpn_connection');
  if (id === undefined) return;
  const api = apiFor(ctx, ctx.source);
  await whenFree(
    { ctx },
    `delete ${id}`,
    async () => void (await api.send('DeleteVpnConnection', { VpnConnectionId: id })),
  );
  await waitFor(
    ctx,
    `${id} to be gone`,
    async () => ([undefined, 'deleted'].includes(await stateOf(api, id)) ? true : undefined),
    { slow: true },
  );
  delete properties.vpn_connection;
}

async function stateOf(api: ReturnType<typeof apiFor>, id: string | undefined): Promise<string | undefined> {
  try {
    return textAt(await api.send('DescribeVpnConnections', { VpnConnectionIds: [id ?? ''] }), 'VpnConnections.State');
  } catch (error) {
    if (error instanceof ApiError && error.gone) return undefined;
    throw error;
  }
}
