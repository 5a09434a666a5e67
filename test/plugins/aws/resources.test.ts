/** Every kind of resource: made with the parameters its node has, found, taken away. */
import {
  DescribeDhcpOptionsCommand,
  DescribeNetworkAclsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { blueprint } from './blueprint.js';
import { AMI, type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';
import { leavesNothing } from './leaves-nothing.js';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud('us-east-2');
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const deploy = async (nodes: string) => await Deployment.of(blueprint(cloud.config, nodes));

const VPC =
  '  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.2.0.0/16 } } }';
const SUBNET = `
  subnet:
    type: cloudify.nodes.aws.ec2.Subnet
    properties: { CLIENT, resource_config: { CidrBlock: 10.2.1.0/24, AvailabilityZone: us-east-2a } }
    relationships: [{ type: cloudify.relationships.depends_on, target: vpc }]`;
const MACHINE = `  vm: { type: cloudify.nodes.aws.ec2.Instances, properties: { CLIENT, resource_config: { ImageId: ${AMI}, InstanceType: t2.micro } } }`;

test('a VPC takes attributes at its creation', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`
  vpc:
    type: cloudify.nodes.aws.ec2.Vpc
    properties: { CLIENT, resource_config: { CidrBlock: 10.2.0.0/16 } }
    interfaces:
      cloudify.interfaces.lifecycle:
        create:
          implementation: aws.cloudify_aws.ec2.resources.vpc.create
          inputs: { modify_vpc_attribute_args: { EnableDnsHostnames: { Value: true } } }`);
  await deployment.install();
  expect(cloud.proxy.changes()).toEqual(['CreateVpc', 'ModifyVpcAttribute']);
  await leavesNothing(cloud, deployment, before);
});

test('a VPC is told of the subnets that are related to it', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(
    `${VPC}${SUBNET.replace('cloudify.relationships.depends_on', 'cloudify.relationships.aws.ec2.subnet_connected_to_vpc')}`,
  );
  await deployment.install();
  expect(deployment.properties('vpc').subnets).toEqual([deployment.properties('subnet').aws_resource_id]);
  await leavesNothing(cloud, deployment, before);
});

test('a subnet without a range fills its VPC, and takes another zone than one that is not there', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}
  subnet:
    type: cloudify.nodes.aws.ec2.Subnet
    properties: { CLIENT, use_available_zones: true, resource_config: { AvailabilityZone: us-east-2z } }
    relationships: [{ type: cloudify.relationships.contained_in, target: vpc }]`);
  await deployment.install();
  const { Subnets } = await cloud.ec2.send(
    new DescribeSubnetsCommand({ SubnetIds: [String(deployment.properties('subnet').aws_resource_id)] }),
  );
  expect(Subnets?.[0]).toMatchObject({ CidrBlock: '10.2.0.0/16', AvailabilityZone: 'us-east-2a' });
  await leavesNothing(cloud, deployment, before);
});

test('a security group has the rules of its configuration and of its rule nodes, in both directions', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(
    `${VPC}
  group:
    type: cloudify.nodes.aws.ec2.SecurityGroup
    properties:
      CLIENT
      resource_config:
        GroupName: web
        Description: web
        kwargs:
          IpPermissions: [{ IpProtocol: tcp, FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: 0.0.0.0/0 }] }]
    relationships: [{ type: cloudify.relationships.contained_in, target: vpc }]
  ingress:
    type: cloudify.nodes.aws.ec2.SecurityGroupRuleIngress
    properties: { CLIENT, resource_config: { IpPermissions: [{ IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: 10.0.0.0/8 }, { CidrIp: 172.16.0.0/12 }] }] } }
    relationships: [{ type: cloudify.relationships.contained_in, target: group }]
  egress:
    type: cloudify.nodes.aws.ec2.SecurityGroupRuleEgress
    properties: { CLIENT, resource_config: { IpPermissions: [{ IpProtocol: udp, FromPort: 53, ToPort: 53, IpRanges: [{ CidrIp: 10.0.0.0/8 }] }] } }
    relationships: [{ type: cloudify.relationships.contained_in, target: group }]`.replace(
      '      CLIENT\n',
      `      client_config: ${cloud.config}\n`,
    ),
  );
  await deployment.install();
  const read = async () => {
    const GroupIds = [String(deployment.properties('group').aws_resource_id)];
    const { SecurityGroups } = await cloud.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds }));
    return SecurityGroups?.[0];
  };
  const group = await read();
  expect(group?.IpPermissions?.map(({ FromPort }) => FromPort).sort()).toEqual([22, 443]);
  expect(group?.IpPermissionsEgress?.map(({ FromPort }) => FromPort)).toContain(53);
  expect(deployment.properties('ingress').security_group_rule_ids).toHaveLength(2);
  await deployment.run('ingress', 'stop');
  expect((await read())?.IpPermissions?.map(({ FromPort }) => FromPort)).toEqual([443]);
  await leavesNothing(cloud, deployment, before);
});

test('a rule that was in the group before is left there', async () => {
  const rule = '[{ IpProtocol: tcp, FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: 10.0.0.0/8 }] }]';
  const nodes = (name: string) => `
  group: { type: cloudify.nodes.aws.ec2.SecurityGroup, properties: { CLIENT, resource_config: { GroupName: ${name}, Description: x } } }
  first:
    type: cloudify.nodes.aws.ec2.SecurityGroupRuleIngress
    properties: { CLIENT, resource_config: { IpPermissions: ${rule} } }
    relationships: [{ type: cloudify.relationships.contained_in, target: group }]
  second:
    type: cloudify.nodes.aws.ec2.SecurityGroupRuleIngress
    properties: { CLIENT, resource_config: { IpPermissions: ${rule} } }
    relationships:
      - { type: cloudify.relationships.contained_in, target: group }
      - { type: cloudify.relationships.depends_on, target: first }`;
  const deployment = await deploy(nodes('twice'));
  await deployment.install();
  expect(deployment.properties('second').security_group_rule_ids).toEqual([]);
  await deployment.run('second', 'stop');
  const GroupIds = [String(deployment.properties('group').aws_resource_id)];
  const { SecurityGroups } = await cloud.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds }));
  expect(SecurityGroups?.[0]?.IpPermissions).toHaveLength(1);
  await deployment.uninstall();
});

test('a NAT gateway gets the address that its node is related to', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}${SUBNET}
  ip: { type: cloudify.nodes.aws.ec2.ElasticIP, properties: { CLIENT } }
  nat:
    type: cloudify.nodes.aws.ec2.NATGateway
    properties: { CLIENT }
    relationships:
      - { type: cloudify.relationships.depends_on, target: subnet }
      - { type: cloudify.relationships.depends_on, target: ip }
  table:
    type: cloudify.nodes.aws.ec2.RouteTable
    properties: { CLIENT }
    relationships: [{ type: cloudify.relationships.contained_in, target: vpc }]
  route:
    type: cloudify.nodes.aws.ec2.Route
    properties: { CLIENT, resource_config: { kwargs: { DestinationCidrBlock: 0.0.0.0/0 } } }
    relationships:
      - { type: cloudify.relationships.contained_in, target: table }
      - { type: cloudify.relationships.connected_to, target: nat }`);
  await deployment.install();
  expect(deployment.properties('nat').allocation_id).toBe(deployment.properties('ip').allocation_id);
  const sent = cloud.proxy.log.find(({ action }) => action === 'CreateRoute')?.parameters;
  expect(sent?.NatGatewayId).toBe(deployment.properties('nat').aws_resource_id);
  await leavesNothing(cloud, deployment, before);
});

test('tags nodes tag what they depend on', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}
  tags:
    type: cloudify.nodes.aws.ec2.Tags
    properties: { CLIENT, resource_config: { kwargs: { Tags: [{ Key: team, Value: net }] } } }
    relationships: [{ type: cloudify.relationships.depends_on, target: vpc }]`);
  await deployment.install();
  const teams = async () => {
    const { Vpcs } = await cloud.ec2.send(
      new DescribeVpcsCommand({ VpcIds: [String(deployment.properties('vpc').aws_resource_id)] }),
    );
    return Vpcs?.[0]?.Tags?.filter(({ Key }) => Key === 'team').map(({ Value }) => Value);
  };
  expect(await teams()).toEqual(['net']);
  await deployment.run('tags', 'delete');
  expect(await teams()).toEqual([]);
  await leavesNothing(cloud, deployment, before);
});

test('a network ACL covers its subnets with its entries, and gives them back', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}${SUBNET}
  acl:
    type: cloudify.nodes.aws.ec2.NetworkACL
    properties: { CLIENT }
    relationships:
      - { type: cloudify.relationships.contained_in, target: vpc }
      - { type: cloudify.relationships.connected_to, target: subnet }
  entry:
    type: cloudify.nodes.aws.ec2.NetworkAclEntry
    properties: { CLIENT, resource_config: { kwargs: { RuleNumber: 100, Protocol: '6', RuleAction: allow, Egress: false, CidrBlock: 0.0.0.0/0, PortRange: { From: 80, To: 80 } } } }
    relationships: [{ type: cloudify.relationships.contained_in, target: acl }]`);
  await deployment.install();
  const { NetworkAcls } = await cloud.ec2.send(
    new DescribeNetworkAclsCommand({ NetworkAclIds: [String(deployment.properties('acl').aws_resource_id)] }),
  );
  expect(NetworkAcls?.[0]?.Associations).toMatchObject([{ SubnetId: deployment.properties('subnet').aws_resource_id }]);
  expect(NetworkAcls?.[0]?.Entries?.map(({ RuleNumber }) => RuleNumber)).toContain(100);
  await leavesNothing(cloud, deployment, before);
});

test('DHCP options are given to the VPC, which has its own back afterwards', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}
  options:
    type: cloudify.nodes.aws.ec2.DHCPOptions
    properties: { CLIENT, resource_config: { kwargs: { DhcpConfigurations: [{ Key: domain-name, Values: [example.com] }] } } }
    relationships: [{ type: cloudify.relationships.connected_to, target: vpc }]`);
  await deployment.install();
  const optionsOf = async () => {
    const { Vpcs } = await cloud.ec2.send(
      new DescribeVpcsCommand({ VpcIds: [String(deployment.properties('vpc').aws_resource_id)] }),
    );
    return Vpcs?.[0]?.DhcpOptionsId;
  };
  const id = deployment.properties('options').aws_resource_id;
  expect(await optionsOf()).toBe(id);
  await leavesNothing(cloud, deployment, before);
  const { DhcpOptions } = await cloud.ec2.send(new DescribeDhcpOptionsCommand({}));
  expect(DhcpOptions?.map(({ DhcpOptionsId }) => DhcpOptionsId)).not.toContain(id);
});

test('VPCs are peered and the peer accepts', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}
  other: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.3.0.0/16 } } }
  peering:
    type: cloudify.nodes.aws.ec2.VpcPeering
    properties: { CLIENT }
    relationships:
      - { type: cloudify.relationships.connected_to, target: vpc }
      - { type: cloudify.relationships.connected_to, target: other }
  accepted:
    type: cloudify.nodes.aws.ec2.VpcPeeringAcceptRequest
    properties: { CLIENT }
    relationships: [{ type: cloudify.relationships.connected_to, target: peering }]`);
  await deployment.install();
  const sent = cloud.proxy.log.find(({ action }) => action === 'CreateVpcPeeringConnection')?.parameters;
  expect(sent).toMatchObject({
    VpcId: deployment.properties('vpc').aws_resource_id,
    PeerVpcId: deployment.properties('other').aws_resource_id,
  });
  expect(cloud.proxy.changes()).toContain('AcceptVpcPeeringConnection');
  await leavesNothing(cloud, deployment, before);
});

test('a VPN: both gateways, the connection, its route; all of it goes', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}
  vpn_gateway:
    type: cloudify.nodes.aws.ec2.VPNGateway
    properties: { CLIENT, resource_config: { kwargs: { Type: ipsec.1 } } }
    relationships: [{ type: cloudify.relationships.connected_to, target: vpc }]
  customer: { type: cloudify.nodes.aws.ec2.CustomerGateway, properties: { CLIENT, resource_config: { kwargs: { PublicIp: 12.1.2.3, BgpAsn: 65534 } } } }
  vpn:
    type: cloudify.nodes.aws.ec2.VPNConnection
    properties: { CLIENT, resource_config: { kwargs: { Options: { StaticRoutesOnly: true } } } }
    relationships:
      - { type: cloudify.relationships.connected_to, target: vpn_gateway }
      - { type: cloudify.relationships.connected_to, target: customer }`);
  await deployment.install();
  expect(cloud.proxy.changes()).toEqual(expect.arrayContaining(['AttachVpnGateway', 'CreateVpnConnection']));
  expect(JSON.stringify(deployment.properties('vpn'))).not.toContain('pre_shared_key');
  await leavesNothing(cloud, deployment, before);
});

test('a transit gateway with a route table, and a VPC attached through its subnet', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}${SUBNET}
  transit:
    type: cloudify.nodes.aws.ec2.TransitGateway
    properties: { CLIENT, resource_config: { kwargs: { Description: hub } } }
    relationships: [{ type: cloudify.relationships.aws.ec2.attach_transit_gateway_to_vpc, target: subnet }]
  transit_table:
    type: cloudify.nodes.aws.ec2.TransitGatewayRouteTable
    properties: { CLIENT }
    relationships: [{ type: cloudify.relationships.depends_on, target: transit }]`);
  await deployment.install();
  expect(cloud.proxy.changes()).toEqual(
    expect.arrayContaining(['CreateTransitGatewayVpcAttachment', 'CreateTransitGatewayRouteTable']),
  );
  cloud.proxy.reset();
  await leavesNothing(cloud, deployment, before);
  expect(cloud.proxy.changes()).toEqual(
    expect.arrayContaining([
      'DeleteTransitGatewayVpcAttachment',
      'DeleteTransitGatewayRouteTable',
      'DeleteTransitGateway',
    ]),
  );
});

test('an image is looked up, and one is made from an instance', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${MACHINE}
  newest: { type: cloudify.nodes.aws.ec2.Image, properties: { CLIENT, resource_config: { kwargs: { Owners: ['137112412989'], Filters: [{ Name: name, Values: ['amzn*'] }] } } } }
  copy:
    type: cloudify.nodes.aws.ec2.Image
    properties: { CLIENT, use_external_resource: false, resource_config: { Name: copy } }
    relationships: [{ type: cloudify.relationships.depends_on, target: vm }]`);
  await deployment.install();
  expect(deployment.properties('newest').aws_resource_id).toBe('ami-04681a1dbd79675a5');
  expect(deployment.properties('copy').aws_resource_id).toMatch(/^ami-/);
  cloud.proxy.reset();
  await leavesNothing(cloud, deployment, before);
  expect(cloud.proxy.changes().filter((action) => action === 'DeregisterImage')).toHaveLength(1);
});

test('the snapshots of an image that was made go with it, also when the process died between', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${MACHINE}
  copy:
    type: cloudify.nodes.aws.ec2.Image
    properties: { CLIENT, use_external_resource: false, resource_config: { Name: copy } }
    relationships: [{ type: cloudify.relationships.depends_on, target: vm }]`);
  await deployment.install();
  cloud.proxy.reset();
  cloud.proxy.add({ action: 'DeleteSnapshot', fault: { kind: 'error', status: 400, code: 'UnauthorizedOperation' } });
  await expect(deployment.uninstall()).rejects.toThrow('UnauthorizedOperation');
  expect(cloud.proxy.changes().slice(0, 2)).toEqual(['DeregisterImage', 'DeleteSnapshot']);
  await leavesNothing(cloud, deployment, before);
});

test('an image that is not there fails at once', async () => {
  const deployment = await deploy(
    '  ami: { type: cloudify.nodes.aws.ec2.Image, properties: { CLIENT, resource_config: { kwargs: { Filters: [{ Name: name, Values: [nothing] }] } } } }',
  );
  await expect(deployment.install()).rejects.toThrow('there is no image that fits ami_');
  expect(deployment.logs.filter((line) => line.startsWith('retry'))).toEqual([]);
});

test('a volume is attached through its relationship', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${MACHINE}
  disk:
    type: cloudify.nodes.aws.ec2.EBSVolume
    properties: { CLIENT, device_name: /dev/sdh, resource_config: { AvailabilityZone: us-east-2a, Size: 4 } }
    relationships: [{ type: cloudify.relationships.aws.ebs.attachment.connected_to, target: vm }]`);
  await deployment.install();
  expect(deployment.properties('disk').ebs_attach).toMatchObject({
    Device: '/dev/sdh',
    InstanceId: deployment.properties('vm').aws_resource_id,
  });
  await leavesNothing(cloud, deployment, before);
});

test('an interface is attached to the instance that it is related to, and comes off it', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}${SUBNET}
  vm:
    type: cloudify.nodes.aws.ec2.Instances
    properties: { CLIENT, resource_config: { ImageId: ${AMI}, InstanceType: t2.micro } }
    relationships: [{ type: cloudify.relationships.depends_on, target: subnet }]
  nic:
    type: cloudify.nodes.aws.ec2.Interface
    properties: { CLIENT }
    relationships:
      - { type: cloudify.relationships.depends_on, target: subnet }
      - { type: cloudify.relationships.connected_to, target: vm }`);
  await deployment.install();
  expect(deployment.properties('nic')).toMatchObject({
    device_index: 1,
    attachment_id: expect.stringMatching(/^eni-attach-/),
  });
  cloud.proxy.reset();
  await leavesNothing(cloud, deployment, before);
  expect(cloud.proxy.changes()).toContain('DetachNetworkInterface');
});

test('spot instances are asked for, waited for, and taken back', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`
  spot:
    type: cloudify.nodes.aws.ec2.SpotInstances
    properties: { CLIENT, resource_config: { kwargs: { SpotPrice: '0.5', LaunchSpecification: { ImageId: ${AMI}, InstanceType: t2.micro, UserData: hunter22 } } } }`);
  await deployment.install();
  const sent = cloud.proxy.log.find(({ action }) => action === 'RequestSpotInstances')?.parameters;
  expect(sent?.['LaunchSpecification.UserData']).toBe(Buffer.from('hunter22').toString('base64'));
  expect(JSON.stringify([deployment.properties('spot'), deployment.logs])).not.toContain('hunter22');
  expect(deployment.properties('spot').instance_ids).toEqual([expect.stringMatching(/^i-/)]);
  expect(await cloud.inventory()).toContain(deployment.properties('spot').aws_resource_id);
  await leavesNothing(cloud, deployment, before);
});

test('drift is told by path', async () => {
  const deployment = await deploy(VPC);
  await deployment.install();
  expect(await deployment.run('vpc', 'check_drift')).toBeUndefined();
  deployment.setProperties('vpc', {
    ...deployment.properties('vpc'),
    expected_configuration: {
      ...(deployment.properties('vpc').expected_configuration as object),
      InstanceTenancy: 'dedicated',
    },
  });
  expect(await deployment.run('vpc', 'check_drift')).toEqual({
    InstanceTenancy: { expected: 'dedicated', actual: 'default' },
  });
  expect(await deployment.run('vpc', 'cloudify.interfaces.validation.check_status')).toEqual({ status: 'available' });
  await deployment.uninstall();
});
