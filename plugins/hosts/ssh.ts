/** SSH to the machine of an engine: commands, files, and connections to the engine there. */
import type { Duplex } from 'node:stream';
import ssh2, { type ClientChannel, type SFTPWrapper } from 'ssh2';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import type { SshLogin } from './login.js';

const READY_MS = 20_000;

export interface SshConnection {
  /** A connection to a socket of the remote machine. */
  forward(socket: string): Promise<Duplex>;
  /** Runs a command and gives its output; rejects only when it cannot be started. */
  exec(command: string, signal: AbortSignal, input?: Buffer): Promise<CommandResult>;
  /** Standard input and output of a command as one stream. */
  pipe(command: string): Promise<Duplex>;
  sftp(): Promise<SFTPWrapper>;
  close(): void;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * @throws RecoverableError while the host does not answer (a new machine answers late)
 * @throws NonRecoverableError when it has another key than expected, or the login is malformed
 */
export async function sshConnect(login: SshLogin, signal: AbortSignal): Promise<SshConnection> {
  signal.throwIfAborted();
  const client = new ssh2.Client();
  const where = `${login.user}@${login.host}:${login.port}`;
  let wrongKey: string | undefined;
  await new Promise<void>((resolve, reject) => {
    const abort = () => {
      client.destroy();
      reject(signal.reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    client.once('ready', () => {
      signal.removeEventListener('abort', abort);
      resolve();
    });
    client.on('error', (error) => {
      signal.removeEventListener('abort', abort);
      reject(loginFailure(where, error, wrongKey));
    });
    try {
      client.connect({
        host: login.host,
        port: login.port,
        username: login.user,
        readyTimeout: READY_MS,
        keepaliveInterval: 10_000,
        ...(login.key === undefined ? {} : { privateKey: login.key }),
        ...(login.passphrase === undefined ? {} : { passphrase: login.passphrase }),
        ...(login.password === undefined ? {} : { password: login.password }),
        hostHash: 'sha256',
        hostVerifier(hash: string) {
          const seen = `SHA256:${Buffer.from(hash, 'hex').toString('base64').replace(/=+$/, '')}`;
          if (login.hostKey === undefined || login.hostKey.replace(/=+$/, '') === seen) return true;
          wrongKey = seen;
          return false;
        },
      });
    } catch (error) {
      reject(new NonRecoverableError(`cannot log in to ${where}: ${(error as Error).message}`));
    }
  });
  // Streams report the loss of the connection themselves; unheard, the event would end the process.
  client.on('error', () => undefined);
  return connectionOn(client);
}

function connectionOn(client: ssh2.Client): SshConnection {
  const channel = (command: string): Promise<ClientChannel> =>
    new Promise((resolve, reject) =>
      client.exec(command, (error, stream) => (error ? reject(error) : resolve(stream))),
    );
  return {
    forward: (socket) =>
      new Promise((resolve, reject) =>
        client.openssh_forwardOutStreamLocal(socket, (error, stream) => (error ? reject(error) : resolve(stream))),
      ),
    async exec(command, signal, input) {
      const stream = await channel(command);
      const abort = () => stream.close();
      signal.addEventListener('abort', abort, { once: true });
      const out: Buffer[] = [];
      const err: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => out.push(chunk));
      stream.stderr.on('data', (chunk: Buffer) => err.push(chunk));
      stream.end(input);
      const code = await new Promise<number>((resolve) => {
        let exit = -1;
        stream.on('exit', (value: number | null) => {
          exit = value ?? -1;
        });
        stream.on('close', () => resolve(exit));
      });
      signal.removeEventListener('abort', abort);
      signal.throwIfAborted();
      return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
    },
    pipe: async (command) => await channel(command),
    sftp: () => new Promise((resolve, reject) => client.sftp((error, sftp) => (error ? reject(error) : resolve(sftp)))),
    close: () => client.end(),
  };
}

function loginFailure(where: string, error: Error & { level?: string }, wrongKey: string | undefined): Error {
  if (wrongKey !== undefined)
    return new NonRecoverableError(`${where} has the host key ${wrongKey}, which is not the expected one`);
  if (error.level === 'client-authentication')
    // A machine that is just starting refuses the key until it has fetched it.
    return new RecoverableError(`${where} refuses the login: check the user and the key (${error.message})`);
  return new RecoverableError(`${where} cannot be reached over SSH: ${error.message}`);
}
