/** A worker dies, or a call is refused for good, at each step in turn: nothing is made twice and nothing is left. */
import { DescribeSubnetsCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { blueprint, networkWithMachine } from './blueprint.js';
import { AMI, type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';

const REGION = 'us-west-2';
const CHANGES = /^(?!Describe|Get)/;

/** Calls of a whole install, and of a whole uninstall, that change something. */
const INSTALL_CALLS = 15;
const UNINSTALL_CALLS = 16;

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud(REGION);
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const deploy = async () => await Deployment.of(networkWithMachine(cloud.config, REGION));

test('an install and an uninstall make as many calls as are interrupted below', async () => {
  const deployment = await deploy();
  await deployment.install();
  expect(cloud.proxy.changes()).toHaveLength(INSTALL_CALLS);
  cloud.proxy.reset();
  await deployment.uninstall();
  expect(cloud.proxy.changes()).toHaveLength(UNINSTALL_CALLS);
});

test('the worker may die at any call of an install and of an uninstall', { timeout: 120_000 }, async () => {
  const before = await cloud.inventory();
  for (let step = 0; step < UNINSTALL_CALLS; step += 1) {
    const deployment = await deploy();
    const dies = { action: CHANGES, after: step, fault: { kind: 'stop', onAnswer: () => deployment.kill() } } as const;
    cloud.proxy.reset();
    cloud.proxy.add(dies);
    await deployment.install();
    const made = cloud.proxy.changes().filter((action) => /^(Create|Run|Allocate)/.test(action));
    const live = await cloud.inventory();
    cloud.proxy.reset();
    cloud.proxy.add(dies);
    await deployment.uninstall();
    expect({ step, left: await cloud.inventory() }).toEqual({ step, left: before });
    // VPC with its own group and table, subnet, gateway, table, group, interface, address, machine, disk, and the disk
    // of the machine.
    expect({ step, live: live.length - before.length, made }).toMatchObject({ step, live: 12 });
  }
});

test('after a call was refused for good, at any step, an uninstall leaves nothing', { timeout: 120_000 }, async () => {
  const before = await cloud.inventory();
  for (let step = 0; step < INSTALL_CALLS; step += 1) {
    const deployment = await deploy();
    cloud.proxy.reset();
    cloud.proxy.add({
      action: CHANGES,
      after: step,
      fault: { kind: 'error', status: 403, code: 'UnauthorizedOperation' },
    });
    await expect(deployment.install()).rejects.toThrow('the credentials need the permission for this call');
    cloud.proxy.reset();
    await deployment.uninstall();
    expect({ step, left: await cloud.inventory() }).toEqual({ step, left: before });
  }
});

const DEPENDS = 'cloudify.relationships.depends_on';
const BALANCED = `
  classic:
    type: cloudify.nodes.aws.elb.Classic.LoadBalancer
    properties: { CLIENT, resource_config: { LoadBalancerName: classic, Listeners: [{ Protocol: TCP, LoadBalancerPort: 22, InstancePort: 22 }], kwargs: { AvailabilityZones: [${REGION}a] } } }
  listener:
    type: cloudify.nodes.aws.elb.Classic.Listener
    properties: { CLIENT, resource_config: { Listeners: [{ Protocol: HTTP, LoadBalancerPort: 80, InstancePort: 8080 }] } }
    relationships: [{ type: ${DEPENDS}, target: classic }]
  check:
    type: cloudify.nodes.aws.elb.Classic.HealthCheck
    properties: { CLIENT, resource_config: { HealthCheck: { Target: 'TCP:22', Interval: 15, Timeout: 5, UnhealthyThreshold: 2, HealthyThreshold: 5 } } }
    relationships: [{ type: ${DEPENDS}, target: classic }]
  sticky:
    type: cloudify.nodes.aws.elb.Classic.Policy.Stickiness
    properties: { CLIENT, resource_config: { PolicyName: sticky } }
    relationships: [{ type: ${DEPENDS}, target: classic }, { type: ${DEPENDS}, target: listener }]
  balancer:
    type: cloudify.nodes.aws.elb.LoadBalancer
    properties: { CLIENT, resource_config: { Name: current, kwargs: { Subnets: SUBNETS, Attributes: [{ Key: idle_timeout.timeout_seconds, Value: '120' }] } } }
  targets:
    type: cloudify.nodes.aws.elb.TargetGroup
    properties: { CLIENT, resource_config: { Name: targets, Protocol: HTTP, Port: 80, kwargs: { VpcId: VPC } } }
  port:
    type: cloudify.nodes.aws.elb.Listener
    properties: { CLIENT, resource_config: { Protocol: HTTP, Port: 80, DefaultActions: [{ Type: forward, TargetGroupArn: targets }] } }
    relationships: [{ type: ${DEPENDS}, target: balancer }, { type: ${DEPENDS}, target: targets }]
  rule:
    type: cloudify.nodes.aws.elb.Rule
    properties: { CLIENT, resource_config: { Priority: 1, Conditions: [{ Field: path-pattern, Values: [/a] }], Actions: [{ Type: forward }] } }
    relationships: [{ type: ${DEPENDS}, target: port }, { type: ${DEPENDS}, target: targets }]
  vm:
    type: cloudify.nodes.aws.ec2.Instances
    properties: { CLIENT, resource_config: { ImageId: ${AMI}, InstanceType: t2.micro }, agent_config: { install_method: none } }
    relationships:
      - { type: cloudify.relationships.aws.elb.instance.connected_to, target: classic }
      - { type: cloudify.relationships.aws.elb.instance.connected_to, target: targets }`;

test('the same with load balancers and a machine behind them', { timeout: 120_000 }, async () => {
  const { Subnets = [] } = await cloud.ec2.send(
    new DescribeSubnetsCommand({ Filters: [{ Name: 'default-for-az', Values: ['true'] }] }),
  );
  const subnets = JSON.stringify(Subnets.slice(0, 2).map(({ SubnetId }) => SubnetId));
  const nodes = BALANCED.replace('SUBNETS', subnets).replace('VPC', Subnets[0]?.VpcId ?? '');
  const before = await cloud.inventory();
  const whole = await Deployment.of(blueprint(cloud.config, nodes));
  await whole.install();
  const live = (await cloud.inventory()).length;
  const installing = cloud.proxy.changes().length;
  await whole.uninstall();
  const uninstalling = cloud.proxy.changes().length - installing;
  expect([installing, uninstalling]).toEqual([13, 12]);
  for (let step = 0; step < Math.max(installing, uninstalling); step += 1) {
    const deployment = await Deployment.of(blueprint(cloud.config, nodes));
    const dies = { action: CHANGES, after: step, fault: { kind: 'stop', onAnswer: () => deployment.kill() } } as const;
    cloud.proxy.reset();
    cloud.proxy.add(dies);
    await deployment.install();
    expect({ step, live: (await cloud.inventory()).length }).toEqual({ step, live });
    cloud.proxy.reset();
    cloud.proxy.add(dies);
    await deployment.uninstall();
    expect({ step, left: await cloud.inventory() }).toEqual({ step, left: before });
  }
});
