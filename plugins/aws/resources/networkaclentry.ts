import type { JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { aclEntries } from '../acl-entries.js';
import type { Call } from '../call.js';
import { withInferred } from '../infer.js';
import { textAt } from '../json.js';
import { clear, noteConfig } from '../lifecycle.js';
import { nodeOperation, type Operations } from '../operations.js';
import type { Resource } from '../resource.js';

const entry: Resource = {
  name: 'networkaclentry',
  title: 'network ACL entry',
  create: { command: 'CreateNetworkAclEntry', answer: '' },
  describe: { command: 'DescribeNetworkAcls', by: 'NetworkAclIds', answer: 'NetworkAcls.Entries', id: 'RuleNumber' },
  remove: { command: 'DeleteNetworkAclEntry', input: () => ({}) },
};

export const networkAclEntryOperations: Operations = {
  'ec2.networkaclentry.prepare': nodeOperation(entry, noteConfig),
  'ec2.networkaclentry.create': nodeOperation(entry, create),
  'ec2.networkaclentry.delete': nodeOperation(entry, remove),
};

async function create({ ctx, api, runtime, config, external, force }: Call): Promise<void> {
  if (external && !force) return;
  const request = withInferred(ctx.instance, config, [{ parameter: 'NetworkAclId', from: ['networkacl'] }]);
  const acl = textAt(request, 'NetworkAclId');
  if (acl === undefined) throw new NonRecoverableError(`${ctx.instance.id} is related to no network ACL`);
  Object.assign(runtime, { resource_config: request, aws_resource_id: acl, network_acl_id: acl });
  await ctx.instance.update();
  await aclEntries(api).add(request);
}

async function remove(call: Call): Promise<void> {
  const { api, runtime, external, force } = call;
  const sent = JSON.parse(JSON.stringify(runtime.resource_config ?? {})) as JsonObject;
  if (runtime.network_acl_id !== undefined && (!external || force)) await aclEntries(api).remove(sent);
  clear(call);
}
