/** Looking at what is there. */
import type { JsonObject } from '../../blueprint/json.js';
import { NonRecoverableError } from '../sdk/errors.js';

import type { Api } from './api.js';
import { ApiError } from './api-error.js';
import type { Call } from './call.js';

import { objectsAt, textAt, valuesAt } from './json.js';
import type { Path, Resource } from './resource.js';
import { timings, waitFor } from './wait.js';

/** The resource with this id; undefined when there is none (any more). */
export async function find(call: Call, id: string): Promise<JsonObject | undefined> {
  const { by } = call.resource.describe;
  const [found] = await findAll(call, typeof by === 'string' ? { [by]: [id] } : by(id));
  return found;
}

/** The resources that a describe call with this input tells of, without those that are gone. */
export async function findAll({ api, resource }: Call, input: JsonObject): Promise<JsonObject[]> {
  const { command, answer } = resource.describe;
  const found = await unlessGone(async () => await allPages(api, command, input, answer));
  return found.filter((item) => !isGone(resource, item));
}

/** Nothing, when what was asked about is not there. */
export async function unlessGone<T>(look: () => Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof ApiError && error.gone) return [];
    throw error;
  }
}

async function allPages(api: Api, command: string, input: JsonObject, answer: Path): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let next: JsonObject | undefined = {};
  while (next !== undefined) {
    const page: JsonObject = await api.send(command, { ...input, ...next });
    found.push(...itemsIn(page, answer, input));
    next = nextPage(page);
  }
  return found;
}

/** The parameter that asks for what follows; services name it differently. */
function nextPage(page: JsonObject): JsonObject | undefined {
  const token = textAt(page, 'NextToken');
  const marker = textAt(page, 'NextMarker');
  if (token !== undefined) return { NextToken: token };
  return marker === undefined ? undefined : { Marker: marker };
}

export function itemsIn(answer: JsonObject, path: Path, request: JsonObject): JsonObject[] {
  return typeof path === 'string' ? objectsAt(answer, path) : path(answer, request);
}

export function idOf({ describe }: Resource, item: JsonObject): string {
  const id = textAt(item, describe.id);
  if (id === undefined) throw new Error(`${describe.command} told of a resource without ${describe.id}`);
  return id;
}

/** Waits until it is ready. @throws NonRecoverableError when it never will be */
export async function untilReady(call: Call, id: string): Promise<JsonObject> {
  const { resource, ctx } = call;
  const { pollMs, pollForMs } = timings();
  let misses = 0;
  return await waitFor(
    ctx,
    `${resource.title} ${id} to be ready`,
    async () => {
      const found = await find(call, id);
      if (found) return isReady(resource, id, found) ? found : undefined;
      misses += 1;
      if (misses * pollMs > pollForMs / 2) throw new NonRecoverableError(`${resource.title} ${id} is no longer there`);
      return undefined;
    },
    { slow: resource.slow === true },
  );
}

function isReady({ states, title }: Resource, id: string, found: JsonObject): boolean {
  if (!states) return true;
  const [state] = valuesAt(found, states.path);
  if (state === undefined || states.ready.includes(state)) return true;
  if (!states.failed?.includes(state)) return false;
  const reason = states.reason === undefined ? undefined : textAt(found, states.reason);
  throw new NonRecoverableError(`${title} ${id} is ${state}${reason ? `: ${reason}` : ''}`);
}

/** Waits until it no longer counts as existing. */
export async function untilGone(call: Call, id: string): Promise<void> {
  if (!call.resource.states?.gone) return;
  const look = async () => ((await find(call, id)) === undefined ? true : undefined);
  await waitFor(call.ctx, `${call.resource.title} ${id} to be gone`, look, { slow: call.resource.slow === true });
}

export function isLeaving({ states }: Resource, item: JsonObject): boolean {
  const [state] = states?.leaving ? valuesAt(item, states.path) : [];
  return state !== undefined && states?.leaving?.includes(state) === true;
}

function isGone({ states }: Resource, item: JsonObject): boolean {
  const [state] = states?.gone ? valuesAt(item, states.path) : [];
  return state !== undefined && states?.gone?.includes(state) === true;
}
