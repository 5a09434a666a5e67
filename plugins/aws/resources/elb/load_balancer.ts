/** Application, network and gateway load balancers. Blueprints name them; the API calls them by their ARNs. */
import type { JsonObject } from '../../../../blueprint/json.js';
import { NonRecoverableError } from '../../../sdk/errors.js';
import type { Call } from '../../call.js';
import { objectsAt, textAt, withoutEmpty } from '../../json.js';
import { operationsOf } from '../../operations.js';
import type { Resource } from '../../resource.js';
import { defaultName } from './names.js';

export const loadBalancer: Resource = {
  name: 'elb.load_balancer',
  title: 'load balancer',
  tagged: {
    told: { command: 'elbv2.DescribeTags', by: 'ResourceArns' },
    id: 'LoadBalancerArn',
    among: ({ Name = '' }) => ({ Names: [Name] }),
    takes: () => true,
  },
  create: { command: 'elbv2.CreateLoadBalancer', answer: 'LoadBalancers' },
  describe: {
    command: 'elbv2.DescribeLoadBalancers',
    by: (id) => (id.startsWith('arn:') ? { LoadBalancerArns: [id] } : { Names: [id] }),
    answer: 'LoadBalancers',
    id: 'LoadBalancerName',
  },
  remove: {
    command: 'elbv2.DeleteLoadBalancer',
    input: (_, { LoadBalancerArn = null }) => ({ LoadBalancerArn }),
  },
  states: {
    path: 'State.Code',
    ready: ['active', 'active_impaired'],
    failed: ['failed'],
    gone: [],
    reason: 'State.Reason',
  },
  slow: true,
  infers: [
    { parameter: 'Subnets', from: ['subnet'], all: true },
    { parameter: 'SecurityGroups', from: ['securitygroup'], all: true },
  ],
  request({ ctx }, { Attributes: _, Subnets, ...config }) {
    const named = { Name: defaultName(ctx), ...config };
    return config.SubnetMappings !== undefined || Subnets === undefined ? named : { ...named, Subnets };
  },
  facts: (_, { LoadBalancerArn = null, DNSName = null }) =>
    withoutEmpty({ aws_resource_arn: LoadBalancerArn, DNSName }),
};

export const loadBalancerOperations = operationsOf(loadBalancer, {
  modify: modifyAttributes('elbv2.ModifyLoadBalancerAttributes', 'LoadBalancerArn'),
});

/** `Attributes` are no parameter of the create call: they are set when the node starts. */
export function modifyAttributes(command: string, parameter: string) {
  return async ({ ctx, api, runtime, config, external, force }: Call): Promise<void> => {
    const Attributes = objectsAt(config, 'Attributes');
    if (Attributes.length === 0 || (external && !force)) return;
    const arn = textAt(config, parameter) ?? textAt(runtime, 'aws_resource_arn');
    if (arn === undefined) throw new NonRecoverableError(`${ctx.instance.id} has not been created: it has no ARN`);
    const answer = await api.send(command, { [parameter]: arn, Attributes });
    runtime.resource_config = { ...noted(runtime), Attributes: objectsAt(answer, 'Attributes') };
  };
}

function noted({ resource_config = {} }: JsonObject): JsonObject {
  return JSON.parse(JSON.stringify(resource_config)) as JsonObject;
}
