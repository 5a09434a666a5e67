/** The way to every call of the API that has no node type of its own. */
import { DescribePlacementGroupsCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { blueprint } from './blueprint.js';
import { type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud('ca-central-1');
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const deploy = async (nodes: string) => await Deployment.of(blueprint(cloud.config, nodes));

const EGRESS_GATEWAY = `
  vpc: { type: cloudify.nodes.aws.ec2.Vpc, properties: { CLIENT, resource_config: { CidrBlock: 10.7.0.0/16 } } }
  gateway:
    type: cloudify.nodes.aws.ec2.Call
    properties:
      CLIENT
      create:
        command: CreateEgressOnlyInternetGateway
        input: { VpcId: { get_attribute: [vpc, aws_resource_id] } }
        id: EgressOnlyInternetGateway.EgressOnlyInternetGatewayId
        tag_type: egress-only-internet-gateway
        wait: { path: Attachments.State, values: [attached] }
      describe:
        command: DescribeEgressOnlyInternetGateways
        input: { EgressOnlyInternetGatewayIds: ['{id}'] }
        answer: EgressOnlyInternetGateways
      delete:
        command: DeleteEgressOnlyInternetGateway
        input: { EgressOnlyInternetGatewayId: '{id}' }
        wait: { gone: true }
    relationships: [{ type: cloudify.relationships.depends_on, target: vpc }]`;
const nodes = () => EGRESS_GATEWAY.replace('      CLIENT\n', `      client_config: ${cloud.config}\n`);

test('a resource without a type of its own is made, waited for, and taken away', async () => {
  const deployment = await deploy(nodes());
  await deployment.install();
  expect(deployment.properties('gateway').aws_resource_id).toMatch(/^eigw-/);
  await deployment.uninstall();
  expect(cloud.proxy.changes()).toEqual([
    'CreateVpc',
    'CreateEgressOnlyInternetGateway',
    'DeleteEgressOnlyInternetGateway',
    'DeleteVpc',
  ]);
  expect(deployment.properties('gateway')).toEqual({});
});

test('one whose worker died is found by its tag', async () => {
  const deployment = await deploy(nodes());
  cloud.proxy.add({
    action: 'CreateEgressOnlyInternetGateway',
    fault: { kind: 'stop', onAnswer: () => deployment.kill() },
  });
  await deployment.install();
  expect(cloud.proxy.changes().filter((action) => action === 'CreateEgressOnlyInternetGateway')).toHaveLength(1);
  await deployment.uninstall();
});

test('any operation can make any call, and gets the answer', async () => {
  const deployment = await deploy(`
  any:
    type: cloudify.nodes.aws.ec2.Call
    properties: { CLIENT }
    interfaces:
      own:
        regions: { implementation: aws.ec2.call.send, inputs: { command: DescribeRegions, input: { RegionNames: [eu-west-1] } } }`);
  expect(await deployment.run('any', 'own.regions')).toMatchObject({ Regions: [{ RegionName: 'eu-west-1' }] });
});

test('a call that the API does not have is refused with what may be meant', async () => {
  const deployment = await deploy(`
  any:
    type: cloudify.nodes.aws.ec2.Call
    properties: { CLIENT, create: { command: CreatePlacementGrop, input: { GroupName: x } } }`);
  await expect(deployment.install()).rejects.toThrow(
    'the EC2 API has no call CreatePlacementGrop; did you mean CreatePlacementGroup?',
  );
  await cloud.ec2.send(new DescribePlacementGroupsCommand({})).catch(() => undefined);
});
