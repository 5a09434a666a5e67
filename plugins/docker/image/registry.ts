/** Credentials of registries: taken from the node for one call, sent only to the registry they are for, never stored. */
import type { Json, JsonObject } from '../../../blueprint/json.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import { listOf, objectOf, textOf } from '../../values.js';
import { imageReference } from './reference.js';

export interface RegistryLogin {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly serveraddress: string;
}

/** The login for the registry of an image, undefined when the node has none for it. */
export function loginFor(ctx: NodeOperationContext, image: string): RegistryLogin | undefined {
  const { registry } = imageReference(image);
  return loginsOf(ctx, registry).find(({ serveraddress }) => hostOf(serveraddress) === hostOf(registry));
}

/** All of the node's logins by registry, as builds take them. */
export function loginsByRegistry(ctx: NodeOperationContext): Record<string, RegistryLogin> {
  return Object.fromEntries(loginsOf(ctx, 'docker.io').map((login) => [login.serveraddress, login]));
}

/** @param registry what a login without an address is for */
function loginsOf(ctx: NodeOperationContext, registry: string): RegistryLogin[] {
  const { properties } = ctx.node;
  const given: (Json | undefined)[] = [
    properties.registry,
    objectOf(properties.resource_config).registry,
    objectOf(properties.client_config).registry,
  ];
  return given.flatMap(listOf).flatMap((value) => {
    const login = loginOf(objectOf(value), registry);
    return login === undefined ? [] : [login];
  });
}

function loginOf(config: JsonObject, registry: string): RegistryLogin | undefined {
  const username = textOf(config.username);
  const password = textOf(config.password);
  const identitytoken = textOf(config.identitytoken);
  if (identitytoken === undefined && username === undefined) return undefined;
  const serveraddress = textOf(config.serveraddress) ?? registry;
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(identitytoken === undefined ? {} : { identitytoken }),
    serveraddress: serveraddress === 'docker.io' ? 'https://index.docker.io/v1/' : serveraddress,
  };
}

function hostOf(address: string): string {
  const host = address.replace(/^https?:\/\//, '').split('/')[0] ?? '';
  return /^(index\.|registry-1\.)?docker\.io$/.test(host) ? 'docker.io' : host;
}
