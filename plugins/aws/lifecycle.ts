/** Making a resource and taking it away again, the same way for every kind of resource. */
import type { JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { ApiError } from './api-error.js';
import { type Call, EXTERNAL } from './call.js';
import { find, findAll, idOf, itemsIn, untilGone, untilReady } from './find.js';
import { withInferred } from './infer.js';
import { objectsAt, valuesAt } from './json.js';
import { creationToken, foundByToken, TOKEN, tagList, tagSpecifications } from './ownership.js';
import type { Resource } from './resource.js';
import { waitFor } from './wait.js';

/** Runtime property: what is still to be deleted when the resource is gone. */
const REMNANTS = '__remnants';

/** Notes the parameters, as far as they are known before anything is made. */
export async function prepare({ api, resource, runtime, config }: Call): Promise<void> {
  runtime.resource_config = await api.storable(commandOf(resource, config), config);
}

/** The same for what has no create call of its own to tell what may be noted. */
export async function noteConfig({ runtime, config }: Call): Promise<void> {
  runtime.resource_config = config;
}

/** Makes the resource, or takes what the node says is there already; ends when it is ready. */
export async function create(call: Call): Promise<void> {
  const { runtime, resource } = call;
  const known = createdId(call);
  if (known !== undefined) return await settle(call, known);
  const unfinished = runtime[TOKEN];
  if (typeof unfinished === 'string') {
    const found = await foundByToken(call, unfinished);
    if (found.length > 0 && resource.adoptable?.(call) !== false) return await settle(call, await record(call, found));
    for (const item of found) await removeOne(call, idOf(resource, item));
  }
  const existing = typeof unfinished === 'string' ? undefined : await existingOf(call);
  if (existing) return adopt(call, existing);
  const id = await record(call, await make(call));
  call.ctx.logger.info('%s %s was created', resource.title, id);
  await settle(call, id);
}

/** Takes the resource away, unless it is not ours. With nothing made there is nothing to do. */
export async function remove(call: Call): Promise<void> {
  const { resource, ctx, external, force } = call;
  if (external && !force) {
    ctx.logger.info('%s %s existed before and is left as it is', resource.title, call.runtime.aws_resource_id ?? '');
    return clear(call);
  }
  await Promise.all((await idsToRemove(call)).map(async (id) => await removeOne(call, id)));
  await removeRemnants(call);
  clear(call);
}

async function removeOne(call: Call, id: string): Promise<void> {
  const { resource, ctx, api } = call;
  const found = await find(call, id);
  if (found) await noteRemnants(call, found);
  if (!found) return ctx.logger.info('%s %s is gone already', resource.title, id);
  const act = async () => void (await api.send(resource.remove.command, resource.remove.input(id, found)));
  await whenFree(call, `delete ${resource.title} ${id}`, act, () => resource.obstacles?.(call, id));
  await untilGone(call, id);
  ctx.logger.info('%s %s was deleted', resource.title, id);
}

/** What outlives the resource is only known as long as the resource is there. */
async function noteRemnants(call: Call, found: JsonObject): Promise<void> {
  const { runtime, resource, ctx } = call;
  const ids = resource.remnants?.of(call, found) ?? [];
  if (ids.length === 0) return;
  runtime[REMNANTS] = [...new Set([...valuesAt(runtime, REMNANTS), ...ids])];
  await ctx.instance.update();
}

async function removeRemnants(call: Call): Promise<void> {
  const { runtime, resource, api } = call;
  const { remnants } = resource;
  if (!remnants) return;
  const removed = valuesAt(runtime, REMNANTS).map(async (id) => {
    const input = remnants.input(String(id));
    await whenFree(call, `delete ${id}`, async () => void (await api.send(remnants.command, input)));
  });
  await Promise.all(removed);
}

/** Does what takes something away: gone already is as good as done, and what is in use is waited for. */
export async function whenFree(
  { ctx }: { readonly ctx: OperationContext },
  what: string,
  act: () => Promise<void>,
  explain?: () => Promise<string> | undefined,
): Promise<void> {
  let obstacle = '';
  const attempt = async () => {
    try {
      await act();
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.gone) return true;
      if (!(error instanceof ApiError) || !error.busy) throw error;
      if (obstacle === '') {
        obstacle = [error.message, await explain?.()].filter(Boolean).join('; ');
        ctx.logger.warn('cannot %s yet: %s', what, obstacle);
      }
      return undefined;
    }
  };
  await waitFor(ctx, { toString: () => `being able to ${what}: ${obstacle}` }, attempt);
}

/** The id of what an earlier attempt or operation made or adopted. */
export function createdId({ runtime }: Call): string | undefined {
  const id = runtime.aws_resource_id;
  return runtime.create_response !== undefined && typeof id === 'string' && id !== '' ? id : undefined;
}

async function idsToRemove(call: Call): Promise<string[]> {
  const { runtime, inputs, resource, ctx } = call;
  if (typeof inputs.aws_resource_id === 'string' && inputs.aws_resource_id !== '') return [inputs.aws_resource_id];
  const id = createdId(call);
  if (id !== undefined) {
    const all = runtime.aws_resource_ids;
    return Array.isArray(all) && all.length > 0 ? all.map(String) : [id];
  }
  const token = runtime[TOKEN];
  const found = typeof token === 'string' ? await foundByToken(call, token) : [];
  if (found.length === 0) ctx.logger.info('no %s was created: nothing to delete', resource.title);
  return found.map((item) => idOf(resource, item));
}

/** What the node means to use, when that exists already; undefined when it is to be made. */
async function existingOf(call: Call): Promise<JsonObject | undefined> {
  const { properties, runtime, resource, inputs, force } = call;
  if (force) return undefined;
  const expected = properties.use_external_resource === true;
  const id = [inputs.aws_resource_id, runtime.aws_resource_id, properties.resource_id].find(
    (value) => typeof value === 'string' && value !== '',
  ) as string | undefined;
  const found = id === undefined ? undefined : await find(call, id);
  if (found && !expected) {
    if (properties.use_if_exists !== true)
      throw new NonRecoverableError(
        `${resource.title} ${id} already exists: use it with use_external_resource: true, or give another resource_id`,
      );
    runtime[EXTERNAL] = true;
  }
  if (!found && expected) {
    if (properties.create_if_missing !== true)
      throw new NonRecoverableError(
        id === undefined
          ? `use_external_resource is true, but resource_id does not say which ${resource.title} to use`
          : `${resource.title} ${id} is expected to exist (use_external_resource: true), but it does not`,
      );
    runtime[EXTERNAL] = false;
  }
  return found;
}

function adopt(call: Call, found: JsonObject): void {
  const { runtime, resource, ctx } = call;
  const id = idOf(resource, found);
  Object.assign(runtime, { aws_resource_id: id, create_response: found, ...resource.facts?.(call, found) });
  ctx.logger.info('%s %s exists already and is used', resource.title, id);
}

/** Sends the create call. What comes back, or is found when nothing came back, is what was made. */
async function make(call: Call): Promise<JsonObject[]> {
  const { ctx, api, resource, runtime, config } = call;
  const filled = withInferred(ctx.instance, config, resource.infers ?? []);
  const request = resource.request ? await resource.request(call, filled) : filled;
  const command = commandOf(resource, request);
  await refuseTaken(call, request);
  runtime.resource_config = await api.storable(command, request);
  const token = creationToken(ctx);
  const marked = await withToken(call, command, request, token);
  runtime[TOKEN] = token;
  await ctx.instance.update();
  try {
    return itemsIn(await api.send(command, marked), resource.create.answer, request);
  } catch (error) {
    if (error instanceof ApiError ? error.ambiguous : ctx.signal.aborted) {
      const found = ctx.signal.aborted ? [] : await foundByToken(call, token).catch(() => []);
      if (found.length > 0) return found;
    } else delete runtime[TOKEN];
    throw error;
  }
}

async function refuseTaken(call: Call, request: JsonObject): Promise<void> {
  const { resource } = call;
  const { takes, among } = resource.tagged ?? {};
  if (!takes || !among) return;
  const [taken] = (await findAll(call, among(request))).filter((found) => takes(found, request));
  if (taken)
    throw new NonRecoverableError(
      `${resource.title} ${idOf(resource, taken)} already exists: use it with use_external_resource: true and its ` +
        'resource_id, or choose another name or port',
    );
}

async function withToken(call: Call, command: string, request: JsonObject, token: string): Promise<JsonObject> {
  const { api, resource } = call;
  const parameters = await api.parameters(command);
  const marked = parameters.includes('ClientToken') ? { ...request, ClientToken: token } : request;
  if (resource.tagged) {
    const tags = tagList(call, objectsAt(request, 'Tags'), token);
    return resource.tagged.give?.(marked, tags, token) ?? { ...marked, Tags: tags };
  }
  if (resource.tagType === undefined || !parameters.includes('TagSpecifications')) return marked;
  return { ...marked, TagSpecifications: tagSpecifications(call, request, token) };
}

/** Notes what was made, at once: after this line the death of this process loses nothing. */
async function record(call: Call, told: readonly JsonObject[]): Promise<string> {
  const { runtime, resource, ctx } = call;
  const made = (await resource.keep?.(call, told)) ?? told;
  const [first] = made;
  if (!first) throw new Error(`the API answered without a ${resource.title}`);
  const ids = made.map((item) => idOf(resource, item));
  runtime.aws_resource_id = ids[0] as string;
  if (resource.name === 'instances') runtime.aws_resource_ids = ids;
  runtime.create_response = resource.response?.(made) ?? first;
  Object.assign(runtime, resource.facts?.(call, first));
  delete runtime[TOKEN];
  await ctx.instance.update();
  return ids[0] as string;
}

async function settle(call: Call, id: string): Promise<void> {
  const { resource, runtime } = call;
  if (resource.states) {
    const found = await untilReady(call, id);
    if (!resource.response) runtime.create_response = found;
    Object.assign(runtime, resource.facts?.(call, found));
  }
  await resource.complete?.(call, id);
}

function commandOf({ create: { command } }: Resource, config: JsonObject): string {
  return typeof command === 'string' ? command : command(config);
}

export function clear({ runtime }: Pick<Call, 'runtime'>): void {
  for (const key of Object.keys(runtime)) delete runtime[key];
}
