/** Nodes that are rules of the security group they are contained in. */
import type { JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { ApiError } from '../api-error.js';
import { type Call, isExternal } from '../call.js';
import { relatedTo } from '../infer.js';
import { objectsAt, textAt, valuesAt } from '../json.js';
import { clear } from '../lifecycle.js';
import { nodeOperation, type Operations } from '../operations.js';
import { authorize, type Direction, fromOldRules, revoke, withGroupIds } from '../permissions.js';
import type { Resource } from '../resource.js';

const rule: Resource = {
  name: 'securitygrouprule',
  title: 'security group rule',
  create: { command: 'AuthorizeSecurityGroupIngress', answer: 'SecurityGroupRules' },
  describe: {
    command: 'DescribeSecurityGroupRules',
    by: 'SecurityGroupRuleIds',
    answer: 'SecurityGroupRules',
    id: 'SecurityGroupRuleId',
  },
  remove: { command: 'RevokeSecurityGroupIngress', input: (id) => ({ SecurityGroupRuleIds: [id] }) },
};

/** Runtime property: adding the rules was begun, so what is there already is ours. */
const BEGUN = '__rules_begun';
/** Runtime property: rules that others had made before, and that stay. */
const NOT_OURS = '__rules_not_ours';

export const securityGroupRuleOperations: Operations = {
  'ec2.securitygroup.authorize_ingress_rules': nodeOperation(rule, (call) => add(call, 'Ingress')),
  'ec2.securitygroup.authorize_egress_rules': nodeOperation(rule, (call) => add(call, 'Egress')),
  'ec2.securitygroup.poststart_authorize': nodeOperation(rule, async () => {}),
  'ec2.securitygroup.revoke_ingress_rules': nodeOperation(rule, (call) => takeAway(call, 'Ingress')),
  'ec2.securitygroup.revoke_egress_rules': nodeOperation(rule, (call) => takeAway(call, 'Egress')),
  'ec2.securitygroup.create_rule': nodeOperation(rule, (call) => add(call, 'Ingress', 'Egress')),
  'ec2.securitygroup.delete_rule': nodeOperation(rule, (call) => takeAway(call, 'Ingress', 'Egress')),
};

async function add(call: Call, ...directions: readonly Direction[]): Promise<void> {
  const { ctx, api, runtime, external, force } = call;
  if (external && !force) return;
  const group = groupOf(call);
  if (group === undefined)
    throw new NonRecoverableError(`${ctx.instance.id} says of no security group that it is a rule of it`);
  const wanted = await Promise.all(directions.map(async (direction) => await rulesOf(call, group, direction)));
  const rerun = runtime[BEGUN] === true;
  runtime[BEGUN] = true;
  runtime.group_id = group;
  await ctx.instance.update();
  for (const [at, direction] of directions.entries()) {
    const { ids, present } = await authorize(api, group, direction, wanted[at] ?? []).catch((error) => {
      if (!rerun && error instanceof ApiError && error.barred) delete runtime[BEGUN];
      throw error;
    });
    runtime.security_group_rule_ids = [...valuesAt(runtime, 'security_group_rule_ids'), ...ids];
    if (present.length === 0 || rerun) continue;
    ctx.logger.warn('%d rules of %s were in %s before and stay at uninstall', present.length, ctx.instance.id, group);
    runtime[NOT_OURS] = [...valuesAt(runtime, NOT_OURS), ...present];
  }
}

async function takeAway(call: Call, ...directions: readonly Direction[]): Promise<void> {
  const { ctx, api, runtime, external, force } = call;
  const group = textAt(runtime, 'group_id');
  if (group === undefined || runtime[BEGUN] !== true || (external && !force))
    return ctx.logger.info('there is no rule of ours to revoke');
  const staying = new Set(objectsAt(runtime, NOT_OURS).map((item) => JSON.stringify(item)));
  for (const direction of directions) {
    const rules = await rulesOf(call, group, direction);
    await revoke(api, group, direction, rules, (single) => !staying.has(JSON.stringify(single)));
  }
  clear(call);
}

async function rulesOf({ config, ctx, api }: Call, group: string, direction: Direction): Promise<JsonObject[]> {
  const { rule: old } = ctx.node.properties;
  const rules = old === undefined ? objectsAt(config, 'IpPermissions') : fromOldRules(valuesAt(old, ''), direction);
  return await withGroupIds(api, group, rules);
}

function groupOf({ ctx, config, properties }: Call): string | undefined {
  const [target] = relatedTo(ctx.instance, 'securitygroup');
  if (target && isExternal(target)) ctx.logger.debug('rules are added to the existing %s', target.instance.id);
  return (
    textAt(config, 'GroupId') ??
    textAt(target?.instance.runtimeProperties, 'aws_resource_id') ??
    textAt(properties, 'resource_id')
  );
}
