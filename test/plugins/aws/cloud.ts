/** The endpoint of EC2 and its load balancers as a test sees it: through a proxy of its own, in a region of its own. */
import { CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { inject } from 'vitest';
import { type FaultProxy, faultProxy } from './fault-proxy.js';
import { ec2Inventory } from './inventory.js';
import { loadBalancerInventory } from './load-balancer-inventory.js';

process.env.CAISSON_AWS_POLL_MS = '20';
process.env.CAISSON_AWS_POLL_FOR_MS = '3000';
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true';

export const AMI = 'ami-760aaa0f';

export interface Cloud {
  readonly proxy: FaultProxy;
  /** Past the proxy. */
  readonly ec2: EC2Client;
  readonly elb: ElasticLoadBalancingClient;
  readonly elbv2: ElasticLoadBalancingV2Client;
  /** For `client_config`. */
  readonly config: string;
  /** What there is in the region, a line each. */
  inventory(): Promise<string[]>;
  close(): Promise<void>;
}

/** @param url of the endpoint; that of the test's set-up by default */
export async function openCloud(region: string, url: string = inject('motoUrl')): Promise<Cloud> {
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
  const settings = { region, endpoint: url, credentials };
  const ec2 = new EC2Client(settings);
  const elb = new ElasticLoadBalancingClient(settings);
  const elbv2 = new ElasticLoadBalancingV2Client(settings);
  const proxy = await faultProxy(url, async ({ action, parameters }, answer) => {
    // The endpoint forgets the tags that DHCP options are made with.
    const [id] = action === 'CreateDhcpOptions' ? (/dopt-\w+/.exec(answer) ?? []) : [];
    if (id !== undefined) await ec2.send(new CreateTagsCommand({ Resources: [id], Tags: tagsIn(parameters) }));
  });
  return {
    proxy,
    ec2,
    elb,
    elbv2,
    config: `{ region_name: ${region}, endpoint_url: "${proxy.url}", aws_access_key_id: testing, aws_secret_access_key: testing }`,
    inventory: async () => (await Promise.all([ec2Inventory(ec2), loadBalancerInventory(elb, elbv2)])).flat(),
    async close() {
      for (const client of [ec2, elb, elbv2]) client.destroy();
      await proxy.close();
    },
  };
}

function tagsIn(parameters: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(parameters).flatMap(([name, Key]) => {
    const [, tag] = /^(TagSpecification\.1\.Tag\.\d+)\.Key$/.exec(name) ?? [];
    return tag === undefined ? [] : [{ Key, Value: parameters[`${tag}.Value`] ?? '' }];
  });
}
