/** Network ACLs. A subnet always has one: taking ours off gives it back the one it had, or its VPC's default. */
import type { RelationshipOperationContext } from '../../sdk/context.js';
import { aclEntries } from '../acl-entries.js';
import type { Api } from '../api.js';
import { apiFor, type Call, isExternal } from '../call.js';
import { idFrom, relatedTo } from '../infer.js';
import { objectsAt, textAt } from '../json.js';
import { operationsOf, relationshipOperation } from '../operations.js';
import type { Resource } from '../resource.js';

export const networkAcl: Resource = {
  name: 'networkacl',
  title: 'network ACL',
  tagType: 'network-acl',
  create: { command: 'CreateNetworkAcl', answer: 'NetworkAcl' },
  describe: { command: 'DescribeNetworkAcls', by: 'NetworkAclIds', answer: 'NetworkAcls', id: 'NetworkAclId' },
  remove: { command: 'DeleteNetworkAcl', input: (NetworkAclId) => ({ NetworkAclId }) },
  infers: [{ parameter: 'VpcId', from: ['vpc'] }],
  request: (_, { Entries: __, SubnetId: ___, ...config }) => config,
  async complete({ api, config }, id) {
    for (const entry of objectsAt(config, 'Entries')) await aclEntries(api).add({ ...entry, NetworkAclId: id });
  },
};

export const networkAclOperations = {
  ...operationsOf(networkAcl, { attach, detach }),
  'ec2.networkacl.associate': relationshipOperation(async (ctx) => await inRelationship(ctx, put)),
  'ec2.networkacl.disassociate': relationshipOperation(async (ctx) => await inRelationship(ctx, takeOff)),
};

async function attach(call: Call): Promise<void> {
  const acl = textAt(call.runtime, 'aws_resource_id');
  if (acl === undefined || (call.external && !call.force)) return;
  for (const subnet of subnetsOf(call)) await put(call.api, acl, subnet);
}

async function detach(call: Call): Promise<void> {
  const acl = textAt(call.runtime, 'aws_resource_id');
  if (acl === undefined || (call.external && !call.force)) return;
  for (const subnet of subnetsOf(call)) await takeOff(call.api, acl, subnet);
}

function subnetsOf({ ctx, config }: Call): string[] {
  const given = textAt(config, 'SubnetId');
  return given ? [given] : relatedTo(ctx.instance, 'subnet').flatMap((target) => idFrom(target) ?? []);
}

async function inRelationship(
  ctx: RelationshipOperationContext,
  act: (api: Api, acl: string, subnet: string) => Promise<void>,
): Promise<void> {
  const acl = idFrom(ctx.source);
  const subnet = idFrom(ctx.target);
  if (acl === undefined || subnet === undefined || isExternal(ctx.source)) return;
  await act(apiFor(ctx, ctx.source), acl, subnet);
}

async function put(api: Api, acl: string, subnet: string): Promise<void> {
  const present = await associationOf(api, subnet);
  if (!present || present.acl === acl) return;
  await api.send('ReplaceNetworkAclAssociation', { AssociationId: present.id, NetworkAclId: acl });
}

async function takeOff(api: Api, acl: string, subnet: string): Promise<void> {
  const present = await associationOf(api, subnet);
  if (!present || present.acl !== acl) return;
  const [vpc] = objectsAt(await api.send('DescribeSubnets', { SubnetIds: [subnet] }), 'Subnets').map(({ VpcId }) =>
    String(VpcId),
  );
  const Filters = [
    { Name: 'vpc-id', Values: [vpc ?? ''] },
    { Name: 'default', Values: ['true'] },
  ];
  const standard = textAt(await api.send('DescribeNetworkAcls', { Filters }), 'NetworkAcls.NetworkAclId');
  if (standard !== undefined)
    await api.send('ReplaceNetworkAclAssociation', { AssociationId: present.id, NetworkAclId: standard });
}

async function associationOf(
  api: Api,
  subnet: string,
): Promise<{ readonly id: string; readonly acl: string } | undefined> {
  const Filters = [{ Name: 'association.subnet-id', Values: [subnet] }];
  const found = objectsAt(await api.send('DescribeNetworkAcls', { Filters }), 'NetworkAcls.Associations').find(
    ({ SubnetId }) => SubnetId === subnet,
  );
  return found && { id: String(found.NetworkAclAssociationId), acl: String(found.NetworkAclId) };
}
