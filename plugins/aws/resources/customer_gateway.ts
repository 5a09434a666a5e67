import { operationsOf } from '../operations.js';
import type { Resource } from '../resource.js';

export const customerGateway: Resource = {
  name: 'customer_gateway',
  title: 'customer gateway',
  tagType: 'customer-gateway',
  create: { command: 'CreateCustomerGateway', answer: 'CustomerGateway' },
  describe: {
    command: 'DescribeCustomerGateways',
    by: 'CustomerGatewayIds',
    answer: 'CustomerGateways',
    id: 'CustomerGatewayId',
  },
  remove: { command: 'DeleteCustomerGateway', input: (CustomerGatewayId) => ({ CustomerGatewayId }) },
  states: { path: 'State', ready: ['available'], gone: ['deleted'], leaving: ['deleting'] },
  infers: [{ parameter: 'PublicIp', from: ['elasticip'] }],
  request: (_, config) => ({ Type: 'ipsec.1', ...config }),
};

export const customerGatewayOperations = operationsOf(customerGateway);
