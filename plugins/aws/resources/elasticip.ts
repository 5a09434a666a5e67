/** Elastic IP addresses. Their `aws_resource_id` is the address itself; calls want the allocation. */
import type { JsonObject } from '../../../blueprint/json.js';
import type { RelationshipOperationContext } from '../../sdk/context.js';
import type { Api } from '../api.js';
import { ApiError } from '../api-error.js';
import { apiFor, type Call, isExternal } from '../call.js';
import { findAll } from '../find.js';
import { idFrom, relatedTo } from '../infer.js';
import { objectsAt, textAt } from '../json.js';
import { clear, create, createdId, remove, whenFree } from '../lifecycle.js';
import { operationsOf, relationshipOperation } from '../operations.js';
import { TOKEN } from '../ownership.js';
import type { Resource } from '../resource.js';

export const elasticip: Resource = {
  name: 'elasticip',
  title: 'elastic IP',
  tagType: 'elastic-ip',
  create: { command: 'AllocateAddress', answer: (answer) => [answer] },
  describe: {
    command: 'DescribeAddresses',
    by: (id) => (id.startsWith('eipalloc-') ? { AllocationIds: [id] } : { PublicIps: [id] }),
    answer: 'Addresses',
    id: 'PublicIp',
  },
  remove: {
    command: 'ReleaseAddress',
    input: (PublicIp, { AllocationId }) => (AllocationId ? { AllocationId } : { PublicIp }),
  },
  request: (_, config) => ({ Domain: 'vpc', ...config }),
  facts: (_, { AllocationId }) => (AllocationId ? { allocation_id: AllocationId } : {}),
};

export const elasticIpOperations = {
  ...operationsOf(elasticip, { create: allocate, attach, detach, delete: release }),
  'ec2.elasticip.associate': relationshipOperation(associate),
  'ec2.elasticip.disassociate': relationshipOperation(disassociate),
};

async function allocate(call: Call): Promise<void> {
  const { properties, runtime, ctx } = call;
  if (properties.use_unassociated_addresses === true && createdId(call) === undefined && runtime[TOKEN] === undefined) {
    const free = (await findAll(call, {})).find(({ AssociationId, AllocationId }) => !AssociationId && AllocationId);
    if (free) {
      const { PublicIp, AllocationId } = free as { PublicIp: string; AllocationId: string };
      ctx.logger.info('the unassociated address %s is used', PublicIp);
      Object.assign(runtime, {
        aws_resource_id: PublicIp,
        allocation_id: AllocationId,
        unassociated_address: PublicIp,
        create_response: free,
      });
      return;
    }
  }
  await create(call);
}

/** Gives the address to the interface or the instance that its node is related to. */
async function attach(call: Call): Promise<void> {
  const { ctx, api, runtime, config, external, properties } = call;
  const id = textAt(runtime, 'aws_resource_id');
  const holder = holderOf(call);
  if (id === undefined || holder === undefined) return;
  if (external && properties.attach_existing_address !== true)
    return ctx.logger.info('the address %s existed before and is left as it is', id);
  const { PublicIp: _, InstanceId: __, NetworkInterfaceId: ___, ...more } = onlyAssociation(config);
  runtime.association_id = await associated(api, id, holder, more);
}

async function detach(call: Call): Promise<void> {
  const { ctx, api, runtime, external, properties } = call;
  const id = textAt(runtime, 'aws_resource_id');
  const holder = holderOf(call);
  const association = textAt(runtime, 'association_id');
  if (id === undefined || (external && properties.attach_existing_address !== true)) return;
  // Without a noted association one may have been begun: what holds the address tells whether it is ours.
  const current = association ?? (holder && (await associationOf(api, id, holder)));
  if (current === undefined) return ctx.logger.info('the address %s is not associated by us', id);
  await disassociated(api, ctx, id, current);
  delete runtime.association_id;
}

async function release(call: Call): Promise<void> {
  const { runtime, ctx } = call;
  if (typeof runtime.unassociated_address === 'string') {
    ctx.logger.info('the address %s was there before and stays', runtime.unassociated_address);
    return clear(call);
  }
  await remove(call);
}

/** The old family: an instance is related to its address. */
async function associate(ctx: RelationshipOperationContext): Promise<void> {
  const { source, target } = ctx;
  const address = idFrom(target);
  const instance = idFrom(source);
  if (address === undefined || instance === undefined || isExternal(source)) return;
  const association = await associated(apiFor(ctx, source), address, holderFor(instance), {});
  source.instance.runtimeProperties.public_ip_address = address;
  target.instance.runtimeProperties.instance_id = instance;
  target.instance.runtimeProperties.association_id = association;
}

async function disassociate(ctx: RelationshipOperationContext): Promise<void> {
  const { source, target } = ctx;
  const address = idFrom(target);
  const instance = idFrom(source);
  if (address === undefined || instance === undefined || isExternal(source)) return;
  const api = apiFor(ctx, source);
  const association = await associationOf(api, address, holderFor(instance));
  if (association !== undefined) await disassociated(api, ctx, address, association);
  delete source.instance.runtimeProperties.public_ip_address;
  delete target.instance.runtimeProperties.instance_id;
  delete target.instance.runtimeProperties.association_id;
}

type Holder = { readonly InstanceId: string } | { readonly NetworkInterfaceId: string };

function holderFor(id: string): Holder {
  return id.startsWith('eni-') ? { NetworkInterfaceId: id } : { InstanceId: id };
}

function holderOf({ ctx, config }: Call): Holder | undefined {
  const given = textAt(config, 'NetworkInterfaceId') ?? textAt(config, 'InstanceId');
  const related = relatedTo(ctx.instance, 'eni')[0] ?? relatedTo(ctx.instance, 'instances')[0];
  const id = given ?? (related && idFrom(related));
  return id === undefined ? undefined : holderFor(id);
}

function onlyAssociation({ Domain: _, TagSpecifications: __, ...config }: JsonObject): JsonObject {
  const known = ['AllowReassociation', 'PrivateIpAddress', 'InstanceId', 'NetworkInterfaceId', 'PublicIp'];
  return Object.fromEntries(Object.entries(config).filter(([key]) => known.includes(key)));
}

async function associated(api: Api, address: string, holder: Holder, more: JsonObject): Promise<string> {
  const present = await associationOf(api, address, holder);
  if (present !== undefined) return present;
  const found = await addressOf(api, address);
  const which = found?.AllocationId ? { AllocationId: found.AllocationId } : { PublicIp: address };
  const answer = await api.send('AssociateAddress', { ...which, ...holder, ...more });
  return textAt(answer, 'AssociationId') ?? '';
}

/** The association of the address with the holder; undefined when it is with nobody or with another. */
async function associationOf(api: Api, address: string, holder: Holder): Promise<string | undefined> {
  const found = await addressOf(api, address);
  const held = Object.entries(holder).every(([key, id]) => found?.[key] === id);
  return held ? textAt(found, 'AssociationId') : undefined;
}

async function addressOf(api: Api, address: string): Promise<JsonObject | undefined> {
  try {
    return objectsAt(await api.send('DescribeAddresses', { PublicIps: [address] }), 'Addresses')[0];
  } catch (error) {
    if (error instanceof ApiError && error.gone) return undefined;
    throw error;
  }
}

async function disassociated(
  api: Api,
  ctx: Call['ctx'] | RelationshipOperationContext,
  address: string,
  AssociationId: string,
) {
  await whenFree({ ctx }, `disassociate ${address}`, async () => {
    await api.send('DisassociateAddress', { AssociationId });
  });
}
