/** Writes a node's `resource_config` as the text that cloud-init reads on a new host. */
import { stringify } from 'yaml';
import { type Json, type JsonObject, NonRecoverableError, type OperationContext, requireNode } from '../sdk/index.js';

const EXPORTED = ['cloud_config', 'json_config', 'resource_config'];

export async function update(context: OperationContext, inputs: JsonObject): Promise<void> {
  const ctx = requireNode(context);
  const { properties } = ctx.node;
  const given = { ...object(properties.resource_config), ...object(inputs.resource_config) };
  const config = await withFiles(ctx, given);
  const header = textOr(inputs.header ?? properties.header, '#cloud-config');
  // Cloud-init reads YAML 1.1, to which `0644` is a number and `yes` a truth value unless they are quoted.
  const text = `${header}\n${stringify(config, { version: '1.1', lineWidth: 0 })}`;
  const encode = (inputs.encode_base64 ?? properties.encode_base64) === true;
  const { runtimeProperties } = ctx.instance;
  runtimeProperties.resource_config = given;
  runtimeProperties.json_config = config;
  runtimeProperties.cloud_config = encode ? Buffer.from(text).toString('base64') : text;
}

export function remove(context: OperationContext): void {
  const { runtimeProperties } = requireNode(context).instance;
  for (const key of EXPORTED) delete runtimeProperties[key];
}

/** Contents of `write_files` may be files of the blueprint, rendered as templates. */
async function withFiles(ctx: OperationContext, config: JsonObject): Promise<JsonObject> {
  if (!Array.isArray(config.write_files)) return config;
  const files = await Promise.all(
    config.write_files.map(async (file: Json) => {
      const { content, ...rest } = object(file);
      return typeof content === 'object' && content !== null
        ? { ...rest, content: await resource(ctx, object(content)) }
        : file;
    }),
  );
  return { ...config, write_files: files };
}

async function resource(ctx: OperationContext, content: JsonObject): Promise<string> {
  const { resource_type, resource_name, template_variables } = content;
  if (resource_type !== 'file_resource' || typeof resource_name !== 'string')
    throw new NonRecoverableError(
      `content of write_files is text, or { resource_type: file_resource, resource_name: … }, not ${JSON.stringify(content)}`,
    );
  return await ctx.getResourceAndRender(resource_name, object(template_variables));
}

function textOr(value: Json | undefined, fallback: string): string {
  return typeof value === 'string' && value !== '' ? value : fallback;
}

function object(value: Json | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
