/** What a container that runs Ansible finds beside its playbook, and the command that it runs. */
import { stringify } from 'yaml';
import type { Json, JsonObject } from '../../../blueprint/json.js';
import type { ArchiveEntry } from '../../files/archive.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { textOf } from '../../values.js';

export interface AnsibleFiles {
  readonly entries: readonly ArchiveEntry[];
  readonly command: string;
}

const OWN = ['container_volume', 'playbook_path', 'additional_args'];
const KEY_FILE = 'instance_key.pem';

/** @param sources `container_volume`, `playbook_path`, and variables of the one host (`ansible_host`, …) */
export function ansibleFiles(sources: JsonObject): AnsibleFiles {
  const volume = textOf(sources.container_volume);
  const playbook = textOf(sources.playbook_path);
  if (volume === undefined || playbook === undefined)
    throw new NonRecoverableError('ansible_sources needs container_volume and playbook_path');
  const host: Record<string, Json> = Object.fromEntries(
    Object.entries(sources).filter(([name]) => !OWN.includes(name)),
  );
  const entries: ArchiveEntry[] = [];
  const key = textOf(host.ansible_ssh_private_key_file);
  if (key?.includes('-----BEGIN')) {
    entries.push({ path: KEY_FILE, content: Buffer.from(key.endsWith('\n') ? key : `${key}\n`), mode: 0o600 });
    host.ansible_ssh_private_key_file = `${volume}/${KEY_FILE}`;
  }
  entries.push({ path: 'hosts', content: Buffer.from(stringify({ all: { hosts: { instance: host } } })), mode: 0o600 });
  const more = textOf(sources.additional_args);
  return { entries, command: `ansible-playbook -i ${volume}/hosts ${playbook}${more === undefined ? '' : ` ${more}`}` };
}
