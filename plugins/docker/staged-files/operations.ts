/** Operations of `cloudify.nodes.docker.container_files`: files that lie on the engine's machine, to be mounted. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { JsonObject } from '../../../blueprint/json.js';
import type { ArchiveEntry } from '../../files/archive.js';
import { sourceEntries } from '../../files/source.js';
import type { NodeOperationContext, OperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { requireNode } from '../../sdk/require-kind.js';
import { objectOf, textOf, textsOf } from '../../values.js';
import { ansibleFiles } from './ansible.js';
import { type Machine, machineOf } from './machine.js';

export async function stageFiles(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const config = objectOf(ctx.node.properties.resource_config);
  if (Object.keys(objectOf(config.terraform_sources)).length > 0)
    throw new NonRecoverableError('terraform_sources is not supported: use the Terraform plugin');
  const entries = await entriesFor(ctx, config);
  await onMachine(ctx, config, async (machine) => {
    const folder = await claim(ctx, config, machine, entries);
    await machine.put(folder, entries);
    ctx.logger.info(`Placed ${entries.filter(({ directory }) => !directory).length} files in ${folder}`);
  });
  const ansible = objectOf(config.ansible_sources);
  if (Object.keys(ansible).length > 0)
    ctx.instance.runtimeProperties.ansible_container_command_arg = ansibleFiles(ansible).command;
}

/** Removes what was placed, and the folder if it was made for it. */
export async function removeFiles(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const { destination, destination_made_by_us: made, placed } = ctx.instance.runtimeProperties;
  if (typeof destination === 'string')
    await onMachine(ctx, objectOf(ctx.node.properties.resource_config), async (machine) => {
      await machine.remove(destination, textsOf(placed));
      if (made === true) await machine.removeFolder(destination);
    });
  for (const name of [
    'destination',
    'destination_made_by_us',
    'placed',
    'docker_host',
    'ansible_container_command_arg',
  ])
    delete ctx.instance.runtimeProperties[name];
}

/** Stores where the files will lie before any does, so that they are found after a crash. */
async function claim(
  ctx: NodeOperationContext,
  config: JsonObject,
  machine: Machine,
  entries: readonly ArchiveEntry[],
): Promise<string> {
  const runtime = ctx.instance.runtimeProperties;
  if (typeof runtime.destination !== 'string') {
    const given = textOf(config.destination);
    if (given !== undefined && (!path.posix.isAbsolute(given) || path.posix.normalize(given) === '/'))
      throw new NonRecoverableError(`destination must be the absolute path of a folder, not ${JSON.stringify(given)}`);
    runtime.destination = given ?? `/tmp/caisson-files-${randomBytes(8).toString('hex')}`;
    runtime.destination_made_by_us = given === undefined || !(await machine.has(given));
  }
  runtime.placed = [...new Set(entries.map((entry) => entry.path.split('/')[0] ?? ''))];
  runtime.docker_host = textOf(objectOf(config.docker_machine).docker_ip) ?? 'localhost';
  await ctx.instance.update();
  return String(runtime.destination);
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

async function onMachine(
  ctx: NodeOperationContext,
  config: JsonObject,
  work: (machine: Machine) => Promise<void>,
): Promise<void> {
  const machine = await machineOf(ctx, objectOf(config.docker_machine));
  try {
    await work(machine);
  } finally {
    machine.close();
  }
}
