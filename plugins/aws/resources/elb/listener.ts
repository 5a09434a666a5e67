/** Listeners of load balancers, and rules of listeners: both lead to target groups. */
import type { JsonObject } from '../../../../blueprint/json.js';
import type { NodeInstanceView } from '../../../sdk/context.js';
import { idFrom, relatedTo } from '../../infer.js';
import { objectsAt } from '../../json.js';
import { operationsOf } from '../../operations.js';
import type { Resource } from '../../resource.js';

export const listener: Resource = {
  name: 'elb.listener',
  title: 'listener',
  tagged: {
    told: { command: 'elbv2.DescribeTags', by: 'ResourceArns' },
    id: 'ListenerArn',
    among: ({ LoadBalancerArn = '' }) => ({ LoadBalancerArn }),
    takes: (found, request) => Number(found.Port) === Number(request.Port),
  },
  create: { command: 'elbv2.CreateListener', answer: 'Listeners' },
  describe: { command: 'elbv2.DescribeListeners', by: 'ListenerArns', answer: 'Listeners', id: 'ListenerArn' },
  remove: { command: 'elbv2.DeleteListener', input: (ListenerArn) => ({ ListenerArn }) },
  infers: [{ parameter: 'LoadBalancerArn', from: ['elb.load_balancer'], property: 'aws_resource_arn' }],
  request: ({ ctx }, config) => withTargetGroups(ctx.instance, config, 'DefaultActions'),
  facts: (_, { ListenerArn = null }) => ({ aws_resource_arn: ListenerArn }),
};

export const rule: Resource = {
  name: 'elb.rule',
  title: 'rule',
  tagged: {
    told: { command: 'elbv2.DescribeTags', by: 'ResourceArns' },
    id: 'RuleArn',
    among: ({ ListenerArn = '' }) => ({ ListenerArn }),
  },
  create: { command: 'elbv2.CreateRule', answer: 'Rules' },
  describe: { command: 'elbv2.DescribeRules', by: 'RuleArns', answer: 'Rules', id: 'RuleArn' },
  remove: { command: 'elbv2.DeleteRule', input: (RuleArn) => ({ RuleArn }) },
  infers: [{ parameter: 'ListenerArn', from: ['elb.listener'], property: 'aws_resource_arn' }],
  request: ({ ctx }, config) => withTargetGroups(ctx.instance, config, 'Actions'),
  facts: (_, { RuleArn = null }) => ({ aws_resource_arn: RuleArn }),
};

export const listenerOperations = operationsOf(listener);
export const ruleOperations = operationsOf(rule);

/** Actions may name a related node instead of its target group, and one that forwards may name none at all. */
function withTargetGroups(instance: NodeInstanceView, config: JsonObject, parameter: string): JsonObject {
  if (config[parameter] === undefined) return config;
  const groups = relatedTo(instance, 'elb.target_group');
  const arns = new Map(groups.flatMap((group) => [[group.node.name, idFrom(group, 'aws_resource_arn')] as const]));
  const [only] = arns.values();
  const actions = objectsAt(config, parameter).map((action): JsonObject => {
    const { TargetGroupArn, ...rest } = action;
    const open = TargetGroupArn === undefined || TargetGroupArn === null || TargetGroupArn === '';
    if (open && (action.Type !== 'forward' || action.ForwardConfig !== undefined)) return rest;
    const arn = open ? only : (arns.get(String(TargetGroupArn)) ?? String(TargetGroupArn));
    return arn === undefined ? rest : { ...rest, TargetGroupArn: arn };
  });
  return { ...config, [parameter]: actions };
}
