/** The old family of types (`cloudify.aws.nodes.*`), said in the words of the current one. */
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import type { NodeView } from '../sdk/context.js';
import { objectsAt, valuesAt, withoutEmpty } from './json.js';
import type { ResourceName } from './node-types.js';
import { oldLoadBalancer } from './old-load-balancer.js';
import { fromOldRules } from './permissions.js';

export function isOldFamily({ typeHierarchy }: Pick<NodeView, 'typeHierarchy'>): boolean {
  return typeHierarchy.some((type) => type.startsWith('cloudify.aws.nodes.'));
}

/** The properties with `resource_config` and `Tags` made of what the old family has in their place. */
export function translated(properties: JsonObject, resource: ResourceName): JsonObject {
  const config = CONFIGS[resource]?.(properties) ?? {};
  return {
    ...properties,
    resource_config: withoutEmpty({ ...config, ...apiNames(properties.parameters) }),
    Tags: tagsOf(properties),
  };
}

const CONFIGS: Partial<Record<ResourceName, (properties: JsonObject) => JsonObject>> = {
  instances: ({ image_id = null, instance_type = null }) => ({ ImageId: image_id, InstanceType: instance_type }),
  keypair: ({ private_key_path, resource_id }) => ({ KeyName: resource_id || nameOfFile(private_key_path) }),
  securitygroup: ({ description = null, resource_id = null, rules }) => ({
    Description: description,
    GroupName: resource_id,
    IpPermissions: fromOldRules(valuesAt(rules, ''), 'Ingress'),
    IpPermissionsEgress: fromOldRules(valuesAt(rules, ''), 'Egress'),
  }),
  elasticip: ({ domain = null }) => ({ Domain: domain || 'vpc' }),
  ebs: ({ size = null, zone = null }) => ({ Size: size, AvailabilityZone: zone }),
  vpc: ({ cidr_block = null, instance_tenancy = null }) => ({
    CidrBlock: cidr_block,
    InstanceTenancy: instance_tenancy,
  }),
  subnet: ({ cidr_block = null, availability_zone = null }) => ({
    CidrBlock: cidr_block,
    AvailabilityZone: availability_zone,
  }),
  vpn_gateway: ({ type = null, availability_zone = null }) => ({ Type: type, AvailabilityZone: availability_zone }),
  customer_gateway: ({ type = null, ip_address = null, bgp_asn = null }) => ({
    Type: type,
    PublicIp: ip_address,
    BgpAsn: bgp_asn,
  }),
  networkacl: ({ acl_network_entries }) => ({ Entries: objectsAt(acl_network_entries, '').map(aclEntry) }),
  dhcp: (properties) => ({ DhcpConfigurations: dhcpConfigurations(properties) }),
  'elb.classic.load_balancer': oldLoadBalancer,
};

/** An operation's `args`: more parameters of its call, in boto's names. */
export function translatedArgs(args: JsonObject, resource: ResourceName): JsonObject {
  return resource === 'elb.classic.load_balancer' ? withoutEmpty(oldLoadBalancer(args)) : apiNames(args);
}

/** boto's names of parameters as the API's: `subnet_id` is `SubnetId`, and some are not so regular. */
export function apiNames(parameters: Json | undefined): JsonObject {
  if (!isObject(parameters)) return {};
  const named: Record<string, Json> = {};
  for (const [key, value] of Object.entries(parameters)) {
    const irregular = IRREGULAR[key]?.(value) ?? { [pascal(key)]: value };
    for (const [name, part] of Object.entries(irregular)) {
      const known = named[name];
      named[name] = isObject(known) && isObject(part) ? { ...known, ...part } : part;
    }
  }
  return withoutEmpty(named);
}

const IRREGULAR: Readonly<Record<string, (value: Json) => JsonObject>> = {
  placement: (value) => ({ Placement: { AvailabilityZone: value } }),
  placement_group: (value) => ({ Placement: { GroupName: value } }),
  tenancy: (value) => ({ Placement: { Tenancy: value } }),
  monitoring_enabled: (value) => ({ Monitoring: { Enabled: value } }),
  instance_profile_name: (value) => ({ IamInstanceProfile: { Name: value } }),
  instance_profile_arn: (value) => ({ IamInstanceProfile: { Arn: value } }),
  block_device_map: (value) => ({ BlockDeviceMappings: blockDevices(value) }),
  network_interfaces: (value) => ({ NetworkInterfaces: valuesAt(value, '').map((item) => apiNames(item)) }),
  groups: (value) => ({ Groups: valuesAt(value, '') }),
  addressing_type: () => ({}),
};

function blockDevices(map: Json): JsonObject[] {
  if (!isObject(map)) return [];
  return Object.entries(map).map(([DeviceName, device]) => {
    const { ephemeral_name = null, no_device, size = null, ...ebs } = isObject(device) ? device : {};
    return withoutEmpty({
      DeviceName,
      VirtualName: ephemeral_name,
      ...(no_device ? { NoDevice: '' } : {}),
      Ebs: withoutEmpty({ VolumeSize: size, ...apiNames(ebs) }),
    });
  });
}

function aclEntry(entry: JsonObject): JsonObject {
  const { rule_number = null, protocol = null, rule_action = null, cidr_block = null, egress } = entry;
  const { icmp_type, icmp_code, port_range_from, port_range_to } = entry;
  return {
    RuleNumber: rule_number,
    Protocol: protocol === null ? '-1' : String(protocol),
    RuleAction: String(rule_action ?? 'allow').toLowerCase(),
    CidrBlock: cidr_block,
    Egress: egress === true,
    ...given('IcmpTypeCode', { Type: icmp_type, Code: icmp_code }),
    ...given('PortRange', { From: port_range_from, To: port_range_to }),
  };
}

function given(name: string, parts: Readonly<Record<string, Json | undefined>>): JsonObject {
  const known = Object.entries(parts).filter(([, value]) => value !== undefined && value !== '' && value !== null);
  return known.length > 0 ? { [name]: Object.fromEntries(known) as JsonObject } : {};
}

const DHCP = ['domain_name', 'domain_name_servers', 'ntp_servers', 'netbios_name_servers', 'netbios_node_type'];

function dhcpConfigurations(properties: JsonObject): JsonObject[] {
  return DHCP.flatMap((name) => {
    const values = valuesAt(properties[name], '')
      .filter((value) => value !== '')
      .map(String);
    return values.length > 0 ? [{ Key: name.replaceAll('_', '-'), Values: values }] : [];
  });
}

function tagsOf({ tags, name }: JsonObject): JsonObject[] {
  const all = { ...(typeof name === 'string' && name !== '' ? { Name: name } : {}), ...(isObject(tags) ? tags : {}) };
  return Object.entries(all).map(([Key, Value]) => ({ Key, Value: String(Value) }));
}

function nameOfFile(file: Json | undefined): string | null {
  if (typeof file !== 'string' || file === '') return null;
  return file.slice(file.lastIndexOf('/') + 1).replace(/\.[^.]*$/, '');
}

function pascal(name: string): string {
  return name.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
