/** The names that existing blueprints and plugin descriptions have for our operations. */
import type { ResourceName } from './node-types.js';
import { qualified } from './operations.js';

/** Of the old family: module and function → our operation. */
const OLD: Readonly<Record<string, string>> = {
  ...module('ec2.instance', 'instances', { modify_attributes: 'modify_instance_attribute' }, ['start', 'stop']),
  ...module('ec2.keypair', 'keypair'),
  ...module('ec2.elasticip', 'elasticip', {}, ['associate', 'disassociate']),
  ...module('ec2.securitygroup', 'securitygroup', {}, ['start', 'create_rule', 'delete_rule']),
  ...module('ec2.ebs', 'ebs', {}, ['start', 'create_snapshot', 'associate', 'disassociate']),
  ...module('ec2.elasticloadbalancer', 'elb.classic.load_balancer', { associate: 'assoc', disassociate: 'disassoc' }, [
    'start',
  ]),
  ...module('ec2.eni', 'eni', { start: 'check_status' }, ['associate', 'disassociate']),
  ...module('vpc.gateway', 'internet_gateway', {
    create_internet_gateway: 'create',
    start_internet_gateway: 'check_status',
    delete_internet_gateway: 'delete',
  }),
  ...module('vpc.gateway', 'vpn_gateway', {
    create_vpn_gateway: 'create',
    start_vpn_gateway: 'check_status',
    delete_vpn_gateway: 'delete',
  }),
  ...module('vpc.gateway', 'customer_gateway', {
    create_customer_gateway: 'create',
    start_customer_gateway: 'check_status',
    delete_customer_gateway: 'delete',
  }),
  ...module('vpc.routetable', 'routetable', {
    create_route_table: 'create',
    start_route_table: 'check_status',
    delete_route_table: 'delete',
    associate_route_table: 'associate',
    disassociate_route_table: 'disassociate',
    create_route_to_gateway: 'route_to_gateway',
    delete_route_from_gateway: 'unroute_gateway',
  }),
  ...module('vpc.networkacl', 'networkacl', {
    create_network_acl: 'create',
    start_network_acl: 'check_status',
    delete_network_acl: 'delete',
    associate_network_acl: 'associate',
    disassociate_network_acl: 'disassociate',
  }),
  ...module('vpc.dhcp', 'dhcp', {
    create_dhcp_options: 'create',
    start_dhcp_options: 'check_status',
    delete_dhcp_options: 'delete',
    associate_dhcp_options: 'associate',
    restore_dhcp_options: 'restore',
  }),
  ...module('vpc.vpc', 'vpc_peering', {
    create_vpc_peering_connection: 'connect',
    accept_vpc_peering_connection: 'accept_connected',
    delete_vpc_peering_connection: 'disconnect',
  }),
  'cloudify_aws.vpc.gateway.attach_gateway': 'ec2.gateway.associate',
  'cloudify_aws.vpc.gateway.detach_gateway': 'ec2.gateway.disassociate',
  'cloudify_aws.vpc.gateway.create_vpn_connection': 'ec2.vpn_connection.connect',
  'cloudify_aws.vpc.gateway.delete_vpn_connection': 'ec2.vpn_connection.disconnect',
  ...module('vpc.vpc', 'vpc', { create_vpc: 'create', start: 'check_status' }),
  ...module('vpc.subnet', 'subnet', { create_subnet: 'create', start_subnet: 'check_status', delete_subnet: 'delete' }),
};

function module(
  path: string,
  resource: ResourceName,
  renamed: Readonly<Record<string, string>> = {},
  same: readonly string[] = [],
): Record<string, string> {
  const all = { ...renamed };
  for (const name of ['create', 'delete', 'creation_validation', ...same]) all[name] ??= name;
  return Object.fromEntries(
    Object.entries(all).map(([alias, name]) => [
      `cloudify_aws.${path}.${alias}`,
      `${qualified({ name: resource })}.${name}`,
    ]),
  );
}

/** Those of the aliases that stand for an operation there is. */
export function aliases(operations: Readonly<Record<string, unknown>>): Record<string, string> {
  const current = Object.keys(operations).map(
    (name) => [name.replace(/^(\w+)\./, 'cloudify_aws.$1.resources.'), name] as const,
  );
  const special = Object.entries({
    'cloudify_aws.ec2.resources.ebs.attach_using_relationship': 'ec2.ebs.associate',
    'cloudify_aws.ec2.resources.ebs.detach_using_relationship': 'ec2.ebs.disassociate',
    ...OLD,
  });
  return Object.fromEntries([...current, ...special].filter(([, name]) => Object.hasOwn(operations, name)));
}
