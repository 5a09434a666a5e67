import type { JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import type { Call } from '../call.js';
import { objectsAt, valuesAt } from '../json.js';
import { operationsOf } from '../operations.js';
import { authorize, type Direction, fromOldRules, withGroupIds } from '../permissions.js';
import type { Resource } from '../resource.js';

export const securitygroup: Resource = {
  name: 'securitygroup',
  title: 'security group',
  tagType: 'security-group',
  create: { command: 'CreateSecurityGroup', answer: (answer) => [answer] },
  describe: {
    command: 'DescribeSecurityGroups',
    by: (id) => (/^sg-[0-9a-f]+$/.test(id) ? { GroupIds: [id] } : { Filters: [{ Name: 'group-name', Values: [id] }] }),
    answer: 'SecurityGroups',
    id: 'GroupId',
  },
  remove: { command: 'DeleteSecurityGroup', input: (GroupId) => ({ GroupId }) },
  infers: [{ parameter: 'VpcId', from: ['vpc'] }],
  request({ ctx }, { IpPermissions: _, IpPermissionsEgress: __, ...config }) {
    if (typeof config.Description !== 'string')
      throw new NonRecoverableError(`the security group ${ctx.instance.id} needs a Description`);
    return { GroupName: `${ctx.deployment.id}-${ctx.instance.id}`, ...config };
  },
  async complete(call, id) {
    for (const direction of ['Ingress', 'Egress'] as const) {
      const rules = await withGroupIds(call.api, id, inlineRules(call, direction));
      await authorize(call.api, id, direction, rules);
    }
  },
};

export const securityGroupOperations = operationsOf(securitygroup, { start: async () => {} });

/** Rules in the configuration, in the operation's input, and of rule nodes that the group is said to use. */
function inlineRules({ ctx, config, inputs }: Call, direction: Direction): JsonObject[] {
  const used = ctx.instance.relationships
    .filter((relationship) => relationship.isA('cloudify.aws.relationships.security_group_uses_rule'))
    .flatMap(({ target }) => valuesAt(target.node.properties.rule, ''));
  return [
    ...objectsAt(config, direction === 'Ingress' ? 'IpPermissions' : 'IpPermissionsEgress'),
    ...fromOldRules([...valuesAt(inputs.rules, ''), ...used], direction),
  ];
}
