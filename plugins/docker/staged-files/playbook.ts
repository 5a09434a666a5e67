/**
 * Operations of `cloudify.nodes.docker.ansible_playbook`: a playbook, its inventory and its variables on the engine's
 * machine, and the command for a container that mounts them at `docker_machine.container_volume`.
 */
import path from 'node:path';
import { stringify } from 'yaml';
import type { Json, JsonObject } from '../../../blueprint/json.js';
import type { ArchiveEntry } from '../../files/archive.js';
import { sourceEntries } from '../../files/source.js';
import { quote } from '../../script/shell-line.js';
import type { NodeOperationContext, OperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { requireNode } from '../../sdk/require-kind.js';
import { isTrue, numberOf, objectOf, textOf, textsOf } from '../../values.js';
import { place, unplace, volumeOf } from './placing.js';

/** What of the settings becomes runtime properties; sources and variables may hold keys and passwords. */
const NOTED = ['playbook_source_path', 'playbook_path', 'options_config', 'additional_args', 'ansible_env_vars'];
const PUBLISHED = [...NOTED, 'debug_level', 'ansible_container_command_arg'];
const KEY = 'ansible_ssh_private_key_file';
/** Options whose lists are one value. */
const JOINED = ['tags', 'skip-tags'];

/** Notes the settings, which whoever comes between may change. */
export async function notePlaybook(context: OperationContext, inputs: JsonObject): Promise<void> {
  const { instance } = requireNode(context);
  for (const name of [...NOTED, 'debug_level']) {
    const value = inputs[name];
    if (value !== undefined && value !== null && value !== '') instance.runtimeProperties[name] = value;
  }
}

export async function stagePlaybook(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  const runtime = ctx.instance.runtimeProperties;
  const machine = objectOf(ctx.node.properties.docker_machine);
  const volume = volumeOf(ctx, machine);
  const settings = settingsOf(ctx);
  const { entries, playbook } = await playbookFiles(ctx, settings);
  const hosts = await inventory(ctx, settings.sources, volume);
  const variables: JsonObject = {
    ...objectOf(objectOf(settings.options_config).extra_vars),
    ...objectOf(settings.run_data),
  };
  const vars: ArchiveEntry = { path: 'extra-vars.json', content: Buffer.from(JSON.stringify(variables)), mode: 0o600 };
  await place(ctx, machine, [...entries, ...hosts, vars]);
  runtime.ansible_env_vars = textsIn(objectOf(settings.ansible_env_vars));
  const verbosity = 'v'.repeat(Math.max(0, numberOf(settings.debug_level, 'debug_level') ?? 0));
  runtime.ansible_container_command_arg = [
    textOf(settings.ansible_playbook_executable_path) ?? 'ansible-playbook',
    ...(verbosity === '' ? [] : [`-${verbosity}`]),
    `-i ${volume}/hosts`,
    ...(isTrue(settings.ansible_become) ? ['--become'] : []),
    ...options(objectOf(settings.options_config)),
    `--extra-vars=@${volume}/extra-vars.json`,
    textOf(settings.additional_args) ?? '',
    `${volume}/${playbook}`,
  ]
    .filter((word) => word !== '')
    .join(' ');
}

export async function removePlaybook(context: OperationContext): Promise<void> {
  const ctx = requireNode(context);
  await unplace(ctx, objectOf(ctx.node.properties.docker_machine), PUBLISHED);
}

function settingsOf({ node, instance }: NodeOperationContext): JsonObject {
  const noted = [...NOTED, 'debug_level', 'sources', 'run_data'].flatMap((name) => {
    const value = instance.runtimeProperties[name];
    return value === undefined ? [] : [[name, value as Json]];
  });
  return { ...node.properties, ...Object.fromEntries(noted) };
}

/** The playbook with what lies beside it, and its path among them. */
async function playbookFiles(
  ctx: NodeOperationContext,
  settings: JsonObject,
): Promise<{ readonly entries: readonly ArchiveEntry[]; readonly playbook: string }> {
  const playbook = textOf(settings.playbook_path) ?? textOf(settings.site_yaml_path);
  if (playbook === undefined) throw new NonRecoverableError(`${ctx.node.name}: playbook_path must name the playbook`);
  const source = textOf(settings.playbook_source_path);
  if (source !== undefined) return { entries: await sourceEntries(ctx, source), playbook };
  const folder = path.posix.dirname(playbook);
  const more = textsOf(settings.additional_playbook_files);
  // As with Ansible itself, roles and files beside the playbook belong to it.
  if (more.length === 0 && folder !== '.')
    return { entries: await sourceEntries(ctx, folder), playbook: path.posix.basename(playbook) };
  const files = [playbook, ...more].map(async (file) => ({ path: file, content: await ctx.getResource(file) }));
  return { entries: await Promise.all(files), playbook };
}

/** @param sources hosts as YAML, its text, or a file of the blueprint */
async function inventory(
  ctx: NodeOperationContext,
  sources: Json | undefined,
  volume: string,
): Promise<ArchiveEntry[]> {
  const keys: ArchiveEntry[] = [];
  function withKeyFiles(value: Json): Json {
    if (Array.isArray(value)) return value.map(withKeyFiles);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => {
        if (name !== KEY || typeof item !== 'string' || !item.includes('-----BEGIN'))
          return [name, withKeyFiles(item as Json)];
        const file = `key-${keys.length + 1}.pem`;
        keys.push({ path: file, content: Buffer.from(item.endsWith('\n') ? item : `${item}\n`), mode: 0o600 });
        return [name, `${volume}/${file}`];
      }),
    );
  }
  const text = textOf(sources);
  const content =
    text === undefined
      ? Buffer.from(stringify(withKeyFiles(objectOf(sources))))
      : text.includes('\n')
        ? Buffer.from(text)
        : await ctx.getResource(text);
  return [...keys, { path: 'hosts', content, mode: 0o600 }];
}

function options(config: JsonObject): string[] {
  return Object.entries(config).flatMap(([key, value]) => {
    const name = key.replaceAll('_', '-');
    if (name === 'extra-vars' || name === 'verbosity' || value === false || value === null) return [];
    if (value === true) return [`--${name}`];
    if (Array.isArray(value) && !JOINED.includes(name)) return value.map((one) => `--${name}=${quote(String(one))}`);
    const text = typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : String(value);
    return [`--${name}=${quote(text)}`];
  });
}

function textsIn(variables: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, String(value)]));
}
