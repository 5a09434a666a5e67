/** What existed before is used, described, and left exactly as it was. */
import {
  AllocateAddressCommand,
  CreateKeyPairCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  type EC2Client,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { blueprint } from './blueprint.js';
import { AMI, type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud('sa-east-1');
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const deploy = async (nodes: string) => await Deployment.of(blueprint(cloud.config, nodes));

test('a whole network with machine, key and address that existed before is byte for byte the same afterwards', async () => {
  const { ec2 } = cloud;
  const vpc = (await ec2.send(new CreateVpcCommand({ CidrBlock: '10.5.0.0/16' }))).Vpc?.VpcId as string;
  const subnet = (await ec2.send(new CreateSubnetCommand({ VpcId: vpc, CidrBlock: '10.5.1.0/24' }))).Subnet
    ?.SubnetId as string;
  const group = (await ec2.send(new CreateSecurityGroupCommand({ VpcId: vpc, GroupName: 'pre', Description: 'pre' })))
    .GroupId as string;
  await ec2.send(new CreateKeyPairCommand({ KeyName: 'pre-made' }));
  const run = new RunInstancesCommand({
    ImageId: AMI,
    InstanceType: 't2.micro',
    MinCount: 1,
    MaxCount: 1,
    SubnetId: subnet,
  });
  const machine = (await ec2.send(run)).Instances?.[0]?.InstanceId as string;
  const address = (await ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }))).PublicIp as string;
  const volume = (await ec2.send(new CreateVolumeCommand({ AvailabilityZone: 'sa-east-1a', Size: 1 })))
    .VolumeId as string;
  const before = await everything(ec2);

  const deployment = await deploy(
    `
  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, use_external_resource: true, resource_id: ${vpc}, resource_config: { CidrBlock: 10.5.0.0/16 }, Tags: [{ Key: a, Value: b }] } }
  subnet:
    type: cloudify.nodes.aws.ec2.Subnet
    properties: { CLIENT, use_external_resource: true, resource_id: ${subnet} }
    relationships: [{ type: cloudify.relationships.contained_in, target: vpc }]
  group: { type: cloudify.nodes.aws.ec2.SecurityGroup, properties: { CLIENT, use_external_resource: true, resource_id: ${group}, resource_config: { GroupName: pre, Description: pre } } }
  key: { type: cloudify.nodes.aws.ec2.Keypair, properties: { CLIENT, use_external_resource: true, resource_id: pre-made } }
  old_key: { type: cloudify.aws.nodes.KeyPair, properties: { aws_config: AWS_CONFIG, use_external_resource: true, resource_id: pre-made, private_key_path: /nowhere/pre-made.pem } }
  vm: { type: cloudify.nodes.aws.ec2.Instances, properties: { CLIENT, use_external_resource: true, resource_id: ${machine} } }
  ip:
    type: cloudify.nodes.aws.ec2.ElasticIP
    properties: { CLIENT, use_external_resource: true, resource_id: ${address} }
    relationships: [{ type: cloudify.relationships.connected_to, target: vm }]
  disk:
    type: cloudify.nodes.aws.ec2.EBSVolume
    properties: { CLIENT, device_name: /dev/sdf, use_external_resource: true, resource_id: ${volume}, resource_config: { AvailabilityZone: sa-east-1a } }
    relationships: [{ type: cloudify.relationships.aws.ebs.attachment.connected_to, target: vm }]
`.replace(
      'AWS_CONFIG',
      cloud.config.replace('region_name', 'ec2_region_name').replace('endpoint_url', 'ec2_region_endpoint'),
    ),
  );
  await deployment.install();
  expect(deployment.properties('vm')).toMatchObject({
    aws_resource_id: machine,
    ip: expect.stringMatching(/^10\.5\.1\./),
  });
  expect(deployment.properties('key').aws_resource_id).toBe('pre-made');
  expect(deployment.properties('vpc')).toMatchObject({
    aws_resource_id: vpc,
    create_response: { CidrBlock: '10.5.0.0/16' },
  });
  expect(deployment.properties('ip').allocation_id).toMatch(/^eipalloc-/);
  await deployment.uninstall();

  expect(cloud.proxy.changes()).toEqual([]);
  expect(await everything(ec2)).toEqual(before);
});

test('what is expected to exist and does not fails at once', async () => {
  const deployment = await deploy(
    '  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, use_external_resource: true, resource_id: vpc-0123456789abcdef0, resource_config: { CidrBlock: 10.0.0.0/16 } } }',
  );
  await expect(deployment.install()).rejects.toThrow('VPC vpc-0123456789abcdef0 is expected to exist');
  expect(deployment.logs.filter((line) => line.startsWith('retry'))).toEqual([]);
  await deployment.uninstall();
});

test('with create_if_missing it is made, is ours, and goes', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(
    '  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, use_external_resource: true, create_if_missing: true, resource_id: vpc-0123456789abcdef0, resource_config: { CidrBlock: 10.0.0.0/16 } } }',
  );
  await deployment.install();
  expect(await cloud.inventory()).toContain(deployment.properties('vpc').aws_resource_id);
  await deployment.uninstall();
  expect(await cloud.inventory()).toEqual(before);
});

test('what exists though it is to be made is refused, or used and left with use_if_exists', async () => {
  const vpc = (await cloud.ec2.send(new CreateVpcCommand({ CidrBlock: '10.6.0.0/16' }))).Vpc?.VpcId as string;
  const node = (more: string) =>
    `  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_id: ${vpc}, ${more} resource_config: { CidrBlock: 10.6.0.0/16 } } }`;
  const refused = await deploy(node(''));
  await expect(refused.install()).rejects.toThrow(`VPC ${vpc} already exists`);
  await refused.uninstall();
  const used = await deploy(node('use_if_exists: true,'));
  await used.install();
  expect(used.properties('vpc').aws_resource_id).toBe(vpc);
  await used.uninstall();
  expect(cloud.proxy.changes()).toEqual([]);
  expect(await cloud.inventory()).toContain(vpc);
});

test('a key pair whose name is taken is refused, and stays', async () => {
  await cloud.ec2.send(new CreateKeyPairCommand({ KeyName: 'taken' }));
  const deployment = await deploy(
    '  key: { type: cloudify.nodes.aws.ec2.Keypair, properties: { CLIENT, resource_config: { KeyName: taken } } }',
  );
  await expect(deployment.install()).rejects.toThrow('a key pair taken exists already');
  await deployment.uninstall();
  expect(await cloud.inventory()).toContain('taken');
});

test('an unassociated address is used, associated, given back, and not released', async () => {
  const address = (await cloud.ec2.send(new AllocateAddressCommand({ Domain: 'vpc' }))).PublicIp as string;
  const deployment = await deploy(`
  vm: { type: cloudify.nodes.aws.ec2.Instances, properties: { CLIENT, resource_config: { ImageId: ${AMI}, InstanceType: t2.micro } } }
  ip:
    type: cloudify.nodes.aws.ec2.ElasticIP
    properties: { CLIENT, use_unassociated_addresses: true }
    relationships: [{ type: cloudify.relationships.connected_to, target: vm }]`);
  await deployment.install();
  expect(cloud.proxy.changes()).not.toContain('AllocateAddress');
  const used = deployment.properties('ip').unassociated_address;
  await deployment.uninstall();
  const { Addresses } = await cloud.ec2.send(new DescribeAddressesCommand({}));
  expect(Addresses?.find(({ PublicIp }) => PublicIp === used)?.AssociationId ?? '').toBe('');
  expect(Addresses?.map(({ PublicIp }) => PublicIp)).toContain(address);
});

test('a new address can be associated with what existed before, and comes off it', async () => {
  const run = new RunInstancesCommand({ ImageId: AMI, InstanceType: 't2.micro', MinCount: 1, MaxCount: 1 });
  const machine = (await cloud.ec2.send(run)).Instances?.[0]?.InstanceId as string;
  const before = await cloud.inventory();
  const deployment = await deploy(`
  vm: { type: cloudify.nodes.aws.ec2.Instances, properties: { CLIENT, use_external_resource: true, resource_id: ${machine} } }
  ip:
    type: cloudify.nodes.aws.ec2.ElasticIP
    properties: { CLIENT }
    relationships: [{ type: cloudify.relationships.connected_to, target: vm }]`);
  await deployment.install();
  expect(deployment.properties('ip').association_id).toMatch(/^eipassoc-/);
  await deployment.uninstall();
  expect(await cloud.inventory()).toEqual(before);
});

async function everything(ec2: EC2Client): Promise<unknown> {
  const answers = await Promise.all([
    ec2.send(new DescribeVpcsCommand({})),
    ec2.send(new DescribeSubnetsCommand({})),
    ec2.send(new DescribeSecurityGroupsCommand({})),
    ec2.send(new DescribeKeyPairsCommand({})),
    ec2.send(new DescribeInstancesCommand({})),
    ec2.send(new DescribeAddressesCommand({})),
    ec2.send(new DescribeVolumesCommand({})),
  ]);
  return answers.map(({ $metadata: _, ...answer }) => answer);
}
