import { operationsOf } from '../operations.js';
import type { Resource } from '../resource.js';

export const natGateway: Resource = {
  name: 'nat_gateway',
  title: 'NAT gateway',
  tagType: 'natgateway',
  create: { command: 'CreateNatGateway', answer: 'NatGateway' },
  describe: { command: 'DescribeNatGateways', by: 'NatGatewayIds', answer: 'NatGateways', id: 'NatGatewayId' },
  remove: { command: 'DeleteNatGateway', input: (NatGatewayId) => ({ NatGatewayId }) },
  states: {
    path: 'State',
    ready: ['available'],
    failed: ['failed'],
    gone: ['deleted'],
    leaving: ['deleting'],
    reason: 'FailureMessage',
  },
  slow: true,
  infers: [
    { parameter: 'SubnetId', from: ['subnet'] },
    { parameter: 'AllocationId', from: ['elasticip'], property: 'allocation_id' },
  ],
  request(_, { AllocationId, ...config }) {
    // A private one has no address of its own.
    const open = config.ConnectivityType !== 'private' && AllocationId !== undefined;
    return open ? { ...config, AllocationId } : config;
  },
  facts: (_, found) => {
    const [address] = Array.isArray(found.NatGatewayAddresses) ? found.NatGatewayAddresses : [];
    const id = (address as { AllocationId?: string } | undefined)?.AllocationId;
    return id === undefined ? {} : { allocation_id: id };
  },
};

export const natGatewayOperations = operationsOf(natGateway);
