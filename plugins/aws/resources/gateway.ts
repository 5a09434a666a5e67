/** The old family attaches gateways of either kind through a relationship to their VPC. */
import type { RelationshipOperationContext } from '../../sdk/context.js';
import { apiFor, isExternal } from '../call.js';
import { idFrom } from '../infer.js';
import { relationshipOperation } from '../operations.js';
import { attachInternetGateway, detachInternetGateway } from './internet_gateway.js';
import { attachVpnGateway, detachVpnGateway } from './vpn_gateway.js';

export const gatewayOperations = {
  'ec2.gateway.associate': relationshipOperation(associate),
  'ec2.gateway.disassociate': relationshipOperation(disassociate),
};

async function associate(ctx: RelationshipOperationContext): Promise<void> {
  const { source, target } = ctx;
  const gateway = idFrom(source);
  const vpc = idFrom(target);
  if (gateway === undefined || vpc === undefined || isExternal(source)) return;
  const api = apiFor(ctx, source);
  if (gateway.startsWith('vgw-')) await attachVpnGateway(ctx, api, gateway, vpc);
  else await attachInternetGateway(api, gateway, vpc);
  source.instance.runtimeProperties.vpc_id = vpc;
}

async function disassociate(ctx: RelationshipOperationContext): Promise<void> {
  const { source, target } = ctx;
  const gateway = idFrom(source);
  const vpc = idFrom(target);
  if (gateway === undefined || vpc === undefined || isExternal(source)) return;
  const api = apiFor(ctx, source);
  if (gateway.startsWith('vgw-')) await detachVpnGateway(ctx, api, gateway, vpc);
  else await detachInternetGateway(ctx, api, gateway, vpc);
  delete source.instance.runtimeProperties.vpc_id;
}
