/** What a playbook is to be run with: the operation's inputs, else the node's properties. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { OperationContext, Subject } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { isTrue, numberOf, objectOf, textOf, textsOf } from '../values.js';

export interface PlaybookSettings {
  /** `ansible-playbook`, or where it is. */
  readonly executable: string;
  /** Path of the playbook: in the source if there is one, else in the blueprint or on the worker. */
  readonly playbook: string;
  /** Archive, folder, URL or repository that the playbook comes in. */
  readonly source: string | undefined;
  /** Further files of the blueprint to lie beside the playbook. */
  readonly files: readonly string[];
  readonly sources: Json | undefined;
  readonly remergeSources: boolean;
  readonly variables: JsonObject;
  readonly sensitiveKeys: readonly string[];
  readonly options: JsonObject;
  readonly environment: JsonObject;
  readonly verbosity: number;
  readonly logStdout: boolean;
  readonly additionalArgs: string | undefined;
  /** Flag → value. */
  readonly flags: Readonly<Record<string, string>>;
  readonly become: boolean;
  readonly tags: readonly string[];
  readonly autoTags: boolean;
  readonly attempts: number;
  readonly storeFacts: boolean;
  readonly keepPlaybook: boolean;
  readonly collections: readonly string[];
  readonly roles: readonly string[];
}

const FLAGS = [
  'start_at_task',
  'scp_extra_args',
  'sftp_extra_args',
  'ssh_common_args',
  'ssh_extra_args',
  'timeout',
  'module_path',
];

/** The node whose playbook it is. */
export function playbookNode(ctx: OperationContext): Subject {
  return ctx.type === 'relationship-instance' ? ctx.source : requireNode(ctx);
}

/** @throws NonRecoverableError when no playbook is named */
export function settingsOf(ctx: OperationContext, inputs: JsonObject): PlaybookSettings {
  const { node, instance } = playbookNode(ctx);
  const given: JsonObject = {
    ...node.properties,
    ...nonEmpty(instance.runtimeProperties.playbook_config),
    ...nonEmpty(inputs),
  };
  const playbook = textOf(given.playbook_path) ?? textOf(given.site_yaml_path);
  if (playbook === undefined) throw new NonRecoverableError(`${node.name}: playbook_path must name the playbook`);
  return {
    executable: executableOf(instance.runtimeProperties, given),
    playbook,
    source: textOf(given.playbook_source_path),
    files: textsOf(given.additional_playbook_files),
    sources: given.sources,
    remergeSources: isTrue(given.remerge_sources),
    variables: objectOf(given.run_data),
    sensitiveKeys: given.sensitive_keys === undefined ? ['ansible_password'] : textsOf(given.sensitive_keys),
    options: objectOf(given.options_config),
    environment: objectOf(given.ansible_env_vars),
    verbosity: numberOf(given.debug_level, 'debug_level') ?? 2,
    logStdout: given.log_stdout !== false,
    additionalArgs: textOf(given.additional_args),
    flags: Object.fromEntries(
      FLAGS.flatMap((name) => {
        const value = textOf(given[name]);
        return value === undefined ? [] : [[`--${name.replaceAll('_', '-')}`, value]];
      }),
    ),
    become: isTrue(given.ansible_become),
    tags: textsOf(given.tags),
    autoTags: isTrue(given.auto_tags),
    attempts: numberOf(given.number_of_attempts, 'number_of_attempts') ?? 3,
    storeFacts: given.store_facts !== false,
    keepPlaybook: isTrue(given.save_playbook),
    collections: textsOf(given.galaxy_collections),
    roles: textsOf(given.roles),
  };
}

/** Its own, else that of the environment that a related node of the type Ansible has made, else the worker's. */
function executableOf(runtime: Readonly<Record<string, Json>>, given: JsonObject): string {
  const own = textOf(given.ansible_playbook_executable_path);
  if (own !== undefined) return own;
  const environment = textOf(given.ansible_external_venv) ?? textOf(runtime.playbook_venv);
  return environment === undefined ? 'ansible-playbook' : `${environment}/bin/ansible-playbook`;
}

/** Inputs that say nothing leave the properties as they are. */
function nonEmpty(value: Json | undefined): JsonObject {
  const entries = Object.entries(objectOf(value)).filter(([, item]) => item !== null && item !== '');
  return Object.fromEntries(entries);
}
