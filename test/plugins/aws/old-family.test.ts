/** What only the old family has: its relationships do what the current family's nodes do. */
import { DeleteSnapshotCommand, DescribeSubnetsCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { apiNames } from '../../../plugins/aws/old-family.js';
import { blueprint } from './blueprint.js';
import { AMI, type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';
import { leavesNothing } from './leaves-nothing.js';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud('eu-west-2');
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const deploy = async (nodes: string) => {
  const config = cloud.config.replace('region_name', 'ec2_region_name').replace('endpoint_url', 'ec2_region_endpoint');
  return await Deployment.of(blueprint(cloud.config, nodes.replaceAll('AWS', `aws_config: ${config}`)));
};

const NETWORK = `
  net: { type: cloudify.aws.nodes.VPC, properties: { AWS, cidr_block: 10.0.0.0/16 } }
  sub:
    type: cloudify.aws.nodes.Subnet
    properties: { AWS, cidr_block: 10.0.0.0/24, availability_zone: eu-west-2a }
    relationships: [{ type: cloudify.aws.relationships.subnet_contained_in_vpc, target: net }]`;

test('a VPN: gateways, their attachment, a connection with routes', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${NETWORK}
  vpn_gateway:
    type: cloudify.aws.nodes.VPNGateway
    properties: { AWS }
    relationships: [{ type: cloudify.aws.relationships.gateway_connected_to_vpc, target: net }]
  customer:
    type: cloudify.aws.nodes.CustomerGateway
    properties: { AWS, ip_address: 12.1.2.3, bgp_asn: 65534 }
    relationships:
      - type: cloudify.aws.relationships.customer_gateway_connected_to_vpn_gateway
        target: vpn_gateway`);
  await deployment.install();
  expect(cloud.proxy.changes()).toEqual(expect.arrayContaining(['AttachVpnGateway', 'CreateVpnConnection']));
  expect(deployment.properties('customer').vpn_connection).toMatch(/^vpn-/);
  cloud.proxy.reset();
  await leavesNothing(cloud, deployment, before);
  expect(cloud.proxy.changes()).toEqual(
    expect.arrayContaining(['DeleteVpnConnection', 'DetachVpnGateway', 'DeleteVpnGateway']),
  );
});

test('an ACL with entries covers a subnet; DHCP options serve a VPC; both give back what was there', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(
    `${NETWORK}
  acl:
    type: cloudify.aws.nodes.ACL
    properties:
      AWS
      acl_network_entries:
        - { rule_number: 101, protocol: 6, rule_action: ALLOW, cidr_block: 0.0.0.0/0, egress: '', icmp_code: '', icmp_type: '', port_range_from: 0, port_range_to: 65535 }
    relationships:
      - { type: cloudify.aws.relationships.network_acl_contained_in_vpc, target: net }
      - { type: cloudify.aws.relationships.network_acl_associated_with_subnet, target: sub }
  options:
    type: cloudify.aws.nodes.DHCPOptions
    properties: { AWS, domain_name: example.com, domain_name_servers: AmazonProvidedDNS }
    relationships: [{ type: cloudify.aws.relationships.dhcp_options_associated_with_vpc, target: net }]`.replace(
      '      AWS\n',
      `      aws_config: ${cloud.config.replace('region_name', 'ec2_region_name').replace('endpoint_url', 'ec2_region_endpoint')}\n`,
    ),
  );
  await deployment.install();
  const { Vpcs } = await cloud.ec2.send(
    new DescribeVpcsCommand({ VpcIds: [String(deployment.properties('net').aws_resource_id)] }),
  );
  expect(Vpcs?.[0]?.DhcpOptionsId).toBe(deployment.properties('options').aws_resource_id);
  const entry = cloud.proxy.log.find(({ action }) => action === 'CreateNetworkAclEntry')?.parameters;
  expect(entry).toMatchObject({
    RuleNumber: '101',
    Protocol: '6',
    RuleAction: 'allow',
    Egress: 'false',
    'PortRange.To': '65535',
  });
  expect(cloud.proxy.changes()).toContain('ReplaceNetworkAclAssociation');
  await leavesNothing(cloud, deployment, before);
});

test('two VPCs are peered by a route table, with routes to the peer', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${NETWORK}
  other: { type: cloudify.aws.nodes.VPC, properties: { AWS, cidr_block: 11.0.0.0/16 } }
  table:
    type: cloudify.aws.nodes.RouteTable
    properties: { AWS }
    relationships:
      - { type: cloudify.aws.relationships.routetable_contained_in_vpc, target: net }
      - type: cloudify.aws.relationships.route_table_of_source_vpc_connected_to_target_peer_vpc
        target: other
        target_interfaces:
          cloudify.interfaces.relationship_lifecycle:
            preconfigure:
              implementation: aws.cloudify_aws.vpc.vpc.create_vpc_peering_connection
              inputs: { routes: [{ destination_cidr_block: { get_property: [other, cidr_block] } }] }`);
  await deployment.install();
  expect(cloud.proxy.changes()).toEqual(
    expect.arrayContaining(['CreateVpcPeeringConnection', 'AcceptVpcPeeringConnection', 'CreateRoute']),
  );
  await leavesNothing(cloud, deployment, before);
});

test('an interface of its own is attached to a machine, and one is brought along by another machine', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${NETWORK}
  first:
    type: cloudify.aws.nodes.Instance
    properties: { AWS, image_id: ${AMI}, instance_type: t2.micro }
    relationships: [{ type: cloudify.aws.relationships.instance_contained_in_subnet, target: sub }]
  extra:
    type: cloudify.aws.nodes.Interface
    properties: { AWS, parameters: { description: extra } }
    relationships:
      - { type: cloudify.aws.relationships.connected_to_subnet, target: sub }
      - { type: cloudify.aws.relationships.eni_connected_to_instance, target: first }
  own:
    type: cloudify.aws.nodes.Interface
    properties: { AWS }
    relationships: [{ type: cloudify.aws.relationships.connected_to_subnet, target: sub }]
  second:
    type: cloudify.aws.nodes.Instance
    properties: { AWS, image_id: ${AMI}, instance_type: t2.micro }
    relationships:
      - { type: cloudify.aws.relationships.instance_connected_to_subnet, target: sub }
      - { type: cloudify.aws.relationships.instance_connected_to_eni, target: own }`);
  await deployment.install();
  expect(deployment.properties('extra').attachment_id).toMatch(/^eni-attach-/);
  const runs = cloud.proxy.log.filter(({ action }) => action === 'RunInstances').map(({ parameters }) => parameters);
  expect(runs.map((sent) => sent['NetworkInterface.1.NetworkInterfaceId'])).toContain(
    deployment.properties('own').aws_resource_id,
  );
  await leavesNothing(cloud, deployment, before);
});

test('a snapshot is taken of a volume, and creations are validated', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`
  volume: { type: cloudify.aws.nodes.Volume, properties: { AWS, size: '1', zone: eu-west-2a, device: /dev/sdf } }
  machine: { type: cloudify.aws.nodes.Instance, properties: { AWS, image_id: ami-00000000000000000, instance_type: t2.micro } }
  missing: { type: cloudify.aws.nodes.VPC, properties: { AWS, use_external_resource: true, resource_id: vpc-00000000000000000, cidr_block: 10.0.0.0/16 } }`);
  await deployment.run('volume', 'create');
  await deployment.run('volume', 'cloudify.interfaces.aws.snapshot.create');
  const [SnapshotId] = deployment.properties('volume').snapshots_ids as string[];
  expect(SnapshotId).toMatch(/^snap-/);
  const validate = async (node: string) => await deployment.run(node, 'cloudify.interfaces.validation.creation');
  await expect(validate('machine')).rejects.toThrow(/ami-00000000000000000|InvalidAMIID/);
  await expect(validate('missing')).rejects.toThrow(
    'External resource, but the supplied VPC vpc-00000000000000000 does not exist',
  );
  await deployment.run('volume', 'delete');
  // Taken to outlive the volume, it does.
  expect(await cloud.inventory()).toContain(SnapshotId);
  await cloud.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
  expect(await cloud.inventory()).toEqual(before);
  const { Subnets } = await cloud.ec2.send(new DescribeSubnetsCommand({}));
  expect(Subnets?.every(({ DefaultForAz }) => DefaultForAz)).toBe(true);
});

test("boto's names are the API's", () => {
  expect(
    apiNames({
      key_name: 'k',
      placement: 'us-east-1a',
      tenancy: 'dedicated',
      monitoring_enabled: true,
      instance_profile_name: 'p',
      block_device_map: { '/dev/sda1': { size: 10, volume_type: 'gp2' }, '/dev/sdb': { ephemeral_name: 'ephemeral0' } },
      network_interfaces: [{ network_interface_id: 'eni-1', device_index: 0, groups: 'sg-1' }],
      user_data: '',
    }),
  ).toEqual({
    KeyName: 'k',
    Placement: { AvailabilityZone: 'us-east-1a', Tenancy: 'dedicated' },
    Monitoring: { Enabled: true },
    IamInstanceProfile: { Name: 'p' },
    BlockDeviceMappings: [
      { DeviceName: '/dev/sda1', Ebs: { VolumeSize: 10, VolumeType: 'gp2' } },
      { DeviceName: '/dev/sdb', VirtualName: 'ephemeral0' },
    ],
    NetworkInterfaces: [{ NetworkInterfaceId: 'eni-1', DeviceIndex: 0, Groups: ['sg-1'] }],
  });
});
