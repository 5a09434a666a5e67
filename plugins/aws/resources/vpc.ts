import type { JsonObject } from '../../../blueprint/json.js';
import type { Call } from '../call.js';
import { objectsAt, textAt } from '../json.js';
import { modifyAttributes } from '../modify.js';
import { operationsOf } from '../operations.js';
import type { Resource } from '../resource.js';

export const vpc: Resource = {
  name: 'vpc',
  title: 'VPC',
  tagType: 'vpc',
  create: { command: 'CreateVpc', answer: 'Vpc' },
  describe: { command: 'DescribeVpcs', by: 'VpcIds', answer: 'Vpcs', id: 'VpcId' },
  remove: { command: 'DeleteVpc', input: (VpcId) => ({ VpcId }) },
  states: { path: 'State', ready: ['available'] },
  obstacles,
  async complete(call, id) {
    await modify(call, id);
    const main = [
      { Name: 'vpc-id', Values: [id] },
      { Name: 'association.main', Values: ['true'] },
    ];
    const table = textAt(await call.api.send('DescribeRouteTables', { Filters: main }), 'RouteTables.RouteTableId');
    if (table !== undefined) call.runtime.main_route_table_id = table;
  },
};

const modify = modifyAttributes('ModifyVpcAttribute', 'VpcId', 'modify_vpc_attribute_args');

export const vpcOperations = operationsOf(vpc, { modify_vpc_attribute: (call) => modify(call) });

/** What lives in the VPC: it is for its owner to delete, not for us. */
async function obstacles({ api }: Call, id: string): Promise<string> {
  const inVpc = { Filters: [{ Name: 'vpc-id', Values: [id] }] };
  const answers: [JsonObject, string, string][] = [
    [await api.send('DescribeSubnets', inVpc), 'Subnets', 'SubnetId'],
    [await api.send('DescribeNetworkInterfaces', inVpc), 'NetworkInterfaces', 'NetworkInterfaceId'],
    [await api.send('DescribeSecurityGroups', inVpc), 'SecurityGroups', 'GroupId'],
    [
      await api.send('DescribeInternetGateways', { Filters: [{ Name: 'attachment.vpc-id', Values: [id] }] }),
      'InternetGateways',
      'InternetGatewayId',
    ],
  ];
  const ids = answers.flatMap(([answer, list, key]) =>
    objectsAt(answer, list).flatMap((item) => (item.GroupName === 'default' ? [] : String(item[key]))),
  );
  return ids.length > 0 ? `still in it: ${ids.join(', ')}` : '';
}
