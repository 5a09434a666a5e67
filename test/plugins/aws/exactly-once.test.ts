/** However a creation is interrupted, there is one resource in the end, and the node knows it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { blueprint } from './blueprint.js';
import { AMI, type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud('us-west-1');
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const NETWORK = `
  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.1.0.0/16 } } }
  subnet:
    type: cloudify.nodes.aws.ec2.Subnet
    properties: { CLIENT, resource_config: { CidrBlock: 10.1.1.0/24 } }
    relationships: [{ type: cloudify.relationships.depends_on, target: vpc }]
  ip: { type: cloudify.nodes.aws.ec2.ElasticIP, properties: { CLIENT } }`;

const balancer = (node: string) =>
  `  ${node}: { type: cloudify.nodes.aws.elb.LoadBalancer, properties: { CLIENT, resource_config: { Name: once } }, relationships: [{ type: cloudify.relationships.depends_on, target: subnet }] }`;
const targets = (node: string) =>
  `  ${node}: { type: cloudify.nodes.aws.elb.TargetGroup, properties: { CLIENT, resource_config: { Name: once, Protocol: HTTP, Port: 80 } }, relationships: [{ type: cloudify.relationships.depends_on, target: vpc }] }`;

/** Node under test (always `it`), the call that makes it, what it needs. */
const TAGGED: readonly (readonly [title: string, command: string, node: string, inNetwork?: boolean])[] = [
  [
    'VPC',
    'CreateVpc',
    '  it: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.9.0.0/16 } } }',
  ],
  [
    'internet gateway',
    'CreateInternetGateway',
    '  it: { type: cloudify.nodes.aws.ec2.InternetGateway, properties: { CLIENT } }',
  ],
  ['elastic IP', 'AllocateAddress', '  it: { type: cloudify.nodes.aws.ec2.ElasticIP, properties: { CLIENT } }'],
  [
    'volume',
    'CreateVolume',
    '  it: { type: cloudify.nodes.aws.ec2.EBSVolume, properties: { CLIENT, resource_config: { AvailabilityZone: us-west-1a, Size: 1 } } }',
  ],
  [
    'instance',
    'RunInstances',
    `  it: { type: cloudify.nodes.aws.ec2.Instances, properties: { CLIENT, resource_config: { ImageId: ${AMI}, InstanceType: t2.micro } } }`,
  ],
  [
    'two instances',
    'RunInstances',
    `  it: { type: cloudify.nodes.aws.ec2.Instances, properties: { CLIENT, resource_config: { ImageId: ${AMI}, InstanceType: t2.micro, MinCount: 2, MaxCount: 2 } } }`,
  ],
  [
    'key pair',
    'CreateKeyPair',
    '  it: { type: cloudify.nodes.aws.ec2.Keypair, properties: { CLIENT, resource_config: { KeyName: once } } }',
  ],
  [
    'subnet',
    'CreateSubnet',
    '  it: { type: cloudify.nodes.aws.ec2.Subnet, properties: { CLIENT, resource_config: { CidrBlock: 10.1.2.0/24 } }, relationships: [{ type: cloudify.relationships.depends_on, target: vpc }] }',
    true,
  ],
  [
    'security group',
    'CreateSecurityGroup',
    '  it: { type: cloudify.nodes.aws.ec2.SecurityGroup, properties: { CLIENT, resource_config: { GroupName: once, Description: once } }, relationships: [{ type: cloudify.relationships.depends_on, target: vpc }] }',
    true,
  ],
  [
    'route table',
    'CreateRouteTable',
    '  it: { type: cloudify.nodes.aws.ec2.RouteTable, properties: { CLIENT }, relationships: [{ type: cloudify.relationships.depends_on, target: vpc }] }',
    true,
  ],
  [
    'network interface',
    'CreateNetworkInterface',
    '  it: { type: cloudify.nodes.aws.ec2.Interface, properties: { CLIENT }, relationships: [{ type: cloudify.relationships.depends_on, target: subnet }] }',
    true,
  ],
  [
    'NAT gateway',
    'CreateNatGateway',
    '  it: { type: cloudify.nodes.aws.ec2.NATGateway, properties: { CLIENT }, relationships: [{ type: cloudify.relationships.depends_on, target: subnet }, { type: cloudify.relationships.depends_on, target: ip }] }',
    true,
  ],
  [
    'network ACL',
    'CreateNetworkAcl',
    '  it: { type: cloudify.nodes.aws.ec2.NetworkACL, properties: { CLIENT }, relationships: [{ type: cloudify.relationships.depends_on, target: vpc }] }',
    true,
  ],
  [
    'DHCP options',
    'CreateDhcpOptions',
    '  it: { type: cloudify.nodes.aws.ec2.DHCPOptions, properties: { CLIENT, resource_config: { kwargs: { DhcpConfigurations: [{ Key: domain-name, Values: [example.com] }] } } } }',
  ],
  ['VPN gateway', 'CreateVpnGateway', '  it: { type: cloudify.nodes.aws.ec2.VPNGateway, properties: { CLIENT } }'],
  [
    'customer gateway',
    'CreateCustomerGateway',
    '  it: { type: cloudify.nodes.aws.ec2.CustomerGateway, properties: { CLIENT, resource_config: { kwargs: { PublicIp: 12.1.2.3, BgpAsn: 65534 } } } }',
  ],
  [
    'transit gateway',
    'CreateTransitGateway',
    '  it: { type: cloudify.nodes.aws.ec2.TransitGateway, properties: { CLIENT } }',
  ],
  [
    'spot fleet',
    'RequestSpotFleet',
    `  it: { type: cloudify.nodes.aws.ec2.SpotFleetRequest, properties: { CLIENT, resource_config: { kwargs: { SpotFleetRequestConfig: { IamFleetRole: 'arn:aws:iam::123456789012:role/fleet', TargetCapacity: 1, AllocationStrategy: lowestPrice, SpotPrice: '0.5', LaunchSpecifications: [{ ImageId: ${AMI}, InstanceType: t2.micro, SubnetId: { get_attribute: [subnet, aws_resource_id] } }] } } } }, relationships: [{ type: cloudify.relationships.depends_on, target: subnet }] }`,
    true,
  ],
  [
    'classic load balancer',
    'CreateLoadBalancer',
    '  it: { type: cloudify.nodes.aws.elb.Classic.LoadBalancer, properties: { CLIENT, resource_config: { LoadBalancerName: once, Listeners: [{ Protocol: TCP, LoadBalancerPort: 22, InstancePort: 22 }], kwargs: { AvailabilityZones: [us-west-1a] } } } }',
  ],
  ['load balancer', 'CreateLoadBalancer', balancer('it'), true],
  ['target group', 'CreateTargetGroup', targets('it'), true],
  [
    'listener',
    'CreateListener',
    `${balancer('balancer')}\n${targets('targets')}
  it: { type: cloudify.nodes.aws.elb.Listener, properties: { CLIENT, resource_config: { Protocol: HTTP, Port: 80, DefaultActions: [{ Type: forward }] } }, relationships: [{ type: cloudify.relationships.depends_on, target: balancer }, { type: cloudify.relationships.depends_on, target: targets }] }`,
    true,
  ],
  [
    'rule of a listener',
    'CreateRule',
    `${balancer('balancer')}
  listener: { type: cloudify.nodes.aws.elb.Listener, properties: { CLIENT, resource_config: { Protocol: HTTP, Port: 80, DefaultActions: [{ Type: fixed-response, FixedResponseConfig: { StatusCode: '404' } }] } }, relationships: [{ type: cloudify.relationships.depends_on, target: balancer }] }
  it: { type: cloudify.nodes.aws.elb.Rule, properties: { CLIENT, resource_config: { Priority: 1, Conditions: [{ Field: path-pattern, Values: [/a] }], Actions: [{ Type: fixed-response, FixedResponseConfig: { StatusCode: '200' } }] } }, relationships: [{ type: cloudify.relationships.depends_on, target: listener }] }`,
    true,
  ],
];

const CASES = TAGGED.map(([title, command, node, inNetwork = false]) => ({ title, command, node, inNetwork }));

describe.each(CASES)('$title', ({ command, node, inNetwork }) => {
  const deploy = async () => await Deployment.of(blueprint(cloud.config, `${inNetwork ? NETWORK : ''}\n${node}`));

  test('is made once when the answer is lost', async () => {
    const before = await cloud.inventory();
    const deployment = await deploy();
    cloud.proxy.add({
      action: command,
      match: { value: deployment.instance('it').id },
      fault: { kind: 'lost-response' },
    });
    await deployment.install();
    expect(deployment.properties('it').create_response).toBeDefined();
    expect(deployment.properties('it').__create_token).toBeUndefined();
    await deployment.uninstall();
    expect(await cloud.inventory()).toEqual(before);
  });

  test('is made once when the worker dies between the answer and its being noted', async () => {
    const before = await cloud.inventory();
    const deployment = await deploy();
    let flushes = 0;
    deployment.onFlush = ({ instanceId }) => {
      if (instanceId !== deployment.instance('it').id) return;
      flushes += 1;
      // The first notes that the creation begins, the second what came of it.
      if (flushes === 2) deployment.kill();
    };
    await deployment.install();
    expect(flushes).toBeGreaterThan(2);
    expect(deployment.properties('it').create_response).toBeDefined();
    await deployment.uninstall();
    expect(await cloud.inventory()).toEqual(before);
  });
});

test('uninstalling finds what a creation made whose answer never came', async () => {
  const before = await cloud.inventory();
  const deployment = await Deployment.of(
    blueprint(
      cloud.config,
      '  it: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.9.0.0/16 } } }',
    ),
  );
  deployment.maxRetries = 0;
  cloud.proxy.add({ action: 'CreateVpc', fault: { kind: 'lost-response' } });
  cloud.proxy.add({ action: 'DescribeVpcs', times: 20, fault: { kind: 'error', status: 503, code: 'Unavailable' } });
  await expect(deployment.install()).rejects.toThrow('it.create');
  expect(await cloud.inventory()).not.toEqual(before);
  cloud.proxy.reset();
  await deployment.uninstall();
  expect(await cloud.inventory()).toEqual(before);
});

test('a call that was refused is no creation: another deployment may take the name', async () => {
  const group =
    '  it: { type: cloudify.nodes.aws.ec2.SecurityGroup, properties: { CLIENT, resource_config: { GroupName: refused, Description: x } } }';
  const first = await Deployment.of(blueprint(cloud.config, group));
  const second = await Deployment.of(blueprint(cloud.config, group));
  await first.install();
  await expect(second.install()).rejects.toThrow(/InvalidGroup.Duplicate.*choose another GroupName/s);
  await second.uninstall();
  expect((await cloud.inventory()).join()).toContain(first.properties('it').aws_resource_id);
  await first.uninstall();
});
