/** Hosts that relationships add to the inventory of a playbook, and take out of it again. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import { relatedHost } from '../hosts/login.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { requireRelationship } from '../sdk/require-kind.js';
import { objectOf, textOf } from '../values.js';
import { hostVariables, INSTANCE, merged } from './inventory.js';

/** @param inputs `group_name` (the target node's name), `hostname` (its instance's id), `host_config` (variables) */
export async function addHost(context: OperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = requireRelationship(context);
  const host = relatedHost(target);
  if (!host) throw new NonRecoverableError(`${target.node.name} is no host that a playbook could be run on`);
  const { key, password: _, ...login } = host.login;
  // Keys and passwords are no runtime properties: they are looked up again when the playbook is run.
  const variables: JsonObject = {
    ...hostVariables(
      host.address(),
      typeof key === 'string' && !key.includes('-----BEGIN') ? { ...login, key } : login,
    ),
    [INSTANCE]: target.instance.id,
    ...objectOf(inputs.host_config),
  };
  const { group, name } = placeOf(target.node.name, target.instance.id, inputs);
  const added = { all: { children: { [group]: { hosts: { [name]: variables } } } } };
  source.instance.runtimeProperties.sources = merged(
    objectOf(source.instance.runtimeProperties.sources as Json),
    added,
  ) as Json;
}

export async function removeHost(context: OperationContext, inputs: JsonObject): Promise<void> {
  const { source, target } = requireRelationship(context);
  const sources = source.instance.runtimeProperties.sources as Record<string, Json> | undefined;
  const { group, name } = placeOf(target.node.name, target.instance.id, inputs);
  const children = (sources?.all as Record<string, Json> | undefined)?.children as Record<string, Json> | undefined;
  const hosts = (children?.[group] as Record<string, Json> | undefined)?.hosts as Record<string, Json> | undefined;
  if (!children || !hosts) return;
  delete hosts[name];
  if (Object.keys(hosts).length === 0) delete children[group];
  if (Object.keys(children).length === 0) delete source.instance.runtimeProperties.sources;
}

function placeOf(
  node: string,
  instance: string,
  inputs: JsonObject,
): { readonly group: string; readonly name: string } {
  return { group: textOf(inputs.group_name) ?? node, name: textOf(inputs.hostname) ?? instance };
}
