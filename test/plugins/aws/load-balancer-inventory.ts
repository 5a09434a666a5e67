/** Load balancers of both generations and what belongs to them, a line each. */
import {
  DescribeLoadBalancersCommand as DescribeClassic,
  type ElasticLoadBalancingClient,
} from '@aws-sdk/client-elastic-load-balancing';
import {
  DescribeListenersCommand,
  DescribeLoadBalancersCommand,
  DescribeRulesCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  type ElasticLoadBalancingV2Client,
} from '@aws-sdk/client-elastic-load-balancing-v2';

export async function loadBalancerInventory(
  elb: ElasticLoadBalancingClient,
  elbv2: ElasticLoadBalancingV2Client,
): Promise<string[]> {
  const [classic, current, groups] = await Promise.all([
    elb.send(new DescribeClassic({})),
    elbv2.send(new DescribeLoadBalancersCommand({})),
    elbv2.send(new DescribeTargetGroupsCommand({})),
  ]);
  const lines = [
    ...(classic.LoadBalancerDescriptions ?? []).map((one) => {
      const { LoadBalancerName, ListenerDescriptions, Instances, Policies, HealthCheck } = one;
      return `${LoadBalancerName} ${JSON.stringify([ListenerDescriptions, Instances, Policies, HealthCheck])}`;
    }),
    ...(await Promise.all(
      (current.LoadBalancers ?? []).map(async ({ LoadBalancerArn }) => await ofBalancer(LoadBalancerArn)),
    )),
    ...(await Promise.all(
      (groups.TargetGroups ?? []).map(async ({ TargetGroupArn }) => await ofGroup(TargetGroupArn)),
    )),
  ];
  return lines.toSorted();

  async function ofBalancer(LoadBalancerArn: string | undefined): Promise<string> {
    const { Listeners = [] } = await elbv2.send(new DescribeListenersCommand({ LoadBalancerArn }));
    const rules = Listeners.map(async ({ ListenerArn }) => await elbv2.send(new DescribeRulesCommand({ ListenerArn })));
    const arns = (await Promise.all(rules)).map(({ Rules = [] }) => Rules.map(({ RuleArn }) => RuleArn));
    return `${LoadBalancerArn} ${JSON.stringify([Listeners, arns])}`;
  }

  async function ofGroup(TargetGroupArn: string | undefined): Promise<string> {
    const health = await elbv2.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
    const targets = (health.TargetHealthDescriptions ?? []).map(({ Target }) => Target?.Id);
    return `${TargetGroupArn} ${JSON.stringify(targets)}`;
  }
}
