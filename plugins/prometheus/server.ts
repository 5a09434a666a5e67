/** A Prometheus that runs already: where it looks for targets and rules, and how it is told to look again. */
import path from 'node:path';
import type { JsonObject } from '../../blueprint/json.js';
import { takeCredentials } from '../basic-authorization.js';
import type { OperationContext, Subject } from '../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { textOf } from '../values.js';
import { at, type Place } from './place.js';

export const SERVER_TYPE = 'caisson.nodes.prometheus.Server';

export interface ServerSettings {
  readonly url: string | undefined;
  readonly targetsFolder: string | undefined;
  readonly rulesFolder: string | undefined;
  readonly reload: 'http' | 'command' | 'none';
  readonly reloadCommand: string | undefined;
}

/** Folder for targets where a blueprint names none: set for a worker as a whole. */
export const TARGETS_VARIABLE = 'CAISSON_PROMETHEUS_TARGETS';

export function settingsOf(properties: JsonObject): ServerSettings {
  const reload = textOf(properties.reload) ?? 'http';
  if (reload !== 'http' && reload !== 'command' && reload !== 'none')
    throw new NonRecoverableError(`reload of a Prometheus is http, command or none, not ${reload}`);
  return {
    url: textOf(properties.url),
    targetsFolder: absolute(textOf(properties.targets_folder) ?? (process.env[TARGETS_VARIABLE] || undefined)),
    rulesFolder: absolute(textOf(properties.rules_folder)),
    reload,
    reloadCommand: textOf(properties.reload_command),
  };
}

function absolute(folder: string | undefined): string | undefined {
  if (folder === undefined || path.posix.isAbsolute(folder)) return folder;
  throw new NonRecoverableError(`a folder of a Prometheus is named by its whole path, not ${folder}`);
}

/** The server that a node is related to. */
export function serverOf({ instance }: Subject): Subject | undefined {
  return instance.relationships.map(({ target }) => target).find(({ node }) => node.isA(SERVER_TYPE));
}

export async function prepareServer(ctx: OperationContext): Promise<void> {
  const own = requireNode(ctx);
  const { targetsFolder, rulesFolder, url } = settingsOf(own.node.properties);
  if (targetsFolder === undefined) throw new NonRecoverableError('targets_folder of the Prometheus is not set');
  await at(ctx, own, async (place) => {
    for (const folder of [targetsFolder, rulesFolder]) if (folder !== undefined) await place.makeFolder(folder);
  });
  if (url !== undefined) await asked(ctx, url, '-/ready');
}

export async function checkServer(ctx: OperationContext): Promise<void> {
  const { url } = settingsOf(requireNode(ctx).node.properties);
  if (url !== undefined) await asked(ctx, url, '-/healthy');
}

/** Lets it read its rules anew. @throws NonRecoverableError when it refuses what it read */
export async function reload(ctx: OperationContext, place: Place, settings: ServerSettings): Promise<void> {
  if (settings.reload === 'command' && settings.reloadCommand !== undefined) await place.run(settings.reloadCommand);
  else if (settings.reload === 'http' && settings.url !== undefined) await asked(ctx, settings.url, '-/reload', 'POST');
}

async function asked({ signal }: OperationContext, url: string, page: string, method = 'GET'): Promise<void> {
  const address = new URL(page, url.endsWith('/') ? url : `${url}/`);
  const headers = takeCredentials(address);
  const where = `the Prometheus at ${address.host}`;
  const options = { method, headers, signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]) };
  const response = await fetch(address, options).catch((error: Error) => {
    signal.throwIfAborted();
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new RecoverableError(`${where} does not answer: ${reason}`);
  });
  const text = (await response.text()).trim();
  if (response.ok) return;
  if (response.status === 403)
    throw new NonRecoverableError(
      `${where} may not be reloaded (${text}): start it with --web.enable-lifecycle, or set reload to command`,
    );
  if (method === 'POST') throw new NonRecoverableError(`${where} refuses to reload: ${text}`);
  throw new RecoverableError(`${where} is not well: ${response.status} ${text}`);
}
