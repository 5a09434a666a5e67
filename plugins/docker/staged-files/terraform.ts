/**
 * Operations of `cloudify.nodes.docker.terraform_module`: a module with its variables, backend and providers on the
 * engine's machine, and the command for a container that mounts them at `docker_machine.container_volume`.
 */
import path from 'node:path';
import type { JsonObject } from '../../../blueprint/json.js';
import type { ArchiveEntry } from '../../files/archive.js';
import { sourceEntries } from '../../files/source.js';
import { quote } from '../../script/shell-line.js';
import type { NodeOperationContext, OperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { requireNode } from '../../sdk/require-kind.js';
import { objectOf, textOf, textsOf } from '../../values.js';
import { place, unplace, volumeOf } from './placing.js';

const PUBLISHED = ['storage_dir', 'variables_file', 'plugins_dir', 'terraform_container_command_arg'];
const MODULE = 'module';
const PROVIDERS = 'plugins';
const VARIABLES = 'variables.tfvars.json';
const ENVIRONMENT = 'environment';

export async function stageModule(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const runtime = ctx.instance.runtimeProperties;
  const machine = objectOf(ctx.node.properties.docker_machine);
  const volume = volumeOf(ctx, machine);
  const config = objectOf(ctx.node.properties.resource_config);
  const plugins = textsOf(ctx.node.properties.terraform_plugins);
  const environment = objectOf(config.environment_variables);
  await place(ctx, machine, [
    ...(await moduleFiles(ctx, config)),
    ...(await providers(ctx, plugins)),
    secretFile(VARIABLES, JSON.stringify(objectOf(config.variables))),
    secretFile(ENVIRONMENT, exports(environment)),
  ]);
  runtime.storage_dir = `${volume}/${MODULE}`;
  runtime.variables_file = `${volume}/${VARIABLES}`;
  if (plugins.length > 0) runtime.plugins_dir = `${volume}/${PROVIDERS}`;
  const init = `terraform init -no-color -input=false${plugins.length > 0 ? ` -plugin-dir=${volume}/${PROVIDERS}` : ''}`;
  const apply = `terraform apply -auto-approve -no-color -input=false -var-file ${volume}/${VARIABLES}`;
  const script = `. ${volume}/${ENVIRONMENT} && cd ${volume}/${MODULE} && ${init} && ${apply}`;
  runtime.terraform_container_command_arg = `sh -c ${quote(script)}`;
}

export async function removeModule(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  await unplace(ctx, objectOf(ctx.node.properties.docker_machine), PUBLISHED);
}

async function moduleFiles(ctx: NodeOperationContext, config: JsonObject): Promise<ArchiveEntry[]> {
  const source = textOf(config.source);
  if (source === undefined)
    throw new NonRecoverableError(`${ctx.node.name}: resource_config.source must name the module`);
  const entries = (await sourceEntries(ctx, source)).map((entry) => ({ ...entry, path: `${MODULE}/${entry.path}` }));
  const { name, options } = objectOf(config.backend);
  const backend = textOf(name);
  if (backend === undefined) return entries;
  const block = { terraform: { backend: { [backend]: objectOf(options) } } };
  return [...entries, secretFile(`${MODULE}/backend.tf.json`, JSON.stringify(block))];
}

/** @param plugins archives of providers, or their programs */
async function providers(ctx: NodeOperationContext, plugins: readonly string[]): Promise<ArchiveEntry[]> {
  const all = await Promise.all(plugins.map(async (plugin) => await sourceEntries(ctx, plugin)));
  return all.flat().map((entry) => ({
    ...entry,
    path: `${PROVIDERS}/${path.posix.basename(entry.path)}`,
    mode: 0o755,
  }));
}

function exports(variables: JsonObject): string {
  return Object.entries(variables)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => {
      if (!/^[A-Za-z_]\w*$/.test(name))
        throw new NonRecoverableError(`environment_variables: ${JSON.stringify(name)} is no name of a variable`);
      return `export ${name}=${quote(String(value))}\n`;
    })
    .join('');
}

const secretFile = (name: string, content: string): ArchiveEntry => ({
  path: name,
  content: Buffer.from(content),
  mode: 0o600,
});
