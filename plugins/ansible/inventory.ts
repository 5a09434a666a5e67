/** The hosts of a playbook: given as YAML or a file, collected from relationships, or the one host of the node. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { hostLogin, relatedHost } from '../hosts/login.js';
import { pemText } from '../hosts/pem.js';
import type { OperationContext, Subject } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { objectOf, textOf } from '../values.js';
import { playbookNode } from './settings.js';

/** Variable that says which instance a host is: its key is looked up when it is needed, and stored nowhere. */
export const INSTANCE = 'cloudify_instance_id';
const KEY = 'ansible_ssh_private_key_file';

/**
 * Writes the inventory into a folder.
 *
 * @param given path, YAML text or hosts; without it the hosts that relationships have added, else the node's host
 * @returns the inventory's path
 * @throws NonRecoverableError when it cannot be read, or when there is no host
 */
export async function writeInventory(ctx: OperationContext, given: Json | undefined, folder: string): Promise<string> {
  const file = path.join(folder, 'hosts.yaml');
  const text = textOf(given);
  if (text !== undefined && !text.includes('\n') && !text.trimStart().startsWith('{')) {
    const named = path.join(folder, path.basename(text));
    if (path.isAbsolute(text)) return text;
    await writeFile(named, await ctx.getResource(text), { mode: 0o600 });
    return named;
  }
  const hosts = merged(collected(ctx), text === undefined ? objectOf(given) : parsed(text));
  const inventory = Object.keys(hosts).length > 0 ? hosts : await ofRelatedHost(ctx);
  await writeFile(file, stringify(await withKeys(ctx, inventory, folder)), { mode: 0o600 });
  return file;
}

function parsed(text: string): JsonObject {
  try {
    return objectOf(parse(text) as Json);
  } catch (error) {
    throw new NonRecoverableError(`sources is no YAML: ${(error as Error).message}`);
  }
}

/** The hosts that `connected_to_host` relationships have added. */
export function collected(ctx: OperationContext): JsonObject {
  return objectOf(playbookNode(ctx).instance.runtimeProperties.sources as Json);
}

async function ofRelatedHost(ctx: OperationContext): Promise<JsonObject> {
  const subject = ctx.type === 'relationship-instance' ? ctx.target : requireNode(ctx);
  const host = relatedHost(subject);
  if (!host)
    throw new NonRecoverableError(
      `${playbookNode(ctx).node.name}: there is no host to run the playbook on; set sources, or relate the node to a host`,
    );
  return { all: { hosts: { [subject.instance.id]: hostVariables(host.address(), await hostLogin(ctx, host)) } } };
}

export function hostVariables(address: string, { user, key, port, password }: JsonObject): JsonObject {
  return {
    ansible_host: address,
    ...(user === undefined ? {} : { ansible_user: user }),
    ...(port === undefined ? {} : { ansible_port: port }),
    ...(key === undefined ? {} : { [KEY]: key }),
    ...(password === undefined ? {} : { ansible_password: password }),
  };
}

/** Keys given as text become files that only the worker's user may read. */
async function withKeys(ctx: OperationContext, inventory: JsonObject, folder: string): Promise<JsonObject> {
  let keys = 0;
  async function walk(value: Json): Promise<Json> {
    if (Array.isArray(value)) return await Promise.all(value.map(walk));
    if (typeof value !== 'object' || value === null) return value;
    const walked: Record<string, Json> = {};
    for (const [name, item] of Object.entries(value)) walked[name] = await walk(item as Json);
    const instance = textOf(walked[INSTANCE]);
    if (walked[KEY] === undefined && instance !== undefined) {
      const { key } = await loginOfInstance(ctx, instance);
      if (key !== undefined) walked[KEY] = key;
    }
    const key = textOf(walked[KEY]);
    if (key?.includes('-----BEGIN')) {
      keys += 1;
      const file = path.join(folder, `key-${keys}.pem`);
      await writeFile(file, await pemText(ctx, key, KEY), { mode: 0o600 });
      walked[KEY] = file;
    }
    return walked;
  }
  return objectOf(await walk(inventory));
}

async function loginOfInstance(ctx: OperationContext, id: string): Promise<JsonObject> {
  const subjects: Subject[] = playbookNode(ctx).instance.relationships.map(({ target }) => target);
  const found = subjects.find(({ instance }) => instance.id === id);
  const host = found && relatedHost(found);
  return host ? await hostLogin(ctx, host) : {};
}

export function merged(base: JsonObject, over: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    const before = result[name];
    const both = isMapping(before) && isMapping(value);
    result[name] = both ? merged(before as JsonObject, value as JsonObject) : value;
  }
  return result;
}

function isMapping(value: Json | undefined): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
