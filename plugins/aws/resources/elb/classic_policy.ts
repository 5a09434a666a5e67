/** Policies of load balancers of the first generation: stickiness, proxy protocol, cipher suites. */
import type { JsonObject } from '../../../../blueprint/json.js';
import { NonRecoverableError } from '../../../sdk/errors.js';
import type { Api } from '../../api.js';
import { ApiError } from '../../api-error.js';
import type { Call } from '../../call.js';
import { unlessGone } from '../../find.js';
import { relatedTo } from '../../infer.js';
import { objectsAt, textAt, valuesAt } from '../../json.js';
import { clear, prepare, whenFree } from '../../lifecycle.js';
import { nodeOperation, type Operations } from '../../operations.js';
import { creationToken, TOKEN } from '../../ownership.js';
import type { Resource } from '../../resource.js';
import { loadBalancerOf } from './classic_load_balancer.js';

const policy: Resource = {
  name: 'elb.classic.policy',
  title: 'policy',
  create: { command: 'elb.CreateLoadBalancerPolicy', answer: '' },
  describe: {
    command: 'elb.DescribeLoadBalancerPolicies',
    by: 'PolicyNames',
    answer: 'PolicyDescriptions',
    id: 'PolicyName',
  },
  remove: { command: 'elb.DeleteLoadBalancerPolicy', input: () => ({}) },
};

const sticky: Resource = { ...policy, create: { command: 'elb.CreateLBCookieStickinessPolicy', answer: '' } };

export const classicPolicyOperations: Operations = {
  'elb.classic.policy.prepare': nodeOperation(policy, prepare),
  'elb.classic.policy.create': nodeOperation(policy, create),
  'elb.classic.policy.create_sticky': nodeOperation(sticky, create),
  'elb.classic.policy.start_sticky': nodeOperation(sticky, enable),
  'elb.classic.policy.delete': nodeOperation(policy, remove),
};

/** Policies have no tags, but their names are unique on their load balancer: what we began under a name is ours. */
async function create(call: Call): Promise<void> {
  const { ctx, api, runtime, config, resource, external, force } = call;
  const LoadBalancerName = loadBalancerOf(call);
  const PolicyName = textAt(config, 'PolicyName');
  if (PolicyName === undefined) throw new NonRecoverableError(`${ctx.instance.id} has no PolicyName`);
  if (runtime.create_response !== undefined) return;
  const begun = runtime[TOKEN] !== undefined;
  const { PolicyNames: _, LoadBalancerPort: __, ...parameters } = config;
  const request = { ...parameters, LoadBalancerName, PolicyName };
  const found = await policyOf(api, LoadBalancerName, PolicyName);
  if (external && !force && !found)
    throw new NonRecoverableError(
      `policy ${PolicyName} of ${LoadBalancerName} is expected to exist (use_external_resource: true), but it does not`,
    );
  if (found && !begun && !external)
    throw new NonRecoverableError(
      `policy ${PolicyName} of ${LoadBalancerName} already exists: use it with use_external_resource: true, or give another PolicyName`,
    );
  if (!found) {
    Object.assign(runtime, { LoadBalancerName, PolicyName, resource_config: request, [TOKEN]: creationToken(ctx) });
    await ctx.instance.update();
    try {
      await api.send(resource.create.command as string, request);
    } catch (error) {
      if (error instanceof ApiError && !error.ambiguous) delete runtime[TOKEN];
      throw error;
    }
  }
  const made = found ?? (await policyOf(api, LoadBalancerName, PolicyName)) ?? {};
  Object.assign(runtime, { LoadBalancerName, PolicyName, aws_resource_id: PolicyName, create_response: made });
  delete runtime[TOKEN];
}

/** Beside the policies that the listener has already. */
async function enable(call: Call): Promise<void> {
  const { api, runtime, config, external, force } = call;
  if (external && !force) return;
  const LoadBalancerName = loadBalancerOf(call);
  const LoadBalancerPort = portOf(call);
  const names = valuesAt(config, 'PolicyNames').map(String);
  const wanted = names.length > 0 ? names : [textAt(runtime, 'PolicyName') ?? ''];
  const [listener] = (await listenersOf(api, LoadBalancerName)).filter((one) => one.port === LoadBalancerPort);
  if (!listener)
    throw new NonRecoverableError(
      `${LoadBalancerName} does not listen to ${LoadBalancerPort}: its policy cannot be set`,
    );
  runtime.LoadBalancerPort = LoadBalancerPort;
  if (wanted.every((name) => listener.policies.includes(name))) return;
  const PolicyNames = [...new Set([...listener.policies, ...wanted])];
  await api.send('elb.SetLoadBalancerPoliciesOfListener', { LoadBalancerName, LoadBalancerPort, PolicyNames });
}

/** A policy that a listener has cannot be deleted: first no listener has it any more. */
async function remove(call: Call): Promise<void> {
  const { ctx, api, runtime, external, force } = call;
  const PolicyName = textAt(runtime, 'PolicyName');
  const began = runtime.create_response !== undefined || runtime[TOKEN] !== undefined;
  if (PolicyName !== undefined && began && (!external || force)) {
    const LoadBalancerName = loadBalancerOf(call);
    for (const { port: LoadBalancerPort, policies } of await listenersOf(api, LoadBalancerName)) {
      if (!policies.includes(PolicyName)) continue;
      const PolicyNames = policies.filter((name) => name !== PolicyName);
      await whenFree({ ctx }, `take ${PolicyName} off port ${LoadBalancerPort}`, async () => {
        await api.send('elb.SetLoadBalancerPoliciesOfListener', { LoadBalancerName, LoadBalancerPort, PolicyNames });
      });
    }
    await whenFree({ ctx }, `delete ${PolicyName}`, async () => {
      await api.send(policy.remove.command, { LoadBalancerName, PolicyName });
    });
  }
  clear(call);
}

/** That of the configuration, or of the first listener of a related node. */
function portOf({ ctx, config }: Call): number {
  const given = textAt(config, 'LoadBalancerPort');
  const related = [
    ...relatedTo(ctx.instance, 'elb.classic.listener'),
    ...relatedTo(ctx.instance, 'elb.classic.load_balancer'),
  ];
  const [inferred] = related.flatMap(
    ({ instance }) => textAt(instance.runtimeProperties, 'resource_config.Listeners.LoadBalancerPort') ?? [],
  );
  const port = Number(given ?? inferred);
  if (Number.isInteger(port)) return port;
  throw new NonRecoverableError(
    `${ctx.instance.id} has no LoadBalancerPort and is related to no listener that has one`,
  );
}

async function policyOf(api: Api, LoadBalancerName: string, name: string): Promise<JsonObject | undefined> {
  const input = { LoadBalancerName, PolicyNames: [name] };
  const [found] = await unlessGone(async () =>
    objectsAt(await api.send(policy.describe.command, input), 'PolicyDescriptions'),
  );
  return found;
}

interface Listener {
  readonly port: number;
  readonly policies: readonly string[];
}

async function listenersOf(api: Api, name: string): Promise<Listener[]> {
  const found = await unlessGone(async () =>
    objectsAt(
      await api.send('elb.DescribeLoadBalancers', { LoadBalancerNames: [name] }),
      'LoadBalancerDescriptions.ListenerDescriptions',
    ),
  );
  return found.map((one) => ({
    port: Number(textAt(one, 'Listener.LoadBalancerPort')),
    policies: valuesAt(one, 'PolicyNames').map(String),
  }));
}
