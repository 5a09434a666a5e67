/** The EC2 endpoint as a test sees it: through a proxy of its own, in a region of its own. */
import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeKeyPairsCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { inject } from 'vitest';
import { type FaultProxy, faultProxy } from './fault-proxy.js';

process.env.CAISSON_AWS_POLL_MS = '20';
process.env.CAISSON_AWS_POLL_FOR_MS = '3000';
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

export const AMI = 'ami-760aaa0f';

export interface Cloud {
  readonly proxy: FaultProxy;
  /** Past the proxy. */
  readonly ec2: EC2Client;
  /** For `client_config`. */
  readonly config: string;
  /** Everything there is in the region that does not come with it; ended things do not count. */
  inventory(): Promise<string[]>;
  close(): Promise<void>;
}

/** @param url of the endpoint; that of the test's set-up by default */
export async function openCloud(region: string, url: string = inject('motoUrl')): Promise<Cloud> {
  const proxy = await faultProxy(url);
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
  const ec2 = new EC2Client({ region, endpoint: url, credentials });
  return {
    proxy,
    ec2,
    config: `{ region_name: ${region}, endpoint_url: "${proxy.url}", aws_access_key_id: testing, aws_secret_access_key: testing }`,
    inventory: async () => await inventory(ec2),
    async close() {
      ec2.destroy();
      await proxy.close();
    },
  };
}

async function inventory(ec2: EC2Client): Promise<string[]> {
  const vpcs = (await ec2.send(new DescribeVpcsCommand({}))).Vpcs ?? [];
  const ownVpcs = new Set(vpcs.filter((vpc) => !vpc.IsDefault).map((vpc) => vpc.VpcId));
  const [subnets, groups, instances, addresses, interfaces, gateways, tables, nats, volumes, keys] = await Promise.all([
    ec2.send(new DescribeSubnetsCommand({})),
    ec2.send(new DescribeSecurityGroupsCommand({})),
    ec2.send(new DescribeInstancesCommand({})),
    ec2.send(new DescribeAddressesCommand({})),
    ec2.send(new DescribeNetworkInterfacesCommand({})),
    ec2.send(new DescribeInternetGatewaysCommand({})),
    ec2.send(new DescribeRouteTablesCommand({})),
    ec2.send(new DescribeNatGatewaysCommand({})),
    ec2.send(new DescribeVolumesCommand({})),
    ec2.send(new DescribeKeyPairsCommand({})),
  ]);
  const live = (instances.Reservations ?? [])
    .flatMap((reservation) => reservation.Instances ?? [])
    .filter((instance) => instance.State?.Name !== 'terminated');
  const ids: (string | undefined)[] = [
    ...ownVpcs,
    ...(subnets.Subnets ?? []).filter((subnet) => !subnet.DefaultForAz).map((subnet) => subnet.SubnetId),
    ...(groups.SecurityGroups ?? []).filter((group) => group.GroupName !== 'default').map((group) => group.GroupId),
    ...live.map((instance) => instance.InstanceId),
    ...(addresses.Addresses ?? []).map((address) => address.AllocationId),
    // The endpoint keeps the interfaces that come with an instance when it is terminated; ours are tagged.
    ...(interfaces.NetworkInterfaces ?? [])
      .filter((item) => (item.TagSet ?? []).length > 0)
      .map((item) => item.NetworkInterfaceId),
    ...(gateways.InternetGateways ?? []).map((gateway) => gateway.InternetGatewayId),
    ...(tables.RouteTables ?? [])
      .filter((table) => !table.Associations?.some((association) => association.Main))
      .map((table) => table.RouteTableId),
    ...(nats.NatGateways ?? []).filter((nat) => nat.State !== 'deleted').map((nat) => nat.NatGatewayId),
    ...(volumes.Volumes ?? []).map((volume) => volume.VolumeId),
    ...(keys.KeyPairs ?? []).map((key) => key.KeyName),
  ];
  return ids.filter((id) => id !== undefined).sort();
}
