/** A virtual machine in a network of its own, in both families of types: made, read, taken away. */

import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DescribeInstancesCommand, DescribeSecurityGroupsCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { networkWithMachine, oldNetworkWithMachine } from './blueprint.js';
import { AMI, type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud('eu-west-1');
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

describe('the current family', () => {
  test('a network with a machine is made, tells what blueprints read, and leaves nothing', async () => {
    const before = await cloud.inventory();
    const deployment = await Deployment.of(networkWithMachine(cloud.config, 'eu-west-1'));
    await deployment.install();

    const vm = deployment.properties('vm');
    const address = deployment.properties('ip').aws_resource_id;
    expect(vm).toMatchObject({
      aws_resource_id: expect.stringMatching(/^i-/),
      aws_resource_ids: [vm.aws_resource_id],
      ip: address,
      public_ip_address: address,
      private_ip_address: expect.stringMatching(/^10\.10\.4\./),
      ipv4_address: vm.private_ip_address,
      ipv4_addresses: [vm.private_ip_address],
      ipv6_addresses: [],
      resource: { State: { Name: 'running' } },
      create_response: { Instances: [{ InstanceId: vm.aws_resource_id }] },
      resource_config: { ImageId: deployment.properties('ami').aws_resource_id, InstanceType: 't2.micro', MinCount: 1 },
    });
    expect(JSON.stringify(vm)).not.toContain('UserData');
    expect(deployment.properties('vpc')).toMatchObject({
      aws_resource_id: expect.stringMatching(/^vpc-/),
      main_route_table_id: expect.stringMatching(/^rtb-/),
      create_response: { CidrBlock: '10.10.0.0/16' },
    });
    expect(deployment.properties('ip')).toMatchObject({
      aws_resource_id: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
      allocation_id: expect.stringMatching(/^eipalloc-/),
      association_id: expect.stringMatching(/^eipassoc-/),
    });
    expect(deployment.properties('table').association_ids).toEqual([expect.stringMatching(/^rtbassoc-/)]);
    expect(deployment.properties('route')).toMatchObject({
      routetable_id: deployment.properties('table').aws_resource_id,
      DestinationCidrBlock: '0.0.0.0/0',
    });
    expect(deployment.properties('rules').security_group_rule_ids).toEqual([expect.stringMatching(/^sgr-/)]);
    expect(deployment.properties('disk_on_vm')).toMatchObject({
      aws_resource_id: deployment.properties('disk').aws_resource_id,
      ebs_attach: { Device: '/dev/xvdf', InstanceId: vm.aws_resource_id, State: 'attached' },
    });

    const { Reservations } = await cloud.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [String(vm.aws_resource_id)] }),
    );
    expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
      PublicIpAddress: address,
      NetworkInterfaces: [{ NetworkInterfaceId: deployment.properties('nic').aws_resource_id }],
    });

    await deployment.uninstall();
    expect(await cloud.inventory()).toEqual(before);
    for (const node of ['vpc', 'vm', 'ip', 'route', 'rules']) expect(deployment.properties(node)).toEqual({});
  });

  test('what is made carries the tags of the blueprint, of Cloudify and of its deployment', async () => {
    const deployment = await Deployment.of(networkWithMachine(cloud.config, 'eu-west-1'));
    await deployment.run('vpc', 'create');
    const { Vpcs } = await cloud.ec2.send(
      new DescribeVpcsCommand({ VpcIds: [String(deployment.properties('vpc').aws_resource_id)] }),
    );
    const tags = Object.fromEntries((Vpcs?.[0]?.Tags ?? []).map(({ Key, Value }) => [Key, Value]));
    expect(tags).toMatchObject({
      Owner: 'me',
      Name: `${deployment.id}-${deployment.instance('vpc').id}`,
      CreatedBy: `default_tenant/${deployment.id}`,
      'cfy:deployment': deployment.id,
      'cfy:instance': deployment.instance('vpc').id,
      'cfy:token': expect.stringMatching(/^[0-9a-f]{40}$/),
    });
    await deployment.run('vpc', 'delete');
  });

  test('everything is made after what it needs and taken away before it', async () => {
    const deployment = await Deployment.of(networkWithMachine(cloud.config, 'eu-west-1'));
    await deployment.install();
    expect(cloud.proxy.changes()).toSatisfy(
      inOrder(
        'CreateVpc',
        'CreateSubnet',
        'CreateNetworkInterface',
        'AllocateAddress',
        'AssociateAddress',
        'RunInstances',
        'AttachVolume',
      ),
    );
    expect(cloud.proxy.changes()).toSatisfy(inOrder('AttachInternetGateway', 'CreateRoute'));
    cloud.proxy.reset();
    await deployment.uninstall();
    const changes = cloud.proxy.changes();
    expect(changes).toSatisfy(
      inOrder(
        'DetachVolume',
        'StopInstances',
        'TerminateInstances',
        'DisassociateAddress',
        'ReleaseAddress',
        'DeleteNetworkInterface',
        'DeleteSubnet',
        'DeleteVpc',
      ),
    );
    expect(changes).toSatisfy(inOrder('DeleteRoute', 'DisassociateRouteTable', 'DeleteRouteTable', 'DeleteVpc'));
    expect(changes).toSatisfy(inOrder('DeleteRoute', 'DetachInternetGateway', 'DeleteInternetGateway', 'DeleteVpc'));
    expect(changes).toSatisfy(inOrder('RevokeSecurityGroupIngress', 'DeleteSecurityGroup', 'DeleteVpc'));
    expect(changes).toSatisfy(inOrder('DeleteNetworkInterface', 'DeleteSecurityGroup'));
  });

  test('many instances of one node are started, stopped and terminated together', async () => {
    const before = await cloud.inventory();
    const deployment = await Deployment.of(`
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml, 'plugin:cloudify-aws-plugin']
node_templates:
  vm:
    type: cloudify.nodes.aws.ec2.Instances
    properties:
      client_config: ${cloud.config}
      resource_config: { ImageId: ${AMI}, InstanceType: t2.micro, MinCount: 3, MaxCount: 3 }
      agent_config: { install_method: none }
`);
    await deployment.install();
    const ids = deployment.properties('vm').aws_resource_ids as string[];
    expect(ids).toHaveLength(3);
    expect((await cloud.inventory()).filter((id) => ids.includes(id))).toHaveLength(3);
    await deployment.uninstall();
    expect(await cloud.inventory()).toEqual(before);
  });
});

describe('the old family', () => {
  test('a network with a machine is made, tells what blueprints read, and leaves nothing', async () => {
    const before = await cloud.inventory();
    const folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-key-'));
    const keyFile = path.join(folder, 'old-key.pem');
    const deployment = await Deployment.of(oldNetworkWithMachine(cloud.config, 'eu-west-1', keyFile));
    await deployment.install();

    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
    expect(await readFile(keyFile, 'utf8')).toContain('PRIVATE KEY');
    expect(deployment.properties('key').aws_resource_id).toBe('old-key');
    expect(JSON.stringify([deployment.properties('key'), deployment.logs])).not.toContain('PRIVATE KEY');
    const machine = deployment.properties('machine');
    const address = deployment.properties('address');
    expect(machine).toMatchObject({
      aws_resource_id: expect.stringMatching(/^i-/),
      reservation_id: expect.stringMatching(/^r-/),
      ip: expect.stringMatching(/^10\.0\.0\./),
      public_ip_address: address.aws_resource_id,
      placement: 'eu-west-1a',
      vpc_id: deployment.properties('net').aws_resource_id,
    });
    expect(address).toMatchObject({
      instance_id: machine.aws_resource_id,
      allocation_id: expect.stringMatching(/^eipalloc-/),
    });
    const { Reservations } = await cloud.ec2.send(
      new DescribeInstancesCommand({ InstanceIds: [String(machine.aws_resource_id)] }),
    );
    const instance = Reservations?.[0]?.Instances?.[0];
    expect(instance).toMatchObject({
      KeyName: 'old-key',
      SubnetId: deployment.properties('sub').aws_resource_id,
      SecurityGroups: [{ GroupId: deployment.properties('group').aws_resource_id }],
    });
    expect(instance?.Tags).toEqual(
      expect.arrayContaining([
        { Key: 'Name', Value: 'the machine' },
        { Key: 'role', Value: 'web' },
      ]),
    );
    const { SecurityGroups } = await cloud.ec2.send(
      new DescribeSecurityGroupsCommand({ GroupIds: [String(deployment.properties('group').aws_resource_id)] }),
    );
    expect(SecurityGroups?.[0]?.IpPermissions?.map(({ FromPort }) => FromPort).sort()).toEqual([22, 80]);
    expect(SecurityGroups?.[0]?.IpPermissionsEgress?.map(({ FromPort }) => FromPort)).toContain(53);

    await deployment.uninstall();
    await expect(stat(keyFile)).rejects.toThrow('ENOENT');
    await rm(folder, { recursive: true });
    expect(await cloud.inventory()).toEqual(before);
  });
});

/** Whether the calls came in this order, others between them. */
function inOrder(...expected: readonly string[]) {
  return (calls: readonly string[]) => {
    let at = 0;
    for (const call of calls) if (call === expected[at]) at += 1;
    return at === expected.length;
  };
}
