/** Operations of `cloudify.nodes.ansible.Ansible`: an Ansible of one's own on the worker, for those who ask for it. */
import { execFile } from 'node:child_process';
import { access, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from '../sdk/context.js';
import { RecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { isTrue, textOf, textsOf } from '../values.js';

const exec = promisify(execFile);

export async function installAnsible(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const { properties } = ctx.node;
  const existing = textOf(properties.ansible_external_venv);
  if (existing !== undefined || isTrue(properties.use_existing_resource)) {
    if (existing !== undefined) ctx.instance.runtimeProperties.playbook_venv = existing;
    return;
  }
  const folder = path.join(await ctx.plugin.workdir(), `ansible-${ctx.instance.id}`);
  ctx.instance.runtimeProperties.playbook_venv = folder;
  ctx.instance.runtimeProperties.playbook_venv_made_by_us = true;
  await ctx.instance.update();
  await run(ctx.signal, 'python3', ['-m', 'venv', folder]);
  const source = textOf(properties.installation_source) ?? 'ansible';
  await run(ctx.signal, `${folder}/bin/python`, [
    '-m',
    'pip',
    'install',
    '--quiet',
    source,
    ...textsOf(properties.extra_packages),
  ]);
  await collections(ctx.signal, folder, properties);
  await access(`${folder}/bin/ansible-playbook`).catch(() => {
    throw new RecoverableError(`${source} has no ansible-playbook`);
  });
}

/** @param inputs `extra_packages`, `galaxy_collections`, `roles` to add */
export async function updateAnsible(context: OperationContext, inputs: JsonObject): Promise<void> {
  const ctx = requireNode(context);
  const folder = textOf(ctx.instance.runtimeProperties.playbook_venv);
  if (folder === undefined) return;
  const packages = textsOf(inputs.extra_packages);
  if (packages.length > 0)
    await run(ctx.signal, `${folder}/bin/python`, ['-m', 'pip', 'install', '--quiet', ...packages]);
  await collections(ctx.signal, folder, inputs);
}

export async function uninstallAnsible(context: OperationContext): Promise<void> {
  const { instance } = requireNode(context);
  const { playbook_venv: folder, playbook_venv_made_by_us: ours } = instance.runtimeProperties;
  if (ours === true && typeof folder === 'string') await rm(folder, { recursive: true, force: true });
  delete instance.runtimeProperties.playbook_venv;
  delete instance.runtimeProperties.playbook_venv_made_by_us;
}

async function collections(signal: AbortSignal, folder: string, given: JsonObject): Promise<void> {
  const galaxy = `${folder}/bin/ansible-galaxy`;
  for (const [kind, names] of [
    ['collection', textsOf(given.galaxy_collections)],
    ['role', textsOf(given.roles)],
  ] as const)
    if (names.length > 0) await run(signal, galaxy, [kind, 'install', ...names]);
}

async function run(signal: AbortSignal, program: string, args: readonly string[]): Promise<void> {
  await exec(program, args, { signal }).catch((error: Error & { stderr?: string }) => {
    signal.throwIfAborted();
    throw new RecoverableError(
      `${path.basename(program)} ${args.slice(0, 3).join(' ')}: ${(error.stderr ?? error.message).trim()}`,
    );
  });
}
