/** Instances, one or many to a node. */
import { isObject, type JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { addressesOf } from '../addresses.js';
import { ApiError } from '../api-error.js';
import type { Call } from '../call.js';
import { withInterfaces } from '../interfaces.js';
import { objectsAt, textAt, valuesAt } from '../json.js';
import { createdId } from '../lifecycle.js';
import { modifyAttributes } from '../modify.js';
import { oldInstanceFacts, STOPPED_FACTS } from '../old-instance.js';
import { operationsOf } from '../operations.js';
import { windowsPassword } from '../password.js';
import type { Resource } from '../resource.js';
import { withUserData } from '../user-data.js';
import { waitFor } from '../wait.js';

const PENDING = 0;
const RUNNING = 16;
const SHUTTING_DOWN = 32;
const TERMINATED = 48;
const STOPPED = 80;

export const instances: Resource = {
  name: 'instances',
  title: 'instance',
  tagType: 'instance',
  create: { command: 'RunInstances', answer: instancesIn },
  describe: {
    command: 'DescribeInstances',
    by: 'InstanceIds',
    answer: (answer) => objectsAt(answer, 'Reservations').flatMap(instancesIn),
    id: 'InstanceId',
  },
  remove: { command: 'TerminateInstances', input: (id) => ({ InstanceIds: [id] }) },
  states: { path: 'State.Code', ready: [PENDING, RUNNING, STOPPED], gone: [TERMINATED], leaving: [SHUTTING_DOWN] },
  infers: [
    { parameter: 'SubnetId', from: ['subnet'] },
    { parameter: 'SecurityGroupIds', from: ['securitygroup'], all: true },
    { parameter: 'KeyName', from: ['keypair'] },
    { parameter: 'ImageId', from: ['image'] },
  ],
  request: runRequest,
  response: (made) => ({ ReservationId: made[0]?.ReservationId ?? null, Instances: made }),
  facts: oldInstanceFacts,
};

const modify = modifyAttributes('ModifyInstanceAttribute', 'InstanceId', 'modify_instance_attribute_args');

export const instanceOperations = operationsOf(instances, {
  start,
  stop,
  poststart: refresh,
  modify_instance_attribute: (call) => modify(call),
});

function instancesIn(reservation: JsonObject): JsonObject[] {
  const { ReservationId = null } = reservation;
  return objectsAt(reservation, 'Instances').map((instance) => ({ ...instance, ReservationId }));
}

function runRequest(call: Call, config: JsonObject): JsonObject {
  const { ctx } = call;
  if (config.ImageId === undefined && config.LaunchTemplate === undefined)
    throw new NonRecoverableError(`${ctx.instance.id} says neither by ImageId nor by LaunchTemplate what to start`);
  const counted = { MinCount: 1, MaxCount: 1, ...config };
  if (Number(counted.MaxCount) > 1)
    ctx.logger.warn('%s stands for up to %d instances; its ip is that of the first', ctx.instance.id, counted.MaxCount);
  return withUserData(withVolumes(withInterfaces(ctx, counted)), agentScriptOf(call));
}

/** Machines may install their agent themselves. Types that are no hosts have none. */
function agentScriptOf({ ctx }: Call): string | undefined {
  return ctx.node.isA('cloudify.nodes.Compute') ? ctx.agent.initScript() : undefined;
}

/** Volumes that come with an instance go with it, unless the blueprint wants them kept. */
function withVolumes(config: JsonObject): JsonObject {
  if (config.BlockDeviceMappings === undefined) return config;
  const BlockDeviceMappings = objectsAt(config, 'BlockDeviceMappings').map(({ Ebs, ...device }) =>
    isObject(Ebs) ? { ...device, Ebs: { DeleteOnTermination: true, ...Ebs } } : device,
  );
  return { ...config, BlockDeviceMappings };
}

/** Starts what is stopped, waits until all of them run, and notes how to reach them. */
async function start(call: Call): Promise<void> {
  const { ctx, runtime, external, force } = call;
  const ids = idsOf(call);
  if (ids.length === 0) throw new NonRecoverableError(`${ctx.instance.id} has no instance to start`);
  const reading = external && !force;
  let started = false;
  const running = await waitFor(ctx, `${ids.join(', ')} to run`, async () => {
    const found = await described(call, ids);
    if (reading) return found;
    for (const instance of found) refuseEnded(instance);
    const stopped = found.filter((instance) => codeOf(instance) === STOPPED);
    if (stopped.length > 0 && !started) {
      started = true;
      await unlessUnsupported(
        call,
        'StartInstances',
        stopped.map((instance) => String(instance.InstanceId)),
      );
    }
    const all = found.length === ids.length && found.every((instance) => codeOf(instance) === RUNNING);
    return all ? found : undefined;
  });
  const [first] = running;
  if (!first) throw new NonRecoverableError(`the instance ${ids.join(', ')} does not exist`);
  Object.assign(runtime, addressesOf(call, first), oldInstanceFacts(call, first));
  if (call.properties.use_password === true && runtime.password === undefined)
    runtime.password = await windowsPassword(call, String(first.InstanceId));
}

async function stop(call: Call): Promise<void> {
  const { ctx, runtime, external, force } = call;
  const ids = idsOf(call);
  if (external && !force) return ctx.logger.info('%s existed before and is left running', ids.join(', '));
  const live = (await described(call, ids)).filter((instance) => !isEnded(instance));
  if (live.length === 0) return ctx.logger.info('there is no instance to stop');
  const liveIds = live.map((instance) => String(instance.InstanceId));
  let asked = false;
  await waitFor(ctx, `${liveIds.join(', ')} to stop`, async () => {
    const found = await described(call, liveIds);
    const rest = found.filter((instance) => codeOf(instance) !== STOPPED && !isEnded(instance));
    if (rest.length === 0) return true;
    if (asked || rest.some((instance) => codeOf(instance) === PENDING)) return undefined;
    asked = true;
    return (await unlessUnsupported(
      call,
      'StopInstances',
      rest.map((instance) => String(instance.InstanceId)),
    ))
      ? undefined
      : true;
  });
  for (const fact of STOPPED_FACTS) delete runtime[fact];
}

/** Notes what the API tells of the instance now. */
async function refresh(call: Call): Promise<void> {
  const [first] = await described(call, idsOf(call));
  if (!first) return;
  call.runtime.resource = first;
  call.runtime.expected_configuration = first;
}

/** Spot instances and those without a root volume of their own cannot be stopped or started. */
async function unlessUnsupported({ api, ctx }: Call, command: string, InstanceIds: string[]): Promise<boolean> {
  try {
    await api.send(command, { InstanceIds });
    return true;
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'UnsupportedOperation') throw error;
    ctx.logger.info('%s does not support %s: left as it is', InstanceIds.join(', '), command);
    return false;
  }
}

/** As they are, ended ones too. */
async function described({ api }: Call, ids: readonly string[]): Promise<JsonObject[]> {
  if (ids.length === 0) return [];
  try {
    return valuesAt(await api.send('DescribeInstances', { InstanceIds: ids }), 'Reservations')
      .filter(isObject)
      .flatMap(instancesIn);
  } catch (error) {
    if (error instanceof ApiError && error.gone) return [];
    throw error;
  }
}

function idsOf(call: Call): string[] {
  const all = valuesAt(call.runtime, 'aws_resource_ids').map(String);
  const id = textAt(call.inputs, 'aws_resource_id') ?? createdId(call) ?? textAt(call.runtime, 'aws_resource_id');
  return all.length > 0 ? all : id === undefined ? [] : [id];
}

function refuseEnded(instance: JsonObject): void {
  if (!isEnded(instance)) return;
  const reason = textAt(instance, 'StateReason.Message') ?? textAt(instance, 'StateTransitionReason');
  throw new NonRecoverableError(`${instance.InstanceId} has terminated${reason ? `: ${reason}` : ''}`);
}

function isEnded(instance: JsonObject): boolean {
  return [SHUTTING_DOWN, TERMINATED].includes(codeOf(instance));
}

function codeOf(instance: JsonObject): number {
  return Number(textAt(instance, 'State.Code'));
}
