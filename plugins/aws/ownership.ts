/**
 * Whose a resource is. Each creation has a token: noted before the call, sent with it as client token and as tag. If
 * the answer is lost, or the process with it, whoever goes on finds the resource by the token instead of making another.
 */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { NodeOperationContext } from '../sdk/context.js';
import type { Call } from './call.js';
import { findAll, isLeaving } from './find.js';
import { objectsAt } from './json.js';
import { pause, timings } from './wait.js';

/** Runtime property: a creation was begun and its outcome is not known. */
export const TOKEN = '__create_token';

export const TOKEN_TAG = 'cfy:token';

/** A new resource may not be listed at once. */
const LOOKS = 3;

export function creationToken(ctx: NodeOperationContext): string {
  const parts = [ctx.deployment.id, ctx.executionId, ctx.instance.id, ctx.taskId];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 40);
}

/** The resources that the creation with this token made. */
export async function foundByToken(call: Call, token: string): Promise<JsonObject[]> {
  if (call.resource.tagType === undefined) return [];
  const parameters = await call.api.parameters(call.resource.describe.command);
  const filters = parameters.includes('Filters') ? 'Filters' : 'Filter';
  for (let look = 1; ; look += 1) {
    const all = await findAll(call, { [filters]: [{ Name: `tag:${TOKEN_TAG}`, Values: [token] }] });
    const found = all.filter((item) => !isLeaving(call.resource, item));
    if (found.length > 0 || look >= LOOKS) return found;
    await pause(timings().pollMs, call.ctx.signal);
  }
}

/** What the create call says of tags: the blueprint's, Cloudify's and ours, joined to those it was given. */
export function tagSpecifications({ resource, ctx, properties }: Call, config: JsonObject, token: string): Json[] {
  // One that does not say what it is for is for what is made.
  const given = objectsAt(config.TagSpecifications, '').map(
    ({ ResourceType, ...rest }): JsonObject => ({
      ...rest,
      ResourceType: ResourceType || (resource.tagType as string),
    }),
  );
  const others = given.filter(({ ResourceType }) => ResourceType !== resource.tagType);
  const own = given.filter(({ ResourceType }) => ResourceType === resource.tagType);
  const defaults: Record<string, string> = {};
  if (properties.cloudify_tagging === true) {
    defaults.Name = `${ctx.deployment.id}-${ctx.instance.id}`;
    defaults.CreatedBy = `${ctx.tenant.name}/${ctx.deployment.id}`;
    for (const [key, value] of Object.entries(ctx.deployment.resourceTags)) defaults[key] = String(value);
  }
  const tags: Record<string, Json> = { ...defaults };
  for (const { Key, Value } of [...own.flatMap(({ Tags }) => objectsAt(Tags, '')), ...objectsAt(properties.Tags, '')])
    tags[String(Key)] = Value ?? '';
  tags['cfy:deployment'] = ctx.deployment.id;
  tags['cfy:instance'] = ctx.instance.id;
  tags[TOKEN_TAG] = token;
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value: String(Value) }));
  return [...others, { ResourceType: resource.tagType as string, Tags }];
}
