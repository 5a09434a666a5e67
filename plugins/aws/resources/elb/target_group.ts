import { withoutEmpty } from '../../json.js';
import { operationsOf } from '../../operations.js';
import type { Resource } from '../../resource.js';
import { modifyAttributes } from './load_balancer.js';
import { defaultName } from './names.js';

export const targetGroup: Resource = {
  name: 'elb.target_group',
  title: 'target group',
  tagged: {
    told: { command: 'elbv2.DescribeTags', by: 'ResourceArns' },
    id: 'TargetGroupArn',
    among: ({ Name = '' }) => ({ Names: [Name] }),
    takes: () => true,
  },
  create: { command: 'elbv2.CreateTargetGroup', answer: 'TargetGroups' },
  describe: {
    command: 'elbv2.DescribeTargetGroups',
    by: (id) => (id.startsWith('arn:') ? { TargetGroupArns: [id] } : { Names: [id] }),
    answer: 'TargetGroups',
    id: 'TargetGroupArn',
  },
  remove: { command: 'elbv2.DeleteTargetGroup', input: (TargetGroupArn) => ({ TargetGroupArn }) },
  infers: [{ parameter: 'VpcId', from: ['vpc'] }],
  request: ({ ctx }, { Attributes: _, ...config }) => ({ Name: defaultName(ctx), ...config }),
  facts: (_, { TargetGroupArn = null, TargetGroupName = null }) =>
    withoutEmpty({ aws_resource_arn: TargetGroupArn, TargetGroupName }),
};

export const targetGroupOperations = operationsOf(targetGroup, {
  modify: modifyAttributes('elbv2.ModifyTargetGroupAttributes', 'TargetGroupArn'),
});
