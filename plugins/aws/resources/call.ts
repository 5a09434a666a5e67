/** A node for any resource of the API that has no type of its own: its blueprint names the calls. */
import { isObject, type Json, type JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { ApiError } from '../api-error.js';
import type { Call } from '../call.js';
import { objectsAt, textAt, valuesAt } from '../json.js';
import { clear, whenFree } from '../lifecycle.js';
import { nodeOperation, type Operations } from '../operations.js';
import { creationToken, TOKEN, TOKEN_TAG, tagSpecifications } from '../ownership.js';
import type { Resource } from '../resource.js';
import { waitFor } from '../wait.js';

const anything: Resource = {
  name: 'call',
  title: 'resource',
  create: { command: 'CreateTags', answer: '' },
  describe: { command: 'DescribeTags', by: 'Filters', answer: 'Tags', id: 'ResourceId' },
  remove: { command: 'DeleteTags', input: () => ({}) },
};

export const callOperations: Operations = {
  'ec2.call.create': nodeOperation(anything, create),
  'ec2.call.delete': nodeOperation(anything, remove),
  'ec2.call.send': nodeOperation(anything, send),
};

/** Any one call, as an operation of any node: inputs `command` and `input`; the answer is the result. */
async function send({ api, inputs }: Call): Promise<Json> {
  return await api.send(commandIn(inputs), objectIn(inputs.input));
}

async function create(call: Call): Promise<void> {
  const { ctx, runtime, properties } = call;
  const step = objectIn(properties.create);
  if (Object.keys(step).length === 0) return;
  if (runtime.create_response === undefined) {
    const answer = (await adopted(call, step)) ?? (await made(call, step));
    const id = textAt(answer, textAt(step, 'id') ?? '') ?? textAt(runtime, 'aws_resource_id');
    if (step.id !== undefined && id === undefined)
      throw new NonRecoverableError(`the answer to ${step.command} has nothing at ${step.id}`);
    Object.assign(runtime, { create_response: answer, ...(id === undefined ? {} : { aws_resource_id: id }) });
    delete runtime[TOKEN];
    await ctx.instance.update();
  }
  await until(call, step);
}

async function remove(call: Call): Promise<void> {
  const { ctx, api, runtime, properties } = call;
  const step = objectIn(properties.delete);
  const began = runtime.create_response !== undefined || runtime[TOKEN] !== undefined;
  if (runtime.create_response === undefined && runtime[TOKEN] !== undefined) {
    const found = await adopted(call, objectIn(properties.create));
    const id = found && textAt(found, textAt(objectIn(properties.create), 'id') ?? '');
    if (id === undefined) return clear(call);
    runtime.aws_resource_id = id;
  }
  if (began && Object.keys(step).length > 0) {
    const gone = valuesAt(step, 'gone_codes');
    await whenFree({ ctx }, `undo ${ctx.instance.id}`, async () => {
      try {
        await api.send(commandIn(step), filled(call, objectIn(step.input)));
      } catch (error) {
        if (!(error instanceof ApiError) || !gone.includes(error.code)) throw error;
      }
    });
    await until(call, step);
  }
  clear(call);
}

async function made(call: Call, step: JsonObject): Promise<JsonObject> {
  const { ctx, api, runtime } = call;
  const command = commandIn(step);
  const input = filled(call, objectIn(step.input));
  const parameters = await api.parameters(command);
  const token = creationToken(ctx);
  const tagType = textAt(step, 'tag_type');
  const tagged: Call = { ...call, resource: { ...anything, ...(tagType === undefined ? {} : { tagType }) } };
  runtime.resource_config = await api.storable(command, input);
  runtime[TOKEN] = token;
  await ctx.instance.update();
  try {
    return await api.send(command, {
      ...input,
      ...(parameters.includes('ClientToken') ? { ClientToken: token } : {}),
      ...(tagType !== undefined ? { TagSpecifications: tagSpecifications(tagged, input, token) } : {}),
    });
  } catch (error) {
    if (error instanceof ApiError && valuesAt(step, 'taken_codes').includes(error.code)) return {};
    if (error instanceof ApiError && !error.ambiguous) delete runtime[TOKEN];
    throw error;
  }
}

/** What an earlier attempt made, found by its tag; as much of the answer as leads to the id. */
async function adopted({ api, runtime }: Call, step: JsonObject): Promise<JsonObject | undefined> {
  const token = runtime[TOKEN];
  const path = textAt(step, 'id');
  if (typeof token !== 'string' || step.tag_type === undefined || path === undefined) return undefined;
  const Filters = [
    { Name: 'key', Values: [TOKEN_TAG] },
    { Name: 'value', Values: [token] },
  ];
  const id = textAt(await api.send('DescribeTags', { Filters }), 'Tags.ResourceId');
  if (id === undefined) return undefined;
  return path.split('.').reduceRight<Json>((inner, key) => ({ [key]: inner }), id) as JsonObject;
}

/** `wait`: `{path, values}` of what the describe call answers, or `gone: true`. */
async function until(call: Call, step: JsonObject): Promise<void> {
  const { ctx, api, properties } = call;
  const wait = objectIn(step.wait);
  const look = objectIn(properties.describe);
  if (Object.keys(wait).length === 0) return;
  const values = valuesAt(wait, 'values').map(String);
  const failed = valuesAt(wait, 'failed').map(String);
  await waitFor(
    ctx,
    `${ctx.instance.id} to be as it waits to be`,
    async () => {
      const found = await looked();
      if (wait.gone === true) return found.length === 0 ? true : undefined;
      const state = found[0] && textAt(found[0], textAt(wait, 'path') ?? '');
      if (state !== undefined && failed.includes(state))
        throw new NonRecoverableError(`${ctx.instance.id} is ${state}`);
      return state !== undefined && values.includes(state) ? true : undefined;
    },
    { slow: true },
  );

  async function looked(): Promise<JsonObject[]> {
    try {
      const answer = await api.send(commandIn(look), filled(call, objectIn(look.input)));
      return objectsAt(answer, textAt(look, 'answer') ?? '');
    } catch (error) {
      if (error instanceof ApiError && error.gone) return [];
      throw error;
    }
  }
}

/** `{id}` in texts of the input stands for the resource's id. */
function filled(call: Call, input: JsonObject): JsonObject {
  const id = textAt(call.runtime, 'aws_resource_id') ?? '';
  const fill = (value: Json): Json => {
    if (typeof value === 'string') return value.replaceAll('{id}', id);
    if (Array.isArray(value)) return value.map(fill);
    return isObject(value)
      ? (Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item)])) as JsonObject)
      : value;
  };
  return fill(input) as JsonObject;
}

function commandIn(step: JsonObject): string {
  const command = textAt(step, 'command');
  if (command === undefined) throw new NonRecoverableError('command does not say which call of the EC2 API to make');
  return command;
}

function objectIn(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {};
}
