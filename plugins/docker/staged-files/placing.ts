/** Files that a node lays on a machine: recorded before they are there, and removed with the node. */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import type { JsonObject } from '../../../blueprint/json.js';
import type { ArchiveEntry } from '../../files/archive.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { textOf, textsOf } from '../../values.js';
import { type Machine, machineOf } from './machine.js';

const RECORDED = ['destination', 'destination_made_by_us', 'placed', 'docker_host'];

/**
 * @param machine its address and login: `docker_machine`
 * @param destination a folder there; a new one by default
 */
export async function place(
  ctx: NodeOperationContext,
  machine: JsonObject,
  entries: readonly ArchiveEntry[],
  destination?: string,
): Promise<void> {
  await onMachine(ctx, machine, async (there) => {
    const folder = await claim(ctx, machine, destination, there, entries);
    await there.put(folder, entries);
    ctx.logger.info(`Placed ${entries.filter(({ directory }) => !directory).length} files in ${folder}`);
  });
}

/** Where a container mounts what is placed: `docker_machine.container_volume`. */
export function volumeOf({ node }: NodeOperationContext, machine: JsonObject): string {
  const volume = textOf(machine.container_volume);
  if (volume === undefined)
    throw new NonRecoverableError(`${node.name}: docker_machine.container_volume must say where it is mounted`);
  return volume;
}

/** Removes what was placed, and the folder if it was made for it. @param more runtime properties that go with it */
export async function unplace(ctx: NodeOperationContext, machine: JsonObject, more: readonly string[]): Promise<void> {
  const { destination, destination_made_by_us: made, placed } = ctx.instance.runtimeProperties;
  if (typeof destination === 'string')
    await onMachine(ctx, machine, async (there) => {
      await there.remove(destination, textsOf(placed));
      if (made === true) await there.removeFolder(destination);
    });
  for (const name of [...RECORDED, ...more]) delete ctx.instance.runtimeProperties[name];
}

/** Stores where the files will lie before any does, so that they are found after a crash. */
async function claim(
  ctx: NodeOperationContext,
  config: JsonObject,
  given: string | undefined,
  machine: Machine,
  entries: readonly ArchiveEntry[],
): Promise<string> {
  const runtime = ctx.instance.runtimeProperties;
  if (typeof runtime.destination !== 'string') {
    if (given !== undefined && (!path.posix.isAbsolute(given) || path.posix.normalize(given) === '/'))
      throw new NonRecoverableError(`destination must be the absolute path of a folder, not ${JSON.stringify(given)}`);
    runtime.destination = given ?? `/tmp/caisson-files-${randomBytes(8).toString('hex')}`;
    runtime.destination_made_by_us = given === undefined || !(await machine.has(given));
  }
  runtime.placed = [...new Set(entries.map((entry) => entry.path.split('/')[0] ?? ''))];
  runtime.docker_host = textOf(config.docker_ip) ?? 'localhost';
  await ctx.instance.update();
  return String(runtime.destination);
}

async function onMachine(
  ctx: NodeOperationContext,
  config: JsonObject,
  work: (machine: Machine) => Promise<void>,
): Promise<void> {
  const machine = await machineOf(ctx, config);
  try {
    await work(machine);
  } finally {
    machine.close();
  }
}
