/** SSH to a machine: commands, files, and connections from here to there and back. */
import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type ClientChannel, type SFTPWrapper } from 'ssh2';
import { Lines } from '../script/lines.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import type { SshLogin } from './login.js';

const READY_MS = 20_000;
/** A command that is told to end is killed after so long, and after as long again no more waited for. */
const ABORT_GRACE_MS = 3_000;
/** A command begins by telling its process group, so that it can be ended. */
const PROCESS = 'caisson-process';
const OWN_LINE = /^caisson-process (\d+)\n?/;

export interface SshConnection {
  /** A connection to a socket of the remote machine. */
  forward(socket: string): Promise<Duplex>;
  /** Runs a command and gives its output; rejects only when it cannot be started. */
  exec(command: string, signal: AbortSignal, input?: Buffer): Promise<CommandResult>;
  /**
   * Runs a command and gives its lines away as they come. An abort ends its processes. Its standard input has `input`
   * and no end: a command that might wait for more must not read it.
   *
   * The command is for a POSIX shell.
   *
   * @throws Error when the connection breaks before the command has ended
   */
  run(command: string, run: CommandRun): Promise<CommandResult>;
  /** Lets connections to a port of the remote machine's loopback end at a port of ours. @returns the remote port */
  reverse(localPort: number): Promise<number>;
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

export interface CommandRun {
  readonly signal: AbortSignal;
  readonly input?: string;
  readonly onStdout?: ((line: string) => void) | undefined;
  readonly onStderr?: ((line: string) => void) | undefined;
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
    async run(command, { signal, input, onStdout, onStderr }) {
      signal.throwIfAborted();
      const stream = await channel(`echo "${PROCESS} $$" >&2; ${command}`);
      let group: string | undefined;
      const stdout = new Lines(onStdout);
      const stderr = new Lines((line) => {
        const [, id] = group === undefined ? (OWN_LINE.exec(line) ?? []) : [];
        if (id === undefined) onStderr?.(line);
        else group = id;
      });
      stream.setEncoding('utf8').on('data', (text: string) => stdout.add(text));
      stream.stderr.setEncoding('utf8').on('data', (text: string) => stderr.add(text));
      // Its input stays open: a command without one cannot be signalled any more.
      if (input !== undefined) stream.write(input);
      const timers: NodeJS.Timeout[] = [];
      const code = await new Promise<number | undefined>((resolve) => {
        let exit: number | undefined;
        stream.on('exit', (value: number | null) => {
          exit = value ?? 143;
        });
        stream.on('close', () => resolve(exit));
        const abort = (): void => {
          end('TERM');
          timers.push(setTimeout(() => end('KILL'), ABORT_GRACE_MS));
          timers.push(setTimeout(() => resolve(undefined), 2 * ABORT_GRACE_MS));
        };
        // Servers refuse signals where root has logged in: the group is ended by a command of its own.
        const end = (name: string): void => {
          if (group === undefined) stream.close();
          else
            void channel(`kill -s ${name} -- -${group} || sudo -n kill -s ${name} -- -${group}`).catch(() => undefined);
        };
        signal.addEventListener('abort', abort, { once: true });
        stream.on('close', () => signal.removeEventListener('abort', abort));
      });
      for (const timer of timers) clearTimeout(timer);
      signal.throwIfAborted();
      stdout.end();
      stderr.end();
      if (code === undefined) throw new RecoverableError('the SSH connection broke while a command was running');
      return { code, stdout: stdout.tail, stderr: stderr.tail.replace(OWN_LINE, '') };
    },
    async reverse(localPort) {
      client.on('tcp connection', (_, accept) => {
        const remote = accept();
        const local = connect(localPort, '127.0.0.1');
        remote.pipe(local).pipe(remote);
        remote.on('error', () => local.destroy());
        local.on('error', () => remote.destroy());
      });
      return await new Promise((resolve, reject) =>
        client.forwardIn('127.0.0.1', 0, (error, port) => (error ? reject(error) : resolve(port))),
      );
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
