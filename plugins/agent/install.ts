/** An agent on its host, over SSH: a package that all agents of a build share, and a folder of its own for each. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { SshConnection } from '../hosts/ssh.js';
import { quote } from '../script/shell-line.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import { AGENTS_FOLDER, type AgentKit, type AgentParcel, PACKAGES_FOLDER } from './kit.js';
import { type AgentPlace, startLines, stopLines } from './supervisor.js';

/** Puts the program and the settings there. What is there of the same build is used. */
export async function install(
  connection: SshConnection,
  { program }: AgentKit,
  { name, settings }: AgentParcel,
  signal: AbortSignal,
): Promise<AgentPlace> {
  const command = program.command ?? (await packageOn(connection, program, signal));
  const folder = `${AGENTS_FOLDER}/${quote(name)}`;
  // By its standard input: command lines are for everybody on the machine.
  await shell(
    connection,
    [
      `umask 077`,
      `mkdir -p ${folder}`,
      `cat > ${folder}/settings.part`,
      `mv ${folder}/settings.part ${folder}/settings.json`,
    ],
    signal,
    Buffer.from(settings),
  );
  return { name, command };
}

export async function startOn(connection: SshConnection, place: AgentPlace, signal: AbortSignal): Promise<void> {
  await shell(connection, startLines(place), signal);
}

export async function stopOn(connection: SshConnection, name: string, signal: AbortSignal): Promise<void> {
  await shell(connection, stopLines(name), signal);
}

/** Its folder, and the packages when no other agent is there. */
export async function remove(connection: SshConnection, name: string, signal: AbortSignal): Promise<void> {
  await shell(
    connection,
    [
      `rm -rf ${AGENTS_FOLDER}/${quote(name)}`,
      `rmdir ${AGENTS_FOLDER} 2>/dev/null`,
      `[ -d ${AGENTS_FOLDER} ] || rm -rf ${PACKAGES_FOLDER}`,
      `rmdir "$(dirname ${AGENTS_FOLDER})" 2>/dev/null`,
      'true',
    ],
    signal,
  );
}

export async function tailOfLog(connection: SshConnection, name: string, signal: AbortSignal): Promise<string> {
  return await shell(connection, [`tail -c 600 ${AGENTS_FOLDER}/${quote(name)}/agent.log`], signal);
}

async function packageOn(
  connection: SshConnection,
  { build, packageFor }: AgentKit['program'],
  signal: AbortSignal,
): Promise<string> {
  const folder = `${PACKAGES_FOLDER}/${quote(build)}`;
  const there = await shell(connection, [`[ -x ${folder}/caisson ] && echo there || uname -sm`], signal);
  // Where it begins: an agent is started in a folder of its own.
  const command = `"$HOME"/${folder}/caisson`;
  if (there === 'there') return command;
  const file = await packageFor(there);
  const part = `${PACKAGES_FOLDER}/${quote(build)}.${process.pid}.part`;
  await shell(connection, [`rm -rf ${part}`, `mkdir -p ${part}`], signal);
  const unpacking = await connection.pipe(`cd "$HOME" && tar -xzf - -C ${part} && echo unpacked`);
  let said = '';
  unpacking.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const closed = once(unpacking, 'close', { signal });
  await pipeline(createReadStream(file), unpacking, { signal });
  // It is sent before it is unpacked.
  await closed;
  if (!said.includes('unpacked')) throw new RecoverableError(`the agent's package could not be unpacked: ${said}`);
  // Another installation may have been as fast.
  await shell(connection, [`mv ${part} ${folder} 2>/dev/null || rm -rf ${part}`, `[ -x ${folder}/caisson ]`], signal);
  return command;
}

async function shell(
  connection: SshConnection,
  lines: readonly string[],
  signal: AbortSignal,
  input?: Buffer,
): Promise<string> {
  const { code, stdout, stderr } = await connection.exec(
    `sh -c ${quote(['cd "$HOME" || exit 1', ...lines].join('\n'))}`,
    signal,
    input,
  );
  // Cut off rather than failed: every step may be done again.
  if (code === -1)
    throw new RecoverableError(
      "a command of the agent's installation ended without an exit code: it was killed, or the connection was lost",
    );
  if (code !== 0)
    throw new NonRecoverableError(
      `a command of the agent's installation failed with ${code}: ${stderr.trim().slice(-600) || stdout.trim().slice(-600)}`,
    );
  return stdout.trim();
}
