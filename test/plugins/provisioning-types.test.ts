/** Blueprints for EC2 and Docker name these types, of either generation: each is there, and whatever it maps can be run. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { builtInPlugins } from '../../plugins/builtin.js';
import { activityOf, findPlugin } from '../../plugins/catalog.js';

const catalog = await builtInPlugins();

const NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'cloudify-aws-plugin': {
    'cloudify.nodes.aws.ec2.':
      'Instances SpotInstances SpotFleetRequest Subnet ElasticIP Route RouteTable Vpc Interface SecurityGroup ' +
      'SecurityGroupRuleIngress SecurityGroupRuleEgress Image InternetGateway NATGateway Keypair EBSVolume EBSAttachment ' +
      'Tags VpcPeering VpcPeeringRequest VpcPeeringAcceptRequest VpcPeeringRejectRequest TransitGateway ' +
      'TransitGatewayRouteTable TransitGatewayRoute NetworkACL NetworkAclEntry DHCPOptions VPNGateway VPNConnection ' +
      'VPNConnectionRoute CustomerGateway',
    'cloudify.aws.nodes.':
      'Instance WindowsInstance Subnet ElasticIP RouteTable VPC Interface SecurityGroup SecurityGroupRule ' +
      'SecurityGroupRule.Multi InternetGateway KeyPair Volume VPNGateway CustomerGateway ACL DHCPOptions',
  },
  'cloudify-docker-plugin': {
    'cloudify.docker.': 'Container',
    'cloudify.nodes.docker.':
      'image container container_files host images containers host_details ansible_playbook terraform_module network volume',
  },
};

/** Others do something with what these say. */
const PASSIVE = ['cloudify.nodes.aws.ec2.VpcPeeringRequest', 'cloudify.aws.nodes.SecurityGroupRule'];

const CASES = Object.entries(NAMES).flatMap(([packageName, families]) =>
  Object.entries(families).flatMap(([prefix, names]) => names.split(' ').map((name) => [prefix + name, packageName])),
) as readonly (readonly [type: string, packageName: string])[];

test.each(CASES)('%s', async (type, packageName) => {
  const description = await findPlugin(catalog, packageName)?.describe([1, 3]);
  const { node_types: types, plugins } = parse(description?.text ?? '', { merge: true, maxAliasCount: -1 });
  expect(types).toHaveProperty([type]);
  const mappings: string[] = [];
  for (let name: string | undefined = type; types[name ?? ''] !== undefined; name = types[name ?? ''].derived_from)
    mappings.push(...implementationsIn(types[name ?? ''].interfaces, Object.keys(plugins)));
  expect(mappings.length > 0, type).toBe(!PASSIVE.includes(type));
  for (const mapping of mappings) {
    const [prefix = '', ...operation] = mapping.split('.');
    const plugin = { name: prefix, package_name: plugins[prefix].package_name };
    expect(activityOf(catalog, plugin, operation.join('.')), mapping).toMatch(/^(aws|docker)\./);
  }
});

/** Values of `implementation`, and mappings in their short form. */
function implementationsIn(value: unknown, prefixes: readonly string[]): string[] {
  if (typeof value === 'string') return prefixes.some((prefix) => value.startsWith(`${prefix}.`)) ? [value] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((item) => implementationsIn(item, prefixes));
}
