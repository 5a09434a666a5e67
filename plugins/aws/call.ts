/** One call of an operation of a node, in the words of the current family of types whichever the node's type is of. */
import { isObject, type Json, type JsonObject } from '../../blueprint/json.js';
import type { NodeOperationContext, NodeView, OperationContext, Subject } from '../sdk/context.js';
import { type Api, openApi } from './api.js';
import { clientSettings } from './client-config.js';
import { withoutEmpty } from './json.js';
import { isOldFamily, translated, translatedArgs } from './old-family.js';
import type { Resource } from './resource.js';
import type { ServiceName } from './services.js';

export interface Call {
  readonly ctx: NodeOperationContext;
  readonly resource: Resource;
  readonly api: Api;
  readonly inputs: JsonObject;
  /** The node's properties in the current family's words. */
  readonly properties: JsonObject;
  /** Parameters given by the blueprint: `resource_config`, flattened. */
  readonly config: JsonObject;
  readonly runtime: Record<string, Json>;
  /** The node stands for something that exists already and is not ours. */
  readonly external: boolean;
  /** The blueprint's author wants the operation carried out whatever the node stands for. */
  readonly force: boolean;
}

export function openCall(ctx: NodeOperationContext, inputs: JsonObject, resource: Resource): Call {
  const runtime = ctx.instance.runtimeProperties;
  if (isObject(inputs.runtime_properties)) Object.assign(runtime, inputs.runtime_properties);
  if (typeof inputs.aws_resource_id === 'string' && inputs.aws_resource_id !== '')
    runtime.aws_resource_id = inputs.aws_resource_id;
  const properties = propertiesOf(ctx.node, resource);
  return {
    ctx,
    resource,
    api: apiFor(ctx, ctx),
    inputs,
    properties,
    config: configOf(inputs, properties, runtime, (args) =>
      isOldFamily(ctx.node) ? translatedArgs(args, resource.name) : flattened(args),
    ),
    runtime,
    external: (runtime[EXTERNAL] ?? properties.use_external_resource) === true,
    force: inputs.force_operation === true,
  };
}

/** Set when what a node stands for is not as its property says: adopted though it might be made, or made though not. */
export const EXTERNAL = '__external';

export function apiFor(ctx: OperationContext, { node, instance }: Subject): Api {
  const settings = (service: ServiceName) =>
    clientSettings(ctx.plugin.properties, node.properties, instance.runtimeProperties, service);
  return openApi(settings, ctx.logger, ctx.signal);
}

/** Whether the resource of a node is one that we must leave as it is. */
export function isExternal({ node, instance }: Subject): boolean {
  return (instance.runtimeProperties[EXTERNAL] ?? node.properties.use_external_resource) === true;
}

export function propertiesOf(node: NodeView, resource: Resource): JsonObject {
  return isOldFamily(node) ? translated(node.properties, resource.name) : node.properties;
}

/** What an operation was given replaces what the node has; what was sent before fills what the node leaves open. */
function configOf(
  inputs: JsonObject,
  properties: JsonObject,
  runtime: JsonObject,
  argsOf: (args: JsonObject) => JsonObject,
): JsonObject {
  const given = flattened(inputs.resource_config);
  const args = isObject(inputs.args) ? argsOf(inputs.args) : {};
  if (Object.keys(given).length > 0) return { ...given, ...args };
  const sent = JSON.parse(JSON.stringify(runtime.resource_config ?? {})) as JsonObject;
  return { ...flattened(sent), ...flattened(properties.resource_config), ...args };
}

export function flattened(config: Json | undefined): JsonObject {
  if (!isObject(config)) return {};
  const { kwargs, ...rest } = config;
  return withoutEmpty({ ...rest, ...(isObject(kwargs) ? kwargs : {}) });
}
