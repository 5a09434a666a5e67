/** Machines behind load balancers: registered once, and taken off again only by whoever registered them. */
import { isObject, type Json, type JsonObject } from '../../../../blueprint/json.js';
import type { RelationshipOperationContext, Subject } from '../../../sdk/context.js';
import type { Api } from '../../api.js';
import { ApiError } from '../../api-error.js';
import { apiFor, isExternal } from '../../call.js';
import { unlessGone } from '../../find.js';
import { idFrom } from '../../infer.js';
import { textAt, valuesAt } from '../../json.js';
import { whenFree } from '../../lifecycle.js';
import { NODE_TYPES } from '../../node-types.js';
import { relationshipOperation } from '../../operations.js';
import { waitFor } from '../../wait.js';

export const registrationOperations = {
  'elb.classic.load_balancer.assoc': relationshipOperation(register),
  'elb.classic.load_balancer.disassoc': relationshipOperation(deregister),
};

/** Source's runtime property: by instance of the target, the ids that were registered with it; noted before they are. */
const REGISTERED = '__registered';

/** The ways in which the target takes members. */
interface Pool {
  readonly id: string;
  /** Ids by which it knows what the source stands for. */
  idsOf(source: Subject): Promise<readonly string[]>;
  /** Ids of those that are registered and stay so. */
  members(): Promise<readonly string[]>;
  add(ids: readonly string[]): Promise<void>;
  remove(ids: readonly string[]): Promise<void>;
}

async function register(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = ctx;
  const pool = poolOf(ctx, inputs);
  if (!pool) return;
  const ids = await pool.idsOf(source);
  if (isExternal(source) && isExternal(target))
    return ctx.logger.info('%s and %s existed before and are left as they are', ids.join(', '), pool.id);
  const present = await pool.members();
  const ours = notedOf(ctx);
  const missing = ids.filter((id) => !present.includes(id));
  source.instance.runtimeProperties[REGISTERED] = {
    ...notes(source),
    [target.instance.id]: [...new Set([...ours, ...missing])],
  };
  await source.instance.update();
  if (missing.length > 0) await pool.add(missing);
  await waitFor(ctx, `${ids.join(', ')} to be registered with ${pool.id}`, async () => {
    const members = await pool.members();
    return ids.every((id) => members.includes(id)) ? true : undefined;
  });
  await tell(target, (known) => [...known, ...ids]);
  ctx.logger.info('%s is registered with %s', ids.join(', '), pool.id);
}

async function deregister(ctx: RelationshipOperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = ctx;
  const pool = poolOf(ctx, inputs);
  if (!pool) return;
  const ours = notedOf(ctx);
  if (ours.length === 0) return ctx.logger.info('nothing was registered with %s by us', pool.id);
  const present = await pool.members();
  const leaving = ours.filter((id) => present.includes(id));
  if (leaving.length > 0)
    await whenFree({ ctx }, `take ${leaving.join(', ')} off ${pool.id}`, async () => await pool.remove(leaving));
  await waitFor(ctx, `${ours.join(', ')} to be off ${pool.id}`, async () => {
    const members = await pool.members();
    return ours.some((id) => members.includes(id)) ? undefined : true;
  });
  const { [target.instance.id]: _, ...others } = notes(source);
  source.instance.runtimeProperties[REGISTERED] = others;
  await tell(target, (known) => known.filter((id) => !ours.includes(String(id))));
}

/** Others tell of theirs at the same time: what they told until now is looked up first. */
async function tell({ node, instance }: Subject, change: (known: readonly Json[]) => readonly Json[]): Promise<void> {
  const property = node.isA('cloudify.aws.nodes.ElasticLoadBalancer') ? 'instance_list' : 'instances';
  await instance.refresh();
  instance.runtimeProperties[property] = [...new Set(change(valuesAt(instance.runtimeProperties, property)))];
}

function notes({ instance }: Subject): JsonObject {
  const noted = instance.runtimeProperties[REGISTERED];
  return isObject(noted) ? (JSON.parse(JSON.stringify(noted)) as JsonObject) : {};
}

function notedOf({ source, target }: RelationshipOperationContext): string[] {
  return valuesAt(notes(source)[target.instance.id], '').map(String);
}

/** Undefined when there is nothing to register, or nothing to register it with. */
function poolOf(ctx: RelationshipOperationContext, inputs: JsonObject): Pool | undefined {
  const { source, target } = ctx;
  const isGroup = NODE_TYPES['elb.target_group'].some((type) => target.node.isA(type));
  const id = idFrom(target, isGroup ? 'aws_resource_arn' : 'aws_resource_id');
  if (id === undefined || idFrom(source) === undefined) return undefined;
  const api = apiFor(ctx, target);
  return isGroup ? targetGroup(api, id, inputs) : classic(api, id);
}

function classic(api: Api, LoadBalancerName: string): Pool {
  const instances = (ids: readonly string[]) => ids.map((InstanceId) => ({ InstanceId }));
  return {
    id: LoadBalancerName,
    idsOf: async (source) => instanceIds(source),
    async members() {
      const look = async () =>
        valuesAt(
          await api.send('elb.DescribeLoadBalancers', { LoadBalancerNames: [LoadBalancerName] }),
          'LoadBalancerDescriptions.Instances.InstanceId',
        ).map(String);
      return await unlessGone(look);
    },
    async add(ids) {
      await api.send('elb.RegisterInstancesWithLoadBalancer', { LoadBalancerName, Instances: instances(ids) });
    },
    async remove(ids) {
      try {
        await api.send('elb.DeregisterInstancesFromLoadBalancer', { LoadBalancerName, Instances: instances(ids) });
      } catch (error) {
        // Terminated meanwhile.
        if (!(error instanceof ApiError) || error.code !== 'InvalidInstance') throw error;
      }
    },
  };
}

function targetGroup(api: Api, TargetGroupArn: string, inputs: JsonObject): Pool {
  const port = textAt(inputs, 'port');
  const targets = (ids: readonly string[]) => ids.map((Id) => ({ Id, ...(port ? { Port: Number(port) } : {}) }));
  return {
    id: TargetGroupArn,
    async idsOf(source) {
      const told = await api.send('elbv2.DescribeTargetGroups', { TargetGroupArns: [TargetGroupArn] });
      const type = textAt(told, 'TargetGroups.TargetType');
      if (type === 'ip') return valuesAt(source.instance.runtimeProperties, 'private_ip_address').map(String);
      return type === 'alb' ? [idFrom(source, 'aws_resource_arn') ?? ''] : instanceIds(source);
    },
    /** Those that drain are as good as gone: that takes minutes, and nothing waits for it. */
    async members() {
      const look = async () =>
        valuesAt(await api.send('elbv2.DescribeTargetHealth', { TargetGroupArn }), 'TargetHealthDescriptions')
          .filter(isObject)
          .filter((one) => textAt(one, 'TargetHealth.State') !== 'draining')
          .map((one) => textAt(one, 'Target.Id') ?? '');
      return await unlessGone(look);
    },
    async add(ids) {
      await api.send('elbv2.RegisterTargets', { TargetGroupArn, Targets: targets(ids) });
    },
    async remove(ids) {
      await api.send('elbv2.DeregisterTargets', { TargetGroupArn, Targets: targets(ids) });
    },
  };
}

function instanceIds(source: Subject): string[] {
  const all = valuesAt(source.instance.runtimeProperties, 'aws_resource_ids').map(String);
  const id = idFrom(source);
  return all.length > 0 ? all : id === undefined ? [] : [id];
}
