/** How a load balancer of the first generation tells which instances are well. It has one such check, always. */
import { isObject, type JsonObject } from '../../../../blueprint/json.js';
import { NonRecoverableError } from '../../../sdk/errors.js';
import type { Api } from '../../api.js';
import { ApiError } from '../../api-error.js';
import type { Call } from '../../call.js';
import { unlessGone } from '../../find.js';
import { objectsAt } from '../../json.js';
import { clear, prepare } from '../../lifecycle.js';
import { nodeOperation, type Operations } from '../../operations.js';
import type { Resource } from '../../resource.js';
import { loadBalancerOf } from './classic_load_balancer.js';

const healthCheck: Resource = {
  name: 'elb.classic.health_check',
  title: 'health check',
  create: { command: 'elb.ConfigureHealthCheck', answer: '' },
  describe: {
    command: 'elb.DescribeLoadBalancers',
    by: 'LoadBalancerNames',
    answer: 'LoadBalancerDescriptions.HealthCheck',
    id: 'Target',
  },
  remove: { command: 'elb.ConfigureHealthCheck', input: () => ({}) },
};

export const classicHealthCheckOperations: Operations = {
  'elb.classic.health_check.prepare': nodeOperation(healthCheck, prepare),
  'elb.classic.health_check.create': nodeOperation(healthCheck, create),
  'elb.classic.health_check.delete': nodeOperation(healthCheck, restore),
};

/** What the load balancer had before. */
const BEFORE = '__health_check_before';

async function create(call: Call): Promise<void> {
  const { ctx, api, runtime, config, external, force } = call;
  if (external && !force) return;
  if (!isObject(config.HealthCheck))
    throw new NonRecoverableError(`${ctx.instance.id} has no HealthCheck to configure`);
  const LoadBalancerName = loadBalancerOf(call);
  const request = { ...config, LoadBalancerName };
  Object.assign(runtime, { LoadBalancerName, resource_config: request });
  const begun = runtime[BEFORE] !== undefined;
  runtime[BEFORE] ??= (await checkOf(api, LoadBalancerName)) ?? {};
  await ctx.instance.update();
  try {
    runtime.create_response = await api.send('elb.ConfigureHealthCheck', request);
  } catch (error) {
    if (!begun && error instanceof ApiError && !error.ambiguous) delete runtime[BEFORE];
    throw error;
  }
}

/** The check goes with its load balancer; one that stays gets back what it had. */
async function restore(call: Call): Promise<void> {
  const { api, runtime } = call;
  const before = runtime[BEFORE];
  if (isObject(before) && Object.keys(before).length > 0) {
    const LoadBalancerName = loadBalancerOf(call);
    const HealthCheck = JSON.parse(JSON.stringify(before)) as JsonObject;
    if ((await checkOf(api, LoadBalancerName)) !== undefined)
      await api.send('elb.ConfigureHealthCheck', { LoadBalancerName, HealthCheck });
  }
  clear(call);
}

async function checkOf(api: Api, name: string): Promise<JsonObject | undefined> {
  const { command, answer } = healthCheck.describe;
  const look = async () => objectsAt(await api.send(command, { LoadBalancerNames: [name] }), answer as string);
  return (await unlessGone(look))[0];
}
