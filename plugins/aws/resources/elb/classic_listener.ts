/** Listeners that a load balancer of the first generation gets after its creation. A port names one. */
import type { Json, JsonObject } from '../../../../blueprint/json.js';
import { NonRecoverableError } from '../../../sdk/errors.js';
import type { Api } from '../../api.js';
import { ApiError } from '../../api-error.js';
import type { Call } from '../../call.js';
import { unlessGone } from '../../find.js';
import { objectsAt, valuesAt } from '../../json.js';
import { clear, prepare, whenFree } from '../../lifecycle.js';
import { nodeOperation, type Operations } from '../../operations.js';
import type { Resource } from '../../resource.js';
import { loadBalancerOf } from './classic_load_balancer.js';

const listener: Resource = {
  name: 'elb.classic.listener',
  title: 'listener',
  create: { command: 'elb.CreateLoadBalancerListeners', answer: '' },
  describe: {
    command: 'elb.DescribeLoadBalancers',
    by: 'LoadBalancerNames',
    answer: 'LoadBalancerDescriptions.ListenerDescriptions.Listener',
    id: 'LoadBalancerPort',
  },
  remove: { command: 'elb.DeleteLoadBalancerListeners', input: () => ({}) },
};

export const classicListenerOperations: Operations = {
  'elb.classic.listener.prepare': nodeOperation(listener, prepare),
  'elb.classic.listener.create': nodeOperation(listener, create),
  'elb.classic.listener.delete': nodeOperation(listener, remove),
};

/** Ports whose listeners are ours; noted before they are made. */
const PORTS = 'LoadBalancerPorts';

async function create(call: Call): Promise<void> {
  const { ctx, api, runtime, config, external, force } = call;
  if (external && !force) return;
  const LoadBalancerName = loadBalancerOf(call);
  const wanted = objectsAt(config, 'Listeners');
  if (wanted.length === 0) throw new NonRecoverableError(`${ctx.instance.id} says by no Listeners what to listen to`);
  const present = await listenersOf(api, LoadBalancerName);
  const missing = wanted.filter((one) => !present.some((other) => isSame(one, other)));
  const noted = valuesAt(runtime, PORTS);
  Object.assign(runtime, {
    LoadBalancerName,
    resource_config: { ...config, LoadBalancerName, Listeners: wanted },
    [PORTS]: [...new Set([...noted, ...missing.map(portOf)])],
  });
  await ctx.instance.update();
  if (missing.length === 0) return ctx.logger.info('%s listens to %j already', LoadBalancerName, wanted.map(portOf));
  try {
    await api.send(listener.create.command as string, { LoadBalancerName, Listeners: missing });
  } catch (error) {
    // Refused: none of them is ours.
    if (error instanceof ApiError && !error.ambiguous) runtime[PORTS] = noted;
    throw error;
  }
}

/** Listeners that were there before stay; all of them go with their load balancer. */
async function remove(call: Call): Promise<void> {
  const { ctx, api, runtime } = call;
  const ports = valuesAt(runtime, PORTS).map(Number);
  if (ports.length > 0) {
    const LoadBalancerName = loadBalancerOf(call);
    const live = (await listenersOf(api, LoadBalancerName)).map(portOf);
    const LoadBalancerPorts = ports.filter((port) => live.includes(port));
    if (LoadBalancerPorts.length > 0)
      await whenFree({ ctx }, `delete the listeners of ${LoadBalancerName}`, async () => {
        await api.send(listener.remove.command, { LoadBalancerName, LoadBalancerPorts });
      });
  }
  clear(call);
}

async function listenersOf(api: Api, name: string): Promise<readonly JsonObject[]> {
  const { command, answer } = listener.describe;
  return await unlessGone(async () =>
    objectsAt(await api.send(command, { LoadBalancerNames: [name] }), answer as string),
  );
}

function isSame(wanted: JsonObject, present: JsonObject): boolean {
  const instanceProtocol = wanted.InstanceProtocol ?? present.InstanceProtocol ?? null;
  const { LoadBalancerPort = null, InstancePort = null, Protocol = null } = wanted;
  const all: JsonObject = { LoadBalancerPort, InstancePort, Protocol, InstanceProtocol: instanceProtocol };
  return Object.entries(all).every(([key, value]) => isEqual(value, present[key] ?? null));
}

function isEqual(one: Json, other: Json): boolean {
  return String(one).toUpperCase() === String(other).toUpperCase();
}

function portOf({ LoadBalancerPort }: JsonObject): number {
  return Number(LoadBalancerPort);
}
