/**
 * Whose a resource is. Each creation has a token: noted before the call, sent with it as client token and as tag. If
 * the answer is lost, or the process with it, whoever goes on finds the resource by the token instead of making another.
 */
import { createHash } from 'node:crypto';
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import type { NodeOperationContext } from '../sdk/context.js';
import type { Call } from './call.js';
import { findAll, isLeaving } from './find.js';
import { objectsAt, textAt } from './json.js';
import type { TagLookup } from './resource.js';
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

/** Ids that one call tells the tags of. */
const TAGS_OF_AT_ONCE = 20;

/** The resources that the creation with this token made. */
export async function foundByToken(call: Call, token: string): Promise<JsonObject[]> {
  const { tagType, tagged } = call.resource;
  if (tagType === undefined && tagged === undefined) return [];
  const look = tagged ? async () => await bearing(call, tagged, token) : await filteredBy(call, token);
  for (let looks = 1; ; looks += 1) {
    const found = (await look()).filter((item) => !isLeaving(call.resource, item));
    if (found.length > 0 || looks >= LOOKS) return found;
    await pause(timings().pollMs, call.ctx.signal);
  }
}

async function filteredBy(call: Call, token: string): Promise<() => Promise<JsonObject[]>> {
  const parameters = await call.api.parameters(call.resource.describe.command);
  const filters = parameters.includes('Filters') ? 'Filters' : 'Filter';
  return async () => await findAll(call, { [filters]: [{ Name: `tag:${TOKEN_TAG}`, Values: [token] }] });
}

/** Of all that the noted request may have made, what has the token among its tags. */
async function bearing(call: Call, lookup: TagLookup, token: string): Promise<JsonObject[]> {
  const { runtime } = call;
  const request = isObject(runtime.resource_config) ? runtime.resource_config : {};
  const all = await findAll(call, lookup.among(request));
  const hasToken = (one: JsonObject) =>
    objectsAt(one, 'Tags').some(({ Key, Value }) => Key === TOKEN_TAG && Value === token);
  if (!lookup.told) return all.filter(hasToken);
  const idOf = (item: JsonObject) => textAt(item, lookup.id) ?? '';
  const { command, by } = lookup.told;
  const ours = new Set<string>();
  for (let at = 0; at < all.length; at += TAGS_OF_AT_ONCE) {
    const told = await call.api.send(command, { [by]: all.slice(at, at + TAGS_OF_AT_ONCE).map(idOf) });
    for (const one of objectsAt(told, 'TagDescriptions').filter(hasToken))
      ours.add(textAt(one, 'ResourceArn') ?? idOf(one));
  }
  return all.filter((item) => ours.has(idOf(item)));
}

/** What the create call says of tags: the blueprint's, Cloudify's and ours, joined to those it was given. */
export function tagSpecifications(call: Call, config: JsonObject, token: string): Json[] {
  const type = call.resource.tagType as string;
  // One that does not say what it is for is for what is made.
  const given = objectsAt(config.TagSpecifications, '').map(
    ({ ResourceType, ...rest }): JsonObject => ({ ...rest, ResourceType: ResourceType || type }),
  );
  const others = given.filter(({ ResourceType }) => ResourceType !== type);
  const own = given.filter(({ ResourceType }) => ResourceType === type);
  const Tags = tagList(
    call,
    own.flatMap((specification) => objectsAt(specification, 'Tags')),
    token,
  );
  return [...others, { ResourceType: type, Tags }];
}

/** The same as a plain list. */
export function tagList({ ctx, properties }: Call, given: readonly JsonObject[], token: string): JsonObject[] {
  const tags: Record<string, Json> = {};
  if (properties.cloudify_tagging === true) {
    tags.Name = `${ctx.deployment.id}-${ctx.instance.id}`;
    tags.CreatedBy = `${ctx.tenant.name}/${ctx.deployment.id}`;
    for (const [key, value] of Object.entries(ctx.deployment.resourceTags)) tags[key] = String(value);
  }
  for (const { Key, Value } of [...given, ...objectsAt(properties.Tags, '')]) tags[String(Key)] = Value ?? '';
  tags['cfy:deployment'] = ctx.deployment.id;
  tags['cfy:instance'] = ctx.instance.id;
  tags[TOKEN_TAG] = token;
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value: String(Value) }));
}
