/** Load balancers of both generations: made, listening, with machines behind them, and taken away. */
import {
  ConfigureHealthCheckCommand,
  CreateLoadBalancerCommand as CreateClassic,
  DeleteLoadBalancerCommand as DeleteClassic,
  DescribeLoadBalancersCommand as DescribeClassic,
  DescribeLoadBalancerAttributesCommand as DescribeClassicAttributes,
  DescribeTagsCommand,
  type LoadBalancerDescription,
  RegisterInstancesWithLoadBalancerCommand,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  DescribeListenersCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeRulesCommand,
  DescribeTargetGroupAttributesCommand,
  DescribeTargetHealthCommand,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { blueprint } from './blueprint.js';
import { AMI, type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';
import { leavesNothing } from './leaves-nothing.js';

const REGION = 'eu-north-1';
let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud(REGION);
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const deploy = async (nodes: string) => await Deployment.of(blueprint(cloud.config, nodes));

async function classic(name: string): Promise<LoadBalancerDescription> {
  const { LoadBalancerDescriptions } = await cloud.elb.send(new DescribeClassic({ LoadBalancerNames: [name] }));
  return LoadBalancerDescriptions?.[0] as LoadBalancerDescription;
}

const DEPENDS = 'cloudify.relationships.depends_on';
const NETWORK = `
  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.6.0.0/16 } } }
  subnet1:
    type: cloudify.nodes.aws.ec2.Subnet
    properties: { CLIENT, resource_config: { CidrBlock: 10.6.1.0/24, AvailabilityZone: ${REGION}a } }
    relationships: [{ type: ${DEPENDS}, target: vpc }]
  subnet2:
    type: cloudify.nodes.aws.ec2.Subnet
    properties: { CLIENT, resource_config: { CidrBlock: 10.6.2.0/24, AvailabilityZone: ${REGION}b } }
    relationships: [{ type: ${DEPENDS}, target: vpc }]
  group:
    type: cloudify.nodes.aws.ec2.SecurityGroup
    properties: { CLIENT, resource_config: { GroupName: balanced, Description: balanced } }
    relationships: [{ type: ${DEPENDS}, target: vpc }]`;
const IN_NETWORK = `{ type: ${DEPENDS}, target: subnet1 }, { type: ${DEPENDS}, target: subnet2 }, { type: ${DEPENDS}, target: group }`;

const machine = (name: string, relationships: string) => `
  ${name}:
    type: cloudify.nodes.aws.ec2.Instances
    properties: { CLIENT, resource_config: { ImageId: ${AMI}, InstanceType: t3.micro }, agent_config: { install_method: none } }
    relationships: [${relationships}]`;

const CLASSIC = `
  listener:
    type: cloudify.nodes.aws.elb.Classic.Listener
    properties: { CLIENT, resource_config: { Listeners: [{ Protocol: HTTP, LoadBalancerPort: 80, InstancePort: 8080 }, { Protocol: tcp, LoadBalancerPort: 81, InstancePort: 81 }] } }
    relationships: [{ type: ${DEPENDS}, target: balancer }]
    interfaces:
      cloudify.interfaces.lifecycle:
        start:
          implementation: aws.cloudify_aws.elb.resources.classic.load_balancer.start
          inputs: { resource_config: { LoadBalancerAttributes: { ConnectionSettings: { IdleTimeout: 120 } } } }
  check:
    type: cloudify.nodes.aws.elb.Classic.HealthCheck
    properties: { CLIENT, resource_config: { HealthCheck: { Target: 'HTTP:80/', Interval: 15, Timeout: 5, UnhealthyThreshold: 2, HealthyThreshold: 5 } } }
    relationships: [{ type: ${DEPENDS}, target: balancer }]
  proxy_protocol:
    type: cloudify.nodes.aws.elb.Classic.Policy
    properties: { CLIENT, resource_config: { PolicyName: proxied, PolicyTypeName: ProxyProtocolPolicyType, kwargs: { PolicyAttributes: [{ AttributeName: ProxyProtocol, AttributeValue: 'true' }] } } }
    relationships: [{ type: ${DEPENDS}, target: balancer }]
  sticky:
    type: cloudify.nodes.aws.elb.Classic.Policy.Stickiness
    properties: { CLIENT, resource_config: { PolicyName: sticky, CookieExpirationPeriod: 3600 } }
    relationships: [{ type: ${DEPENDS}, target: balancer }, { type: ${DEPENDS}, target: listener }]`;

const BALANCER = (more: string) => `
  balancer:
    type: cloudify.nodes.aws.elb.Classic.LoadBalancer
    properties: { CLIENT, resource_config: { LoadBalancerName: web, Listeners: { get_property: [listener, resource_config, Listeners] }, kwargs: { Tags: [{ Key: Owner, Value: me }] } } }
    relationships: [${more}]`;

test('a classic load balancer listens, checks, has policies and machines behind it', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(
    NETWORK +
      CLASSIC +
      BALANCER(IN_NETWORK) +
      ['one', 'two']
        .map((name) =>
          machine(
            name,
            `{ type: ${DEPENDS}, target: subnet1 }, { type: cloudify.relationships.aws.elb.instance.connected_to, target: balancer }`,
          ),
        )
        .join(''),
  );
  await deployment.install();
  const web = await classic('web');
  const ids = ['one', 'two'].map((name) => String(deployment.properties(name).aws_resource_id));
  expect(web.Instances?.map(({ InstanceId }) => InstanceId).toSorted()).toEqual(ids.toSorted());
  expect(web.Subnets).toHaveLength(2);
  expect(web.SecurityGroups).toEqual([deployment.properties('group').aws_resource_id]);
  expect(web.HealthCheck).toMatchObject({ Target: 'HTTP:80/', Interval: 15, HealthyThreshold: 5 });
  const listeners = web.ListenerDescriptions?.map(({ Listener, PolicyNames }) => [
    Listener?.LoadBalancerPort,
    Listener?.InstancePort,
    PolicyNames,
  ]);
  expect(listeners?.toSorted()).toEqual([
    [80, 8080, ['sticky']],
    [81, 81, []],
  ]);
  const attributes = await cloud.elb.send(new DescribeClassicAttributes({ LoadBalancerName: 'web' }));
  expect(attributes.LoadBalancerAttributes?.ConnectionSettings?.IdleTimeout).toBe(120);
  expect(deployment.properties('balancer')).toMatchObject({
    aws_resource_id: 'web',
    LoadBalancerName: 'web',
    DNSName: web.DNSName,
    create_response: { DNSName: web.DNSName },
    instances: expect.arrayContaining(ids),
  });
  const tags = await cloud.elb.send(new DescribeTagsCommand({ LoadBalancerNames: ['web'] }));
  expect(tags.TagDescriptions?.[0]?.Tags).toEqual(
    expect.arrayContaining([
      { Key: 'Owner', Value: 'me' },
      { Key: 'cfy:deployment', Value: deployment.id },
      { Key: 'Name', Value: `${deployment.id}-${deployment.instance('balancer').id}` },
    ]),
  );
  await leavesNothing(cloud, deployment, before);
  expect(deployment.properties('balancer')).toEqual({});
});

test('what a classic load balancer of somebody else had, it has again afterwards', async () => {
  await cloud.elb.send(
    new CreateClassic({
      LoadBalancerName: 'web',
      AvailabilityZones: [`${REGION}a`],
      Listeners: [{ Protocol: 'HTTP', LoadBalancerPort: 80, InstancePort: 8080 }],
    }),
  );
  const HealthCheck = { Target: 'TCP:22', Interval: 10, Timeout: 3, UnhealthyThreshold: 4, HealthyThreshold: 6 };
  await cloud.elb.send(new ConfigureHealthCheckCommand({ LoadBalancerName: 'web', HealthCheck }));
  const before = await cloud.inventory();
  const deployment = await deploy(
    `
  balancer: { type: cloudify.nodes.aws.elb.Classic.LoadBalancer, properties: { CLIENT, use_external_resource: true, resource_id: web } }` +
      CLASSIC +
      machine('one', '{ type: cloudify.relationships.aws.elb.instance.connected_to, target: balancer }'),
  );
  await deployment.install();
  const web = await classic('web');
  expect(web.ListenerDescriptions?.map(({ Listener }) => Listener?.LoadBalancerPort).toSorted()).toEqual([80, 81]);
  expect(web.HealthCheck?.Target).toBe('HTTP:80/');
  expect(web.Instances).toHaveLength(1);
  expect(deployment.properties('balancer').create_response).toMatchObject({ DNSName: web.DNSName });
  await leavesNothing(cloud, deployment, before);
  await cloud.elb.send(new DeleteClassic({ LoadBalancerName: 'web' }));
});

test('a machine that was registered before stays registered', async () => {
  const before = await cloud.inventory();
  const own = await deploy(machine('one', ''));
  await own.install();
  const id = String(own.properties('one').aws_resource_id);
  await cloud.elb.send(
    new CreateClassic({
      LoadBalancerName: 'theirs',
      AvailabilityZones: [`${REGION}a`],
      Listeners: [{ Protocol: 'HTTP', LoadBalancerPort: 80, InstancePort: 8080 }],
    }),
  );
  await cloud.elb.send(
    new RegisterInstancesWithLoadBalancerCommand({ LoadBalancerName: 'theirs', Instances: [{ InstanceId: id }] }),
  );
  const relating = await deploy(`
  balancer: { type: cloudify.nodes.aws.elb.Classic.LoadBalancer, properties: { CLIENT, use_external_resource: true, resource_id: theirs } }
  one:
    type: cloudify.nodes.aws.ec2.Instances
    properties: { CLIENT, use_external_resource: true, resource_id: ${id} }
    relationships: [{ type: cloudify.relationships.aws.elb.instance.connected_to, target: balancer }]`);
  await relating.install();
  await relating.uninstall();
  expect((await classic('theirs')).Instances).toEqual([{ InstanceId: id }]);
  await cloud.elb.send(new DeleteClassic({ LoadBalancerName: 'theirs' }));
  await leavesNothing(cloud, own, before);
});

const OLD = `
  balancer:
    type: cloudify.aws.nodes.ElasticLoadBalancer
    properties:
      aws_config: AWS_CONFIG
      elb_name: old
      zones: [${REGION}a, ${REGION}b]
      listeners: [[80, 8080, http], [443, 8443, tcp]]
      health_checks: [{ target: 'HTTP:8080/health' }]
      tags: { Owner: me }
  vm:
    type: cloudify.aws.nodes.Instance
    properties: { aws_config: AWS_CONFIG, image_id: ${AMI}, instance_type: t3.micro, install_agent: false }
    relationships: [{ type: cloudify.aws.relationships.instance_connected_to_load_balancer, target: balancer }]`;

test('the old family has its load balancer, with instances, zones, listeners and health checks', async () => {
  const before = await cloud.inventory();
  const config = `{ ec2_region_name: ${REGION}, ec2_region_endpoint: "${cloud.proxy.url}", elb_region_name: ${REGION}, elb_region_endpoint: "${cloud.proxy.url}", aws_access_key_id: testing, aws_secret_access_key: testing }`;
  const deployment = await deploy(OLD.replaceAll('AWS_CONFIG', config));
  await deployment.install();
  const old = await classic('old');
  expect(old.AvailabilityZones).toEqual([`${REGION}a`, `${REGION}b`]);
  expect(old.ListenerDescriptions?.map(({ Listener }) => [Listener?.LoadBalancerPort, Listener?.Protocol])).toEqual([
    [80, 'HTTP'],
    [443, 'TCP'],
  ]);
  expect(old.HealthCheck).toMatchObject({ Target: 'HTTP:8080/health', Interval: 30, Timeout: 5, HealthyThreshold: 3 });
  const id = deployment.properties('vm').aws_resource_id;
  expect(old.Instances).toEqual([{ InstanceId: id }]);
  expect(deployment.properties('balancer')).toMatchObject({
    aws_resource_id: 'old',
    elb_name: 'old',
    instance_list: [id],
  });
  await leavesNothing(cloud, deployment, before);
});

const APPLICATION = `
  balancer:
    type: cloudify.nodes.aws.elb.LoadBalancer
    properties: { CLIENT, resource_config: { Name: site, kwargs: { Attributes: [{ Key: idle_timeout.timeout_seconds, Value: '120' }] } } }
    relationships: [${IN_NETWORK}]
  targets:
    type: cloudify.nodes.aws.elb.TargetGroup
    properties:
      CLIENT
      resource_config: { Name: site-targets, Protocol: HTTP, Port: 8080, kwargs: { HealthCheckIntervalSeconds: 30, Matcher: { HttpCode: '404' }, Attributes: [{ Key: stickiness.enabled, Value: 'true' }] } }
    relationships: [{ type: ${DEPENDS}, target: vpc }]
  listener:
    type: cloudify.nodes.aws.elb.Listener
    properties:
      CLIENT
      resource_config: { Protocol: HTTP, Port: 8080, DefaultActions: [{ Type: redirect, RedirectConfig: { Protocol: HTTP, Port: '8080', Host: www.example.com, Path: /, StatusCode: HTTP_301 } }] }
    relationships: [{ type: ${DEPENDS}, target: balancer }, { type: ${DEPENDS}, target: targets }]
  rule:
    type: cloudify.nodes.aws.elb.Rule
    properties:
      CLIENT
      resource_config: { Priority: 101, Conditions: [{ Field: host-header, Values: [example.com] }], Actions: [{ Type: forward, TargetGroupArn: targets }] }
    relationships: [{ type: ${DEPENDS}, target: listener }, { type: ${DEPENDS}, target: targets }]`;

test('an application load balancer forwards by its rules to a group of machines', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(
    NETWORK +
      APPLICATION +
      machine(
        'vm',
        `{ type: ${DEPENDS}, target: subnet1 }, { type: cloudify.relationships.aws.elb.instance.connected_to, target: targets }`,
      ),
  );
  await deployment.install();
  const { aws_resource_arn: LoadBalancerArn, ...balancer } = deployment.properties('balancer') as Record<
    string,
    string
  >;
  expect(balancer).toMatchObject({ aws_resource_id: 'site', DNSName: expect.stringContaining('elb.amazonaws.com') });
  const { Listeners } = await cloud.elbv2.send(new DescribeListenersCommand({ LoadBalancerArn }));
  expect(Listeners).toMatchObject([{ Port: 8080, ListenerArn: deployment.properties('listener').aws_resource_id }]);
  const { Rules } = await cloud.elbv2.send(new DescribeRulesCommand({ ListenerArn: Listeners?.[0]?.ListenerArn }));
  const TargetGroupArn = String(deployment.properties('targets').aws_resource_id);
  expect(Rules?.find(({ Priority }) => Priority === '101')).toMatchObject({
    Actions: [{ Type: 'forward', TargetGroupArn }],
  });
  const { Attributes } = await cloud.elbv2.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn }));
  expect(Attributes).toContainEqual({ Key: 'idle_timeout.timeout_seconds', Value: '120' });
  const group = await cloud.elbv2.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn }));
  expect(group.Attributes).toContainEqual({ Key: 'stickiness.enabled', Value: 'true' });
  const health = await cloud.elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  expect(health.TargetHealthDescriptions?.map(({ Target }) => Target?.Id)).toEqual([
    deployment.properties('vm').aws_resource_id,
  ]);
  await leavesNothing(cloud, deployment, before);
});

const TAKEN = `
  balancer: { type: cloudify.nodes.aws.elb.Classic.LoadBalancer, properties: { CLIENT, resource_config: { LoadBalancerName: taken, Listeners: [{ Protocol: TCP, LoadBalancerPort: 22, InstancePort: 22 }], kwargs: { AvailabilityZones: [${REGION}a] } } } }`;

test('a name that somebody else has is not taken for a load balancer of our own', async () => {
  const before = await cloud.inventory();
  const theirs = await deploy(TAKEN);
  const ours = await deploy(TAKEN);
  await theirs.install();
  await expect(ours.install()).rejects.toThrow(
    /balancer\.create: load balancer taken already exists.*use_external_resource: true.*choose another name/s,
  );
  await ours.uninstall();
  expect((await classic('taken')).LoadBalancerName).toBe('taken');
  await leavesNothing(cloud, theirs, before);
});

test('a load balancer without a name has one of its own', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(
    NETWORK + APPLICATION.replaceAll('Name: site, ', '').replaceAll('Name: site-targets, ', ''),
  );
  await deployment.install();
  for (const node of ['balancer', 'targets']) {
    const name = String(deployment.properties(node).aws_resource_arn).split('/').at(-2);
    expect(name).toMatch(/^[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]$/);
    expect(name).toContain(deployment.id.slice(0, 10));
  }
  await leavesNothing(cloud, deployment, before);
});

test('a group that a listener still uses is waited for', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(`${NETWORK}
  targets:
    type: cloudify.nodes.aws.elb.TargetGroup
    properties: { CLIENT, resource_config: { Name: busy, Protocol: HTTP, Port: 80 } }
    relationships: [{ type: ${DEPENDS}, target: vpc }]`);
  await deployment.install();
  cloud.proxy.add({
    action: 'DeleteTargetGroup',
    times: 3,
    fault: { kind: 'error', status: 400, code: 'ResourceInUse' },
  });
  await leavesNothing(cloud, deployment, before);
  expect(cloud.proxy.changes().filter((action) => action === 'DeleteTargetGroup')).toHaveLength(4);
});

test('a load balancer that is being provisioned is waited for, and one that fails says why', async () => {
  const before = await cloud.inventory();
  const provisioning = { kind: 'rewrite', from: '<Code>active</Code>', to: '<Code>provisioning</Code>' } as const;
  const failed = {
    kind: 'rewrite',
    from: '<Code>active</Code>',
    to: '<Code>failed</Code><Reason>no room</Reason>',
  } as const;
  const nodes = `${NETWORK}
  balancer: { type: cloudify.nodes.aws.elb.LoadBalancer, properties: { CLIENT, resource_config: { Name: slow } }, relationships: [${IN_NETWORK}] }`;
  const slow = await deploy(nodes);
  cloud.proxy.add({ action: 'DescribeLoadBalancers', after: 1, times: 4, fault: provisioning });
  await slow.install();
  expect(cloud.proxy.log.filter(({ action }) => action === 'DescribeLoadBalancers').length).toBeGreaterThan(5);
  await leavesNothing(cloud, slow, before);
  const broken = await deploy(nodes);
  cloud.proxy.reset();
  cloud.proxy.add({ action: 'DescribeLoadBalancers', times: 100, fault: failed });
  await expect(broken.install()).rejects.toThrow('load balancer slow is failed: no room');
  cloud.proxy.reset();
  await leavesNothing(cloud, broken, before);
});

test('other services refuse and hold back as EC2 does', async () => {
  const before = await cloud.inventory();
  const throttled = await deploy(TAKEN);
  cloud.proxy.add({
    action: 'CreateLoadBalancer',
    times: 2,
    fault: { kind: 'error', status: 400, code: 'Throttling' },
  });
  await throttled.install();
  await leavesNothing(cloud, throttled, before);
  const refused = await deploy(TAKEN);
  cloud.proxy.add({ action: 'CreateLoadBalancer', fault: { kind: 'error', status: 403, code: 'AccessDenied' } });
  await expect(refused.install()).rejects.toThrow(
    /create of balancer_\w+: elb\.CreateLoadBalancer: AccessDenied.*the credentials need the permission for this call/,
  );
  await leavesNothing(cloud, refused, before);
  expect(refused.logs.filter((line) => line.startsWith('retry'))).toEqual([]);
});

test('blueprints may make any call of the service, and ask for calls there are', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(
    `
  any:
    type: cloudify.nodes.aws.ec2.Call
    properties:
      CLIENT
      create: { command: elb.CreateLoadBalancer, input: { LoadBalancerName: any, AvailabilityZones: [${REGION}a], Listeners: [{ Protocol: TCP, LoadBalancerPort: 22, InstancePort: 22 }] }, id: DNSName }
      describe: { command: elb.DescribeLoadBalancers, input: { LoadBalancerNames: [any] }, answer: LoadBalancerDescriptions }
      delete: { command: elb.DeleteLoadBalancer, input: { LoadBalancerName: any }, wait: { gone: true } }`,
  );
  await deployment.install();
  expect((await classic('any')).DNSName).toBe(deployment.properties('any').aws_resource_id);
  await leavesNothing(cloud, deployment, before);
  const send = async (command: string) =>
    await (
      await deploy(
        '  vpc: { type: cloudify.nodes.aws.ec2.Call, properties: { CLIENT, create: { command: COMMAND } } }'.replace(
          'COMMAND',
          command,
        ),
      )
    ).install();
  await expect(send('elbv2.DescribeTargetGroup')).rejects.toThrow(
    'the load balancing API has no call DescribeTargetGroup; did you mean DescribeTargetGroups?',
  );
  await expect(send('s3.ListBuckets')).rejects.toThrow('is of no service that is known: ec2, elb, elbv2');
});
