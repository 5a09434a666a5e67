/** Looking at a resource without changing it: is it there, is it as it was. */
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { type Call, propertiesOf } from './call.js';
import { find } from './find.js';
import { textAt, valuesAt } from './json.js';

/** Notes what the resource looks like now that it is in use: what a later check for drift compares with. */
export async function notePresent(call: Call): Promise<void> {
  const found = await present(call);
  if (found) call.runtime.expected_configuration = found;
}

/** @returns the resource's state; @throws NonRecoverableError when it is missing or has failed */
export async function checkStatus(call: Call): Promise<Json | undefined> {
  const { resource, runtime } = call;
  const found = await present(call);
  if (!found) throw new NonRecoverableError(`${resource.title} ${runtime.aws_resource_id ?? ''} is missing`);
  const state = resource.states ? textAt(found, resource.states.path) : undefined;
  if (state !== undefined && resource.states?.failed?.includes(state))
    throw new NonRecoverableError(`${resource.title} ${runtime.aws_resource_id} is ${state}`);
  return { status: state ?? 'available' };
}

/** @returns what differs from what was noted, by path: `{expected, actual}`; nothing when all is as it was */
export async function checkDrift(call: Call): Promise<Json | undefined> {
  const { resource, runtime } = call;
  const expected = JSON.parse(JSON.stringify(runtime.expected_configuration ?? null)) as Json;
  if (expected === null) return undefined;
  const found = await present(call);
  if (!found) return { [resource.title]: { expected: 'present', actual: 'missing' } };
  runtime.previous_configuration = expected;
  const differences = Object.fromEntries(differencesOf(expected, found, ''));
  return Object.keys(differences).length > 0 ? differences : undefined;
}

/** What is said to exist must, what is to be made must not, and what is required must be given. */
export async function creationValidation(call: Call): Promise<void> {
  const { resource, ctx, properties } = call;
  const { resource_id, use_external_resource: external } = propertiesOf(ctx.node, resource);
  const id = typeof resource_id === 'string' && resource_id !== '' ? resource_id : undefined;
  const found = id === undefined ? undefined : await find(call, id);
  if (external === true && !found)
    throw new NonRecoverableError(`External resource, but the supplied ${resource.title} ${id ?? ''} does not exist`);
  if (external !== true && found)
    throw new NonRecoverableError(`Not external resource, but the supplied ${resource.title} ${id} exists`);
  const image = textAt(properties.resource_config, 'ImageId');
  if (external === true || resource.name !== 'instances' || image === undefined) return;
  const [state] = valuesAt(await call.api.send('DescribeImages', { ImageIds: [image] }), 'Images.State');
  if (state !== 'available')
    throw new NonRecoverableError(`image_id ${image} is ${state ?? 'not known'}: it cannot be started from`);
}

async function present(call: Call): Promise<JsonObject | undefined> {
  const id = call.runtime.aws_resource_id;
  return typeof id === 'string' && id !== '' ? await find(call, id) : undefined;
}

function differencesOf(expected: Json, actual: Json | undefined, path: string): [string, Json][] {
  if (isObject(expected) && isObject(actual)) {
    const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
    return [...keys].flatMap((key) =>
      differencesOf(expected[key] ?? null, actual[key], path === '' ? key : `${path}.${key}`),
    );
  }
  if (JSON.stringify(expected) === JSON.stringify(actual ?? null)) return [];
  return [[path, { expected, actual: actual ?? null }]];
}
