/** Load balancers of the first generation. Their names are their ids. */
import type { JsonObject } from '../../../../blueprint/json.js';
import { NonRecoverableError } from '../../../sdk/errors.js';
import type { Call } from '../../call.js';
import { idFrom, relatedTo } from '../../infer.js';
import { objectsAt, textAt, withoutEmpty } from '../../json.js';
import { isOldFamily } from '../../old-family.js';
import { operationsOf } from '../../operations.js';
import type { Resource } from '../../resource.js';
import { defaultName } from './names.js';
import { registrationOperations } from './registration.js';

export const classicLoadBalancer: Resource = {
  name: 'elb.classic.load_balancer',
  title: 'load balancer',
  tagged: {
    told: { command: 'elb.DescribeTags', by: 'LoadBalancerNames' },
    id: 'LoadBalancerName',
    among: ({ LoadBalancerName = '' }) => ({ LoadBalancerNames: [LoadBalancerName] }),
    takes: () => true,
  },
  create: {
    command: 'elb.CreateLoadBalancer',
    answer: (answer, { LoadBalancerName = null }) => [{ LoadBalancerName, ...answer }],
  },
  describe: {
    command: 'elb.DescribeLoadBalancers',
    by: 'LoadBalancerNames',
    answer: 'LoadBalancerDescriptions',
    id: 'LoadBalancerName',
  },
  remove: { command: 'elb.DeleteLoadBalancer', input: (LoadBalancerName) => ({ LoadBalancerName }) },
  infers: [
    { parameter: 'Subnets', from: ['subnet'], all: true },
    { parameter: 'SecurityGroups', from: ['securitygroup'], all: true },
  ],
  request,
  facts,
  complete: async ({ api, config }, LoadBalancerName) => {
    // It has one at a time: of several the last stays.
    for (const HealthCheck of objectsAt(config, 'HealthChecks'))
      await api.send('elb.ConfigureHealthCheck', { LoadBalancerName, HealthCheck });
  },
};

export const classicLoadBalancerOperations = {
  ...operationsOf(classicLoadBalancer, { start: modifyAttributes }),
  ...registrationOperations,
};

function request({ ctx, config: given }: Call, config: JsonObject): JsonObject {
  const { HealthChecks: _, LoadBalancerAttributes: __, Subnets, ...rest } = config;
  const named = { LoadBalancerName: defaultName(ctx), ...rest };
  // It is in zones or in subnets: zones that were asked for come before subnets that merely follow from relationships.
  const inZones = config.AvailabilityZones !== undefined && given.Subnets === undefined;
  return inZones || Subnets === undefined ? named : { ...named, Subnets };
}

function facts({ ctx }: Call, found: JsonObject): JsonObject {
  const { LoadBalancerName = null, DNSName = null } = found;
  return withoutEmpty({
    LoadBalancerName,
    DNSName,
    ...(isOldFamily(ctx.node) ? { elb_name: LoadBalancerName, external_type: 'load_balancer' } : {}),
  });
}

/** Also as an operation of nodes that are related to the load balancer. */
async function modifyAttributes(call: Call): Promise<void> {
  const { api, runtime, config, external, force } = call;
  const { LoadBalancerAttributes = null } = config;
  if (LoadBalancerAttributes === null || (external && !force)) return;
  const LoadBalancerName = loadBalancerOf(call);
  const answer = await api.send('elb.ModifyLoadBalancerAttributes', { LoadBalancerName, LoadBalancerAttributes });
  runtime.LoadBalancerAttributes = answer;
}

/** The name of the load balancer that a node is about: given, noted, or that of a related node. */
export function loadBalancerOf({ ctx, config, runtime, resource }: Call): string {
  const [related] = relatedTo(ctx.instance, 'elb.classic.load_balancer').flatMap((target) => idFrom(target) ?? []);
  const own = resource.name === 'elb.classic.load_balancer' ? textAt(runtime, 'aws_resource_id') : undefined;
  const name = textAt(config, 'LoadBalancerName') ?? textAt(runtime, 'LoadBalancerName') ?? related ?? own;
  if (name !== undefined) return name;
  throw new NonRecoverableError(
    `${ctx.instance.id} is related to no load balancer that was created, and LoadBalancerName does not name one`,
  );
}
