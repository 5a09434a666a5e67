/** What the plugin says of itself: every mapping leads to an operation, by today's name and by those it once had. */
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import aws from '../../../plugins/aws/index.js';
import { builtInPlugins } from '../../../plugins/builtin.js';
import { activityOf, findPlugin } from '../../../plugins/catalog.js';

const described = async () => {
  const found = await findPlugin(await builtInPlugins(), 'cloudify-aws-plugin')?.describe([1, 3]);
  return parse(found?.text ?? '', { merge: true, maxAliasCount: -1 });
};

test('every mapping of the description is an operation', async () => {
  const mappings = [...implementationsIn(await described())];
  expect(mappings.length).toBeGreaterThan(150);
  for (const mapping of mappings) expect(aws.operations, mapping).toHaveProperty([mapping.replace(/^aws\./, '')]);
});

test('every operation is mapped, or is for blueprints that call it by name', async () => {
  const mapped = new Set([...implementationsIn(await described())].map((name) => name.replace(/^aws\./, '')));
  const generic = /\.(poststart|check_status|check_drift|creation_validation|prepare)$/;
  const byName = Object.keys(aws.operations).filter((name) => !mapped.has(name) && !generic.test(name));
  expect(byName.sort()).toEqual(['ec2.call.send', 'ec2.securitygroup.start', 'ec2.ebs.start'].sort());
});

test.each([
  ['cloudify_aws.ec2.resources.instances.create', 'aws.ec2.instances.create'],
  ['cloudify_aws.ec2.resources.eni.attach', 'aws.ec2.eni.attach'],
  ['cloudify_aws.ec2.resources.securitygroup.authorize_ingress_rules', 'aws.ec2.securitygroup.authorize_ingress_rules'],
  ['cloudify_aws.ec2.resources.ebs.attach_using_relationship', 'aws.ec2.ebs.associate'],
  ['cloudify_aws.ec2.resources.elasticip.attach', 'aws.ec2.elasticip.attach'],
  ['cloudify_aws.ec2.resources.nat_gateway.delete', 'aws.ec2.nat_gateway.delete'],
  ['cloudify_aws.elb.resources.load_balancer.modify', 'aws.elb.load_balancer.modify'],
  ['cloudify_aws.elb.resources.target_group.create', 'aws.elb.target_group.create'],
  ['cloudify_aws.elb.resources.classic.load_balancer.assoc', 'aws.elb.classic.load_balancer.assoc'],
  ['cloudify_aws.elb.resources.classic.policy.create_sticky', 'aws.elb.classic.policy.create_sticky'],
  ['cloudify_aws.ec2.elasticloadbalancer.create', 'aws.elb.classic.load_balancer.create'],
  ['cloudify_aws.ec2.elasticloadbalancer.disassociate', 'aws.elb.classic.load_balancer.disassoc'],
  [
    'cloudify_aws.ec2.resources.transit_gateway.request_vpc_attachment',
    'aws.ec2.transit_gateway.request_vpc_attachment',
  ],
  ['cloudify_aws.ec2.instance.start', 'aws.ec2.instances.start'],
  ['cloudify_aws.ec2.keypair.create', 'aws.ec2.keypair.create'],
  ['cloudify_aws.ec2.elasticip.associate', 'aws.ec2.elasticip.associate'],
  ['cloudify_aws.ec2.ebs.create_snapshot', 'aws.ec2.ebs.create_snapshot'],
  ['cloudify_aws.ec2.securitygroup.create_rule', 'aws.ec2.securitygroup.create_rule'],
  ['cloudify_aws.vpc.vpc.create_vpc', 'aws.ec2.vpc.create'],
  ['cloudify_aws.vpc.vpc.delete', 'aws.ec2.vpc.delete'],
  ['cloudify_aws.vpc.subnet.start_subnet', 'aws.ec2.subnet.check_status'],
  ['cloudify_aws.vpc.gateway.attach_gateway', 'aws.ec2.gateway.associate'],
  ['cloudify_aws.vpc.routetable.create_route_to_gateway', 'aws.ec2.routetable.route_to_gateway'],
  ['cloudify_aws.vpc.vpc.create_vpc_peering_connection', 'aws.ec2.vpc_peering.connect'],
  ['cloudify_aws.vpc.dhcp.restore_dhcp_options', 'aws.ec2.dhcp.restore'],
  ['cloudify_aws.vpc.gateway.create_vpn_connection', 'aws.ec2.vpn_connection.connect'],
])('%s is %s', async (name, activity) => {
  const catalog = await builtInPlugins();
  expect(activityOf(catalog, { name: 'aws', package_name: 'cloudify-aws-plugin' }, name)).toBe(activity);
});

/** Values of `implementation`, and mappings in their short form. */
function* implementationsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    if (/^aws\.\w+\.[\w.]+$/.test(value)) yield value;
  } else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) yield* implementationsIn(item);
}
