import type { OperationContext } from '../../sdk/context.js';
import type { Api } from '../api.js';
import { ApiError } from '../api-error.js';
import type { Call } from '../call.js';
import { idFrom, relatedTo } from '../infer.js';
import { objectsAt, textAt } from '../json.js';
import { whenFree } from '../lifecycle.js';
import { operationsOf } from '../operations.js';
import type { Resource } from '../resource.js';
import { waitFor } from '../wait.js';

export const vpnGateway: Resource = {
  name: 'vpn_gateway',
  title: 'VPN gateway',
  tagType: 'vpn-gateway',
  create: { command: 'CreateVpnGateway', answer: 'VpnGateway' },
  describe: { command: 'DescribeVpnGateways', by: 'VpnGatewayIds', answer: 'VpnGateways', id: 'VpnGatewayId' },
  remove: { command: 'DeleteVpnGateway', input: (VpnGatewayId) => ({ VpnGatewayId }) },
  states: { path: 'State', ready: ['available'], gone: ['deleted'], leaving: ['deleting'] },
  request: (_, { VpcId: __, ...config }) => ({ Type: 'ipsec.1', ...config }),
};

export const vpnGatewayOperations = operationsOf(vpnGateway, { attach, detach });

async function attach(call: Call): Promise<void> {
  const { ctx, api, runtime, external, force } = call;
  const gateway = textAt(runtime, 'aws_resource_id');
  const vpc = vpcOf(call);
  if (gateway === undefined || vpc === undefined || (external && !force)) return;
  await attachVpnGateway(ctx, api, gateway, vpc);
  runtime.VpcId = vpc;
}

async function detach(call: Call): Promise<void> {
  const { ctx, api, runtime, external, force } = call;
  const gateway = textAt(runtime, 'aws_resource_id');
  const vpc = textAt(runtime, 'VpcId') ?? vpcOf(call);
  if (gateway === undefined || vpc === undefined || (external && !force)) return;
  await detachVpnGateway(ctx, api, gateway, vpc);
  delete runtime.VpcId;
}

function vpcOf({ ctx, config }: Call): string | undefined {
  const [vpc] = relatedTo(ctx.instance, 'vpc');
  return textAt(config, 'VpcId') ?? (vpc && idFrom(vpc));
}

export async function attachVpnGateway(ctx: OperationContext, api: Api, VpnGatewayId: string, VpcId: string) {
  if ((await stateOf(api, VpnGatewayId, VpcId)) === undefined)
    await api.send('AttachVpnGateway', { VpnGatewayId, VpcId });
  await waitFor(ctx, `${VpnGatewayId} to be attached to ${VpcId}`, async () =>
    (await stateOf(api, VpnGatewayId, VpcId)) === 'attached' ? true : undefined,
  );
}

export async function detachVpnGateway(ctx: OperationContext, api: Api, VpnGatewayId: string, VpcId: string) {
  if ((await stateOf(api, VpnGatewayId, VpcId)) === undefined) return;
  await whenFree({ ctx }, `detach ${VpnGatewayId} from ${VpcId}`, async () => {
    await api.send('DetachVpnGateway', { VpnGatewayId, VpcId });
  });
  await waitFor(ctx, `${VpnGatewayId} to be detached from ${VpcId}`, async () =>
    (await stateOf(api, VpnGatewayId, VpcId)) === undefined ? true : undefined,
  );
}

/** Undefined when it is not attached to the VPC. */
async function stateOf(api: Api, VpnGatewayId: string, VpcId: string): Promise<string | undefined> {
  try {
    const answer = await api.send('DescribeVpnGateways', { VpnGatewayIds: [VpnGatewayId] });
    const own = objectsAt(answer, 'VpnGateways.VpcAttachments').find((attachment) => attachment.VpcId === VpcId);
    return own?.State === 'detached' ? undefined : textAt(own, 'State');
  } catch (error) {
    if (error instanceof ApiError && error.gone) return undefined;
    throw error;
  }
}
