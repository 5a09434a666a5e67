/** Operations of `cloudify.nodes.docker.container_files`: files that lie on the engine's machine, to be mounted. */
import type { JsonObject } from '../../../blueprint/json.js';
import type { ArchiveEntry } from '../../files/archive.js';
import { sourceEntries } from '../../files/source.js';
import type { NodeOperationContext, OperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { requireNode } from '../../sdk/require-kind.js';
import { objectOf, textOf, textsOf } from '../../values.js';
import { ansibleFiles } from './ansible.js';
import { place, unplace } from './placing.js';

export async function stageFiles(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const config = objectOf(ctx.node.properties.resource_config);
  if (Object.keys(objectOf(config.terraform_sources)).length > 0)
    throw new NonRecoverableError(
      'terraform_sources is not supported: use a node of the type cloudify.nodes.docker.terraform_module',
    );
  await place(ctx, objectOf(config.docker_machine), await entriesFor(ctx, config), textOf(config.destination));
  const ansible = objectOf(config.ansible_sources);
  if (Object.keys(ansible).length > 0)
    ctx.instance.runtimeProperties.ansible_container_command_arg = ansibleFiles(ansible).command;
}

export async function removeFiles(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const { docker_machine: machine } = objectOf(ctx.node.properties.resource_config);
  await unplace(ctx, objectOf(machine), ['ansible_container_command_arg']);
}

async function entriesFor(ctx: NodeOperationContext, config: JsonObject): Promise<ArchiveEntry[]> {
  const sources = [textOf(config.source), ...textsOf(config.extra_files)].filter((source) => source !== undefined);
  const entries: ArchiveEntry[] = [];
  for (const source of sources) entries.push(...(await sourceEntries(ctx, source)));
  const ansible = objectOf(config.ansible_sources);
  if (Object.keys(ansible).length > 0) entries.push(...ansibleFiles(ansible).entries);
  if (entries.length > 0) return entries;
  throw new NonRecoverableError(`${ctx.node.name}: resource_config.source must name the files`);
}
