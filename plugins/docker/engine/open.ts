/** Opens an engine for one operation. */
import type http from 'node:http';
import Docker, { type DockerOptions } from 'dockerode';
import type { JsonObject } from '../../../blueprint/json.js';
import { type SshConnection, sshConnect } from '../../hosts/ssh.js';
import type { NodeOperationContext, OperationContext } from '../../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../../sdk/errors.js';
import { requireNode } from '../../sdk/require-kind.js';
import { describeAddress, type EngineAddress, engineAddress, hostOfAddress } from './address.js';
import { agentOver, plainAgent, tlsAgent } from './agents.js';
import { engineFailure, messageOf, statusOf } from './failure.js';

export interface Engine {
  readonly docker: Docker;
  /** For messages. */
  readonly where: string;
  /** Where its published ports are reached. */
  readonly host: string;
  /** Aborted when the operation is. */
  readonly signal: AbortSignal;
  /**
   * Calls the engine.
   *
   * @param what what could not be done if it fails, e.g. `container web_1 cannot be started`
   * @throws RecoverableError or NonRecoverableError, as the answer means
   */
  ask<T>(what: string, call: () => Promise<T>): Promise<T>;
  /** Like `ask`, and undefined when the engine answers with one of these codes. */
  askUnless<T>(codes: readonly number[], what: string, call: () => Promise<T>): Promise<T | undefined>;
}

export const DEFAULT_REMOTE_SOCKET = '/var/run/docker.sock';

/**
 * Runs `work` with the engine that the node means, and closes the connection.
 *
 * @param settings of the `client_config`, which win over the node's
 */
export async function withEngine<T>(
  context: OperationContext,
  work: (engine: Engine, ctx: NodeOperationContext) => Promise<T>,
  settings: JsonObject = {},
): Promise<T> {
  const ctx = requireNode(context);
  const address = await engineAddress(ctx, settings);
  const { docker, close } = await connect(address, ctx.signal);
  try {
    return await work(engineOn(docker, address, ctx.signal), ctx);
  } finally {
    close();
  }
}

function engineOn(docker: Docker, address: EngineAddress, signal: AbortSignal): Engine {
  const where = describeAddress(address);
  async function askUnless<T>(codes: readonly number[], what: string, call: () => Promise<T>): Promise<T | undefined> {
    signal.throwIfAborted();
    try {
      return await call();
    } catch (error) {
      signal.throwIfAborted();
      const status = statusOf(error);
      if (status !== undefined && codes.includes(status)) return undefined;
      throw engineFailure(what, where, error);
    }
  }
  return {
    docker,
    where,
    host: hostOfAddress(address),
    signal,
    ask: async (what, call) => (await askUnless([], what, call)) as never,
    askUnless,
  };
}

interface Connected {
  readonly docker: Docker;
  close(): void;
}

async function connect(address: EngineAddress, signal: AbortSignal): Promise<Connected> {
  if (address.kind === 'ssh') return await connectOverSsh(address, signal);
  return {
    docker: dockerOn(address.kind === 'socket' ? socketOptions(address) : tcpOptions(address)),
    close() {},
  };
}

type ClientOptions = DockerOptions & { readonly agent?: http.Agent };

function socketOptions({ path }: Extract<EngineAddress, { kind: 'socket' }>): ClientOptions {
  return { socketPath: path, agent: plainAgent() };
}

function tcpOptions({ host, port, tls }: Extract<EngineAddress, { kind: 'tcp' }>): ClientOptions {
  if (!tls) return { protocol: 'http', host, port, agent: plainAgent() };
  const { verify, ...files } = tls;
  return { protocol: 'https', host, port, agent: tlsAgent(verify), ...files };
}

/** What the client would read from DOCKER_HOST is given, so that it does not. */
function dockerOn(options: ClientOptions): Docker {
  const unset = { host: undefined, port: undefined, protocol: 'http', pathPrefix: '/' } as object;
  return new Docker({ ...unset, ...options } as DockerOptions);
}

/**
 * The remote engine is reached at its socket, else through the docker command there (which knows where its engine is
 * and what the user may), else through the same as root.
 */
async function connectOverSsh(
  { login, socket }: Extract<EngineAddress, { kind: 'ssh' }>,
  signal: AbortSignal,
): Promise<Connected> {
  const connection = await sshConnect(login, signal);
  const failures: string[] = [];
  try {
    for (const { name, open } of waysTo(connection, socket)) {
      const agent = agentOver(open);
      const docker = dockerOn({ host: 'engine', port: 80, agent });
      const close = () => {
        agent.destroy();
        connection.close();
      };
      const failure = await docker.ping().then(
        () => undefined,
        (error: unknown) => messageOf(error),
      );
      if (failure === undefined) return { docker, close };
      signal.throwIfAborted();
      failures.push(`${name}: ${failure}`);
    }
  } catch (error) {
    connection.close();
    throw error;
  }
  connection.close();
  const message = `no engine answers on ${login.host} over SSH (${failures.join('; ')})`;
  // Right after its start a machine may still be installing its engine.
  if (failures.some((failure) => /permission denied|password is required/i.test(failure)))
    throw new NonRecoverableError(`${message}: ${login.user} may not use Docker; add the user to the group docker`);
  throw new RecoverableError(`${message}: is Docker installed and running there?`);
}

function waysTo(connection: SshConnection, socket: string | undefined) {
  const path = socket?.replace(/^unix:\/\//, '') ?? DEFAULT_REMOTE_SOCKET;
  const command = 'docker system dial-stdio';
  return [
    { name: path, open: async () => await connection.forward(path) },
    { name: command, open: async () => await connection.pipe(command) },
    { name: `sudo ${command}`, open: async () => await connection.pipe(`sudo -n ${command}`) },
  ];
}
