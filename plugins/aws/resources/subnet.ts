import type { JsonObject } from '../../../blueprint/json.js';
import type { Call } from '../call.js';
import { relatedTo } from '../infer.js';
import { objectsAt, textAt, valuesAt } from '../json.js';
import { modifyAttributes } from '../modify.js';
import { operationsOf, relationshipOperation } from '../operations.js';
import type { Resource } from '../resource.js';

export const subnet: Resource = {
  name: 'subnet',
  title: 'subnet',
  tagType: 'subnet',
  create: { command: 'CreateSubnet', answer: 'Subnet' },
  describe: { command: 'DescribeSubnets', by: 'SubnetIds', answer: 'Subnets', id: 'SubnetId' },
  remove: { command: 'DeleteSubnet', input: (SubnetId) => ({ SubnetId }) },
  states: { path: 'State', ready: ['available'] },
  infers: [{ parameter: 'VpcId', from: ['vpc'] }],
  request,
  complete: async (call, id) => await modify(call, id),
};

const modify = modifyAttributes('ModifySubnetAttribute', 'SubnetId', 'modify_subnet_attribute_args');

export const subnetOperations = {
  ...operationsOf(subnet, { modify_subnet_attribute: (call) => modify(call) }),
  'ec2.subnet.set_subnet': relationshipOperation(async ({ source, target }) => {
    const id = source.instance.runtimeProperties.aws_resource_id;
    if (id !== undefined)
      target.instance.runtimeProperties.subnets = [...others(target.instance.runtimeProperties, id), id];
  }),
  'ec2.subnet.unset_subnet': relationshipOperation(async ({ source, target }) => {
    const id = source.instance.runtimeProperties.aws_resource_id;
    if (id !== undefined) target.instance.runtimeProperties.subnets = others(target.instance.runtimeProperties, id);
  }),
};

function others(properties: JsonObject, id: unknown) {
  return valuesAt(properties, 'subnets').filter((known) => known !== id);
}

/** Without a range of its own it fills its VPC. */
async function request(call: Call, config: JsonObject): Promise<JsonObject> {
  const [parent] = relatedTo(call.ctx.instance, 'vpc');
  const whole = textAt(parent?.instance.runtimeProperties, 'create_response.CidrBlock');
  const ranged = ['CidrBlock', 'Ipv4IpamPoolId', 'Ipv6Native'].some((parameter) => Boolean(config[parameter]));
  const withRange = ranged || whole === undefined ? config : { ...config, CidrBlock: whole };
  return call.properties.use_available_zones === true ? await inAvailableZone(call, withRange) : withRange;
}

export async function inAvailableZone({ api, ctx }: Call, config: JsonObject): Promise<JsonObject> {
  const zones = objectsAt(await api.send('DescribeAvailabilityZones', {}), 'AvailabilityZones')
    .filter(({ State }) => State === 'available')
    .map(({ ZoneName }) => String(ZoneName));
  const [other] = zones;
  if (other === undefined || zones.includes(String(config.AvailabilityZone))) return config;
  ctx.logger.warn('there is no availability zone %s: %s is used', config.AvailabilityZone ?? '', other);
  return { ...config, AvailabilityZone: other };
}
