/** Folders on the machine of an engine: this one, or one behind SSH. */
import { rm, rmdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { JsonObject } from '../../../blueprint/json.js';
import { type ArchiveEntry, archiveOf } from '../../files/archive.js';
import { writeEntries } from '../../files/folder.js';
import { machineLogin, sshLoginOf } from '../../hosts/login.js';
import { type SshConnection, sshConnect } from '../../hosts/ssh.js';
import { quote } from '../../script/shell-line.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { textOf } from '../../values.js';

export interface Machine {
  has(folder: string): Promise<boolean>;
  put(folder: string, entries: readonly ArchiveEntry[]): Promise<void>;
  /** Removes what is named in the folder. What is gone already is as good. */
  remove(folder: string, names: readonly string[]): Promise<void>;
  /** Removes the folder if it is empty. */
  removeFolder(folder: string): Promise<void>;
  close(): void;
}

const THIS_MACHINE = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

/** @param config `docker_ip`, `docker_user`, `docker_key`, `docker_port`; without an address it is this machine */
export async function machineOf(ctx: NodeOperationContext, config: JsonObject): Promise<Machine> {
  const ip = textOf(config.docker_ip);
  if (ip === undefined || (THIS_MACHINE.test(ip) && textOf(config.docker_port) === undefined)) return thisMachine;
  const login = await sshLoginOf(ctx, machineLogin(config), { address: () => ip, login: {} });
  return remoteMachine(await sshConnect(login, ctx.signal), ctx.signal, ip);
}

const thisMachine: Machine = {
  has: async (folder) =>
    await stat(folder).then(
      (stats) => stats.isDirectory(),
      () => false,
    ),
  put: writeEntries,
  async remove(folder, names) {
    for (const name of names) await rm(path.join(folder, name), { recursive: true, force: true });
  },
  removeFolder: async (folder) => await rmdir(folder).catch(() => undefined),
  close() {},
};

function remoteMachine(connection: SshConnection, signal: AbortSignal, host: string): Machine {
  async function run(command: string, input?: Buffer): Promise<void> {
    const { code, stderr } = await connection.exec(command, signal, input);
    if (code !== 0)
      throw new NonRecoverableError(`files cannot be placed on ${host}: ${stderr.trim() || `exit ${code}`}`);
  }
  return {
    has: async (folder) => (await connection.exec(`test -d ${quote(folder)}`, signal)).code === 0,
    async put(folder, entries) {
      await run(`mkdir -p ${quote(folder)} && tar -x -o -p -f - -C ${quote(folder)}`, archiveOf(entries));
    },
    async remove(folder, names) {
      const files = names.map((name) => quote(path.posix.join(folder, name)));
      if (files.length > 0) await run(`rm -rf -- ${files.join(' ')}`);
    },
    removeFolder: async (folder) => void (await connection.exec(`rmdir ${quote(folder)}`, signal)),
    close: connection.close,
  };
}
