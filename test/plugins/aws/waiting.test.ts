/** The cloud takes its time, refuses to be hurried, and breaks: what the operations make of it. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { blueprint } from './blueprint.js';
import { AMI, type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud('ap-south-1');
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const MACHINE = `  vm: { type: cloudify.nodes.aws.ec2.Instances, properties: { CLIENT, resource_config: { ImageId: ${AMI}, InstanceType: t2.micro } } }`;
const VPC =
  '  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.4.0.0/16 } } }';
const GROUP = `
  group:
    type: cloudify.nodes.aws.ec2.SecurityGroup
    properties: { CLIENT, resource_config: { GroupName: waiting, Description: waiting } }
    relationships: [{ type: cloudify.relationships.contained_in, target: vpc }]`;
const BOOTING = {
  kind: 'rewrite',
  from: '<code>16</code>\\s*<name>running</name>',
  to: '<code>0</code><name>pending</name>',
} as const;

const deploy = async (nodes: string) => await Deployment.of(blueprint(cloud.config, nodes));
const retriesOf = ({ logs }: Deployment) => logs.filter((line) => line.startsWith('retry'));

test('a machine that boots slowly is waited for within the attempt', async () => {
  const deployment = await deploy(MACHINE);
  cloud.proxy.add({ action: 'DescribeInstances', times: 6, fault: BOOTING });
  await deployment.install();
  expect(deployment.instance('vm').state).toBe('started');
  expect(deployment.properties('vm').ip).toMatch(/^\d+\./);
  expect(retriesOf(deployment)).toEqual([]);
  expect(cloud.proxy.changes()).toEqual(['RunInstances']);
  await deployment.uninstall();
});

test('what takes longer than an attempt waits is asked for again, and not made again', async () => {
  const deployment = await deploy(MACHINE);
  process.env.CAISSON_AWS_POLL_FOR_MS = '100';
  try {
    cloud.proxy.add({ action: 'DescribeInstances', after: 1, times: 12, fault: BOOTING });
    deployment.maxRetries = -1;
    await deployment.install();
  } finally {
    process.env.CAISSON_AWS_POLL_FOR_MS = '3000';
  }
  expect(retriesOf(deployment).length).toBeGreaterThan(0);
  expect(cloud.proxy.changes()).toEqual(['RunInstances']);
  await deployment.uninstall();
});

test('a cancel ends the waiting at once, and the machine is still known', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(MACHINE);
  cloud.proxy.add({ action: 'DescribeInstances', after: 1, times: 1_000, fault: BOOTING });
  const installed = deployment.install();
  await expect.poll(() => cloud.proxy.log.length).toBeGreaterThan(5);
  deployment.cancel();
  await expect(installed).rejects.toThrow('cancelled');
  cloud.proxy.reset();
  await deployment.uninstall();
  expect(await cloud.inventory()).toEqual(before);
});

test('a machine that ends while it boots fails for good, with the reason that EC2 gives', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(MACHINE);
  const ended = {
    kind: 'rewrite',
    from: '<message/>([^]*)<code>16</code>\\s*<name>running</name>',
    to: '<message>Client.InternalError: no such key</message>$1<code>48</code><name>terminated</name>',
  } as const;
  cloud.proxy.add({ action: 'DescribeInstances', after: 1, times: 1, fault: ended });
  await expect(deployment.install()).rejects.toThrow(/has terminated: Client.InternalError: no such key/);
  expect(retriesOf(deployment)).toEqual([]);
  await deployment.uninstall();
  expect(await cloud.inventory()).toEqual(before);
});

test('throttled calls are sent again, those that look and those that make', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}${GROUP}`);
  const throttled = { kind: 'error', status: 503, code: 'RequestLimitExceeded' } as const;
  cloud.proxy.add(
    { action: 'DescribeVpcs', times: 2, fault: throttled },
    { action: 'CreateVpc', times: 2, fault: throttled },
    { action: 'CreateSecurityGroup', times: 2, fault: throttled },
    { action: 'DeleteVpc', times: 2, fault: throttled },
  );
  await deployment.install();
  await deployment.uninstall();
  expect(retriesOf(deployment)).toEqual([]);
  expect(await cloud.inventory()).toEqual(before);
});

test('connections that break are no failure', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}${GROUP}`);
  cloud.proxy.add(
    { action: 'CreateVpc', fault: { kind: 'reset' } },
    { action: 'DescribeVpcs', times: 2, fault: { kind: 'reset' } },
    { action: 'DeleteSecurityGroup', fault: { kind: 'lost-response' } },
    { action: 'DeleteVpc', fault: { kind: 'lost-response' } },
  );
  await deployment.install();
  await deployment.uninstall();
  expect(await cloud.inventory()).toEqual(before);
});

test('a group that is still in use is deleted when it is free, and nothing else is touched', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${VPC}${GROUP}`);
  await deployment.install();
  cloud.proxy.reset();
  cloud.proxy.add({
    action: 'DeleteSecurityGroup',
    times: 3,
    fault: { kind: 'error', status: 400, code: 'DependencyViolation', message: 'it has a dependent object' },
  });
  await deployment.uninstall();
  expect(cloud.proxy.changes()).toEqual([...Array(4).fill('DeleteSecurityGroup'), 'DeleteVpc']);
  expect(await cloud.inventory()).toEqual(before);
});

test('a VPC that others use is left with a message that names what is in it', async () => {
  const deployment = await deploy(VPC);
  await deployment.install();
  const other = await deploy(`
  subnet: { type: cloudify.nodes.aws.ec2.Subnet, properties: { CLIENT, resource_config: { CidrBlock: 10.4.9.0/24, VpcId: ${String(deployment.properties('vpc').aws_resource_id)} } } }`);
  await other.install();
  process.env.CAISSON_AWS_POLL_FOR_MS = '60';
  try {
    await expect(deployment.uninstall()).rejects.toThrow(
      new RegExp(`DependencyViolation.*still in it: ${String(other.properties('subnet').aws_resource_id)}`, 's'),
    );
  } finally {
    process.env.CAISSON_AWS_POLL_FOR_MS = '3000';
  }
  await other.uninstall();
  await deployment.uninstall();
});

test('when everything has vanished, the install fails clearly and soon, and there is nothing to uninstall', async () => {
  const deployment = await deploy(`${VPC}
  subnet:
    type: cloudify.nodes.aws.ec2.Subnet
    properties: { CLIENT, resource_config: { CidrBlock: 10.4.1.0/24 } }
    relationships: [{ type: cloudify.relationships.contained_in, target: vpc }]`);
  await deployment.run('vpc', 'create');
  deployment.setProperties('vpc', { ...deployment.properties('vpc'), aws_resource_id: 'vpc-00000000000000000' });
  deployment.maxRetries = -1;
  await expect(deployment.run('subnet', 'create')).rejects.toThrow(
    /create of subnet_\w+: CreateSubnet: InvalidVpcID.NotFound/,
  );
  await deployment.uninstall();
});

test('capacity is waited for; a quota and wrong credentials are not', async () => {
  const refused = async (code: string, times: number) => {
    const deployment = await deploy(MACHINE);
    cloud.proxy.reset();
    cloud.proxy.add({ action: 'RunInstances', times, fault: { kind: 'error', status: 400, code } });
    const outcome = await deployment.install().then(
      () => 'installed',
      (error: Error) => error.message,
    );
    const retries = retriesOf(deployment).length;
    await deployment.uninstall();
    return { outcome, retries };
  };
  expect(await refused('InsufficientInstanceCapacity', 2)).toEqual({ outcome: 'installed', retries: 2 });
  expect(await refused('VcpuLimitExceeded', 9)).toEqual({
    outcome: expect.stringContaining('ask for a higher quota'),
    retries: 0,
  });
  expect(await refused('AuthFailure', 9)).toEqual({
    outcome: expect.stringContaining('check the credentials'),
    retries: 0,
  });
});

test('an endpoint that answers with nonsense is tried again', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(VPC);
  cloud.proxy.add({
    action: 'DescribeVpcs',
    times: 2,
    fault: { kind: 'rewrite', from: '^[^]*$', to: '<html>bad gateway' },
  });
  await deployment.install();
  await deployment.uninstall();
  expect(await cloud.inventory()).toEqual(before);
});
