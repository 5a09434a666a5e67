/** DHCP options. A VPC always has some: taking ours off gives it back those it had before. */
import type { OperationContext, RelationshipOperationContext } from '../../sdk/context.js';
import type { Api } from '../api.js';
import { apiFor, type Call, isExternal } from '../call.js';
import { idFrom, relatedTo } from '../infer.js';
import { objectsAt, textAt } from '../json.js';
import { operationsOf, relationshipOperation } from '../operations.js';
import type { Resource } from '../resource.js';

const PREVIOUS = 'previous_dhcp_options_id';

export const dhcp: Resource = {
  name: 'dhcp',
  title: 'DHCP options',
  tagType: 'dhcp-options',
  create: { command: 'CreateDhcpOptions', answer: 'DhcpOptions' },
  describe: { command: 'DescribeDhcpOptions', by: 'DhcpOptionsIds', answer: 'DhcpOptions', id: 'DhcpOptionsId' },
  remove: { command: 'DeleteDhcpOptions', input: (DhcpOptionsId) => ({ DhcpOptionsId }) },
  request: (_, { VpcId: __, ...config }) => ({
    ...config,
    DhcpConfigurations: objectsAt(config, 'DhcpConfigurations').map(({ Key = '', Values = [] }) => ({ Key, Values })),
  }),
};

export const dhcpOperations = {
  ...operationsOf(dhcp, { attach, detach }),
  'ec2.dhcp.associate': relationshipOperation(associate),
  'ec2.dhcp.restore': relationshipOperation(restore),
};

async function attach(call: Call): Promise<void> {
  const { ctx, api, runtime } = call;
  const id = textAt(runtime, 'aws_resource_id');
  const vpc = vpcOf(call);
  if (id === undefined || vpc === undefined) return;
  const present = await optionsOf(api, vpc);
  if (present === id) return;
  runtime[PREVIOUS] = present ?? 'default';
  await ctx.instance.update();
  await api.send('AssociateDhcpOptions', { DhcpOptionsId: id, VpcId: vpc });
}

async function detach(call: Call): Promise<void> {
  const vpc = vpcOf(call);
  const previous = textAt(call.runtime, PREVIOUS);
  if (vpc === undefined || previous === undefined) return;
  await giveBack(call.ctx, call.api, textAt(call.runtime, 'aws_resource_id'), previous, vpc);
  delete call.runtime[PREVIOUS];
}

async function associate(ctx: RelationshipOperationContext): Promise<void> {
  const { source, target } = ctx;
  const id = idFrom(source);
  const vpc = idFrom(target);
  if (id === undefined || vpc === undefined || isExternal(source)) return;
  const api = apiFor(ctx, source);
  const present = await optionsOf(api, vpc);
  if (present === id) return;
  source.instance.runtimeProperties[PREVIOUS] = present ?? 'default';
  await source.instance.update();
  await api.send('AssociateDhcpOptions', { DhcpOptionsId: id, VpcId: vpc });
}

async function restore(ctx: RelationshipOperationContext): Promise<void> {
  const { source, target } = ctx;
  const vpc = idFrom(target);
  const previous = textAt(source.instance.runtimeProperties, PREVIOUS);
  if (vpc === undefined || previous === undefined) return;
  await giveBack(ctx, apiFor(ctx, source), idFrom(source), previous, vpc);
  delete source.instance.runtimeProperties[PREVIOUS];
}

async function giveBack(
  ctx: OperationContext,
  api: Api,
  own: string | undefined,
  DhcpOptionsId: string,
  VpcId: string,
) {
  if ((await optionsOf(api, VpcId)) !== own) return ctx.logger.info('%s has other DHCP options by now', VpcId);
  await api.send('AssociateDhcpOptions', { DhcpOptionsId, VpcId });
}

async function optionsOf(api: Api, VpcId: string): Promise<string | undefined> {
  return textAt(await api.send('DescribeVpcs', { VpcIds: [VpcId] }), 'Vpcs.DhcpOptionsId');
}

function vpcOf({ ctx, config }: Call): string | undefined {
  const [vpc] = relatedTo(ctx.instance, 'vpc');
  return textAt(config, 'VpcId') ?? (vpc && idFrom(vpc));
}
