/** Files of alerting and recording rules. */
import path from 'node:path';
import type { JsonObject } from '../../blueprint/json.js';
import type { NodeOperationContext, OperationContext } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { listOf, objectOf, textOf } from '../values.js';
import { at } from './place.js';
import { reload, serverOf, settingsOf } from './server.js';

/** Writes the file and lets Prometheus read it. What it refuses is taken away again, so that the others stay in force. */
export async function writeRules(ctx: OperationContext, inputs: JsonObject): Promise<void> {
  const own = requireNode(ctx);
  const { settings, server, file } = placeOf(own);
  const content = await contentOf(own, { ...own.node.properties, ...inputs });
  await at(ctx, server, async (place) => {
    await place.write(file, content);
    try {
      await reload(ctx, place, settings);
    } catch (error) {
      if (error instanceof NonRecoverableError) await place.remove(file);
      throw error;
    }
  });
  own.instance.runtimeProperties.rules_file = file;
}

export async function deleteRules(ctx: OperationContext, _: JsonObject): Promise<void> {
  const own = requireNode(ctx);
  const { settings, server, file } = placeOf(own);
  await at(ctx, server, async (place) => {
    await place.remove(file);
    await reload(ctx, place, settings);
  });
  delete own.instance.runtimeProperties.rules_file;
}

function placeOf(own: NodeOperationContext) {
  const server = serverOf(own);
  if (!server) throw new NonRecoverableError('the rules are of no Prometheus: relate their node to that of one');
  const settings = settingsOf(server.node.properties);
  if (settings.rulesFolder === undefined)
    throw new NonRecoverableError(`rules_folder of the Prometheus ${server.node.id} is not set`);
  const name = `${own.deployment.id}.${own.instance.id}`.replaceAll(/[^\w.-]/g, '_');
  return { settings, server, file: path.posix.join(settings.rulesFolder, `${name}.rules.yml`) };
}

async function contentOf(ctx: NodeOperationContext, properties: JsonObject): Promise<string> {
  const resource = textOf(properties.resource);
  const groups = listOf(properties.groups);
  if ((resource === undefined) === (groups.length === 0))
    throw new NonRecoverableError('rules are given by one of: resource (a file of the blueprint), groups');
  if (resource !== undefined) return await ctx.getResourceAndRender(resource, objectOf(properties.variables));
  // JSON is YAML.
  return `${JSON.stringify({ groups }, null, 2)}\n`;
}
