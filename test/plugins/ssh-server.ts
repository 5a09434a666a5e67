/** An SSH server of the tests' own, on a loopback port, with keys made for it. */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import path from 'node:path';
import { freePort } from '../../client/stack/ports.js';
import { daemon, install, run } from './machine.js';

export interface SshServer {
  readonly port: number;
  readonly user: string;
  /** Private key that is let in. */
  readonly key: string;
  /** As `SHA256:…`. */
  readonly hostKey: string;
  /** Lets another key in. @param publicKey as in an `authorized_keys` file */
  admit(publicKey: string): Promise<void>;
}

/**
 * @param folder for its files; it must be removed by the caller
 * @param stops gets what stops the server
 * @param settings further lines of its configuration
 * @param address what it listens at; whatever it is, only clients of this machine are let in
 */
export async function startSshServer(
  folder: string,
  stops: (() => Promise<unknown>)[],
  settings: readonly string[] = [],
  address = '127.0.0.1',
): Promise<SshServer> {
  await install({ sshd: 'openssh-server' });
  const at = (name: string) => path.join(folder, name);
  for (const name of ['host_key', 'user_key'])
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', at(name)]);
  await mkdir('/run/sshd', { recursive: true });
  const port = await freePort();
  const lines = [
    `ListenAddress ${address}:${port}`,
    `HostKey ${at('host_key')}`,
    `AuthorizedKeysFile ${at('user_key.pub')}`,
    `PidFile ${at('sshd.pid')}`,
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    `AllowUsers ${userInfo().username}@127.0.0.0/8`,
    'UsePAM no',
    'StrictModes no',
    'Subsystem sftp internal-sftp',
    'MaxStartups 100',
    ...settings,
  ];
  await writeFile(at('sshd_config'), `${lines.join('\n')}\n`);
  const server = await daemon(
    ['sshd', '-D', '-e', '-f', at('sshd_config')],
    at('sshd.log'),
    async () => await answering(port),
  );
  stops.push(async () => await server.stop());
  const { stdout } = await run('ssh-keygen', ['-l', '-E', 'sha256', '-f', at('host_key.pub')]);
  return {
    port,
    user: userInfo().username,
    key: await readFile(at('user_key'), 'utf8'),
    hostKey: stdout.split(' ')[1] ?? '',
    admit: async (publicKey) => await appendFile(at('user_key.pub'), `${publicKey.trim()}\n`),
  };
}

async function answering(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = connect(port, '127.0.0.1', () => {
      probe.destroy();
      resolve();
    });
    probe.once('error', reject);
  });
}
