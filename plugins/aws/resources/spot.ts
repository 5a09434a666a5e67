/** Spot requests, for instances one by one and for fleets. */
import { isObject, type JsonObject } from '../../../blueprint/json.js';
import { addressesOf } from '../addresses.js';
import type { Call } from '../call.js';
import { find } from '../find.js';
import { objectsAt, textAt, valuesAt } from '../json.js';
import { createdId, remove, whenFree } from '../lifecycle.js';
import { operationsOf } from '../operations.js';
import type { Resource } from '../resource.js';
import { withUserData } from '../user-data.js';
import { waitFor } from '../wait.js';

export const spotInstances: Resource = {
  name: 'spot_instances',
  title: 'spot instance request',
  tagType: 'spot-instances-request',
  create: { command: 'RequestSpotInstances', answer: 'SpotInstanceRequests' },
  describe: {
    command: 'DescribeSpotInstanceRequests',
    by: 'SpotInstanceRequestIds',
    answer: 'SpotInstanceRequests',
    id: 'SpotInstanceRequestId',
  },
  remove: { command: 'CancelSpotInstanceRequests', input: (id) => ({ SpotInstanceRequestIds: [id] }) },
  states: {
    path: 'State',
    ready: ['open', 'active'],
    failed: ['failed', 'closed'],
    gone: ['cancelled'],
    reason: 'Status.Message',
  },
  request: (_, config) =>
    isObject(config.LaunchSpecification)
      ? { ...config, LaunchSpecification: withUserData(config.LaunchSpecification) }
      : config,
};

export const spotFleetRequest: Resource = {
  name: 'spot_fleet_request',
  title: 'spot fleet request',
  tagged: {
    id: 'SpotFleetRequestId',
    among: () => ({}),
    give: ({ SpotFleetRequestConfig: fleet, Tags: _, ...request }, Tags, ClientToken) => ({
      ...request,
      SpotFleetRequestConfig: {
        ...(isObject(fleet) ? fleet : {}),
        ClientToken,
        TagSpecifications: [
          ...objectsAt(fleet, 'TagSpecifications'),
          { ResourceType: 'spot-fleet-request', Tags: [...Tags] },
        ],
      },
    }),
  },
  create: { command: 'RequestSpotFleet', answer: (answer) => [answer] },
  describe: {
    command: 'DescribeSpotFleetRequests',
    by: 'SpotFleetRequestIds',
    answer: 'SpotFleetRequestConfigs',
    id: 'SpotFleetRequestId',
  },
  remove: {
    command: 'CancelSpotFleetRequests',
    input: (id) => ({ SpotFleetRequestIds: [id], TerminateInstances: true }),
  },
  states: {
    path: 'SpotFleetRequestState',
    ready: ['active'],
    failed: ['failed'],
    gone: ['cancelled', 'cancelled_running', 'cancelled_terminating'],
  },
  slow: true,
  request(_, { SpotFleetRequestConfig: fleet, ...config }) {
    if (!isObject(fleet)) return config;
    const specifications = objectsAt(fleet, 'LaunchSpecifications').map((one) => withUserData(one));
    const launched = specifications.length > 0 ? { LaunchSpecifications: specifications } : {};
    return { ...config, SpotFleetRequestConfig: { ...fleet, ...launched } };
  },
};

const keeping: Resource = {
  ...spotFleetRequest,
  remove: {
    command: 'CancelSpotFleetRequests',
    input: (id) => ({ SpotFleetRequestIds: [id], TerminateInstances: false }),
  },
};

export const spotOperations = {
  ...operationsOf(spotInstances, {
    configure,
    stop,
    // Whoever undoes a half-made install may come here without a stop before.
    delete: async (call) => {
      await stop(call);
      await remove(call);
    },
  }),
  ...operationsOf(spotFleetRequest, {
    poststart: noteFleet,
    delete: async (call) =>
      await remove(call.inputs.terminate_instances === false ? { ...call, resource: keeping } : call),
  }),
};

/** Waits until the request is answered with an instance. */
async function configure(call: Call): Promise<void> {
  const { ctx, api, runtime } = call;
  const id = createdId(call);
  if (id === undefined) return;
  const instance = await waitFor(ctx, `${id} to be fulfilled`, async () => textAt(await find(call, id), 'InstanceId'), {
    slow: true,
  });
  runtime.instance_ids = [instance];
  const [found] = valuesAt(await api.send('DescribeInstances', { InstanceIds: [instance] }), 'Reservations.Instances');
  if (found) Object.assign(runtime, addressesOf(call, found as JsonObject));
}

async function stop(call: Call): Promise<void> {
  const { api, runtime, external, force, ctx } = call;
  const id = createdId(call);
  const late = id === undefined ? undefined : textAt(await find(call, id), 'InstanceId');
  const ids = [...new Set([...valuesAt(runtime, 'instance_ids').map(String), ...(late ? [late] : [])])];
  if (ids.length === 0 || (external && !force)) return;
  // The request first: it would be answered with another instance.
  if (id !== undefined && late !== undefined)
    await api.send('CancelSpotInstanceRequests', { SpotInstanceRequestIds: [id] });
  await whenFree({ ctx }, `terminate ${ids.join(', ')}`, async () => {
    await api.send('TerminateInstances', { InstanceIds: ids });
  });
  await waitFor(ctx, `${ids.join(', ')} to terminate`, async () => {
    const states = valuesAt(
      await api.send('DescribeInstances', { InstanceIds: ids }),
      'Reservations.Instances.State.Name',
    );
    return states.every((state) => state === 'terminated') ? true : undefined;
  });
}

async function noteFleet(call: Call): Promise<void> {
  const id = createdId(call);
  if (id === undefined) return;
  const found = await call.api.send('DescribeSpotFleetInstances', { SpotFleetRequestId: id });
  call.runtime.instance_ids = valuesAt(found, 'ActiveInstances.InstanceId').map(String);
}
