/** Which engine a node means: what its `client_config` says, else the engine of the host that it is related to. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Json, JsonObject } from '../../../blueprint/json.js';
import { relatedHost, type SshLogin, sshLoginOf } from '../../hosts/login.js';
import { pemText } from '../../hosts/pem.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { objectOf, textOf } from '../../values.js';

export type EngineAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly tls?: TlsFiles }
  | { readonly kind: 'ssh'; readonly login: SshLogin; readonly socket?: string };

/** PEM texts. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Whether the engine's certificate must be valid. */
  readonly verify: boolean;
}

const DEFAULT_SOCKET = '/var/run/docker.sock';

/**
 * @param more settings that win over the configured ones
 * @throws NonRecoverableError when no engine can be told from the configuration
 */
export async function engineAddress(ctx: NodeOperationContext, more: JsonObject = {}): Promise<EngineAddress> {
  const config = clientConfig(ctx, more);
  const host = textOf(config.docker_host);
  const socket = textOf(config.docker_sock_file);
  if (host !== undefined) return await addressOf(host, config, ctx);
  const related = relatedHost(ctx);
  if (related !== undefined && (socket === undefined || textOf(config.transport) !== undefined)) {
    if (textOf(config.transport) === 'tcp') return await addressOf(related.address(), config, ctx);
    const login = await sshLoginOf(ctx, objectOf(config.ssh), related);
    return { kind: 'ssh', login, ...(socket === undefined ? {} : { socket }) };
  }
  if (socket !== undefined) return { kind: 'socket', path: socket.replace(/^unix:\/\//, '') };
  return await ofThisMachine();
}

/** For messages: never holds a credential. */
export function describeAddress(address: EngineAddress): string {
  switch (address.kind) {
    case 'socket':
      return `unix://${address.path}`;
    case 'tcp':
      return `${address.tls ? 'https' : 'tcp'}://${address.host}:${address.port}`;
    case 'ssh':
      return `ssh://${address.login.user}@${address.login.host}:${address.login.port}`;
  }
}

/** Under which name the engine's published ports are reached from here. */
export function hostOfAddress(address: EngineAddress): string {
  if (address.kind === 'socket') return '127.0.0.1';
  return address.kind === 'tcp' ? address.host : address.login.host;
}

/** Later wins: the plugin's properties, the node's, the instance's. Empty values say nothing. */
function clientConfig(ctx: NodeOperationContext, more: JsonObject): JsonObject {
  const plugin = ctx.plugin.properties;
  const config: Record<string, Json> = {};
  for (const source of [
    objectOf(plugin.client_config ?? plugin),
    objectOf(ctx.node.properties.client_config),
    objectOf(ctx.instance.runtimeProperties.client_config),
    more,
  ])
    for (const [key, value] of Object.entries(source)) if (value !== '' && value !== null) config[key] = value;
  return config;
}

async function addressOf(host: string, config: JsonObject, ctx: NodeOperationContext): Promise<EngineAddress> {
  const tls = await tlsOf(objectOf(config.tls), ctx);
  const text = host.includes('://') ? host : `${schemeOf(config)}://${host}`;
  if (text.startsWith('unix://')) return { kind: 'socket', path: text.slice('unix://'.length) || DEFAULT_SOCKET };
  if (text.startsWith('npipe://')) return { kind: 'socket', path: text.slice('npipe://'.length) };
  if (!URL.canParse(text)) throw invalid(`docker_host ${JSON.stringify(host)} is no address`);
  const url = new URL(text);
  const port = Number(url.port || textOf(config.docker_rest_port) || 0);
  const name = url.hostname.replace(/^\[(.*)\]$/, '$1');
  switch (url.protocol) {
    case 'ssh:': {
      const given = { ...objectOf(config.ssh), ...(url.username ? { user: decodeURIComponent(url.username) } : {}) };
      const login = await sshLoginOf(ctx, { ...given, ...(port ? { port } : {}) }, { address: () => name, login: {} });
      const socket = textOf(config.docker_sock_file);
      return { kind: 'ssh', login, ...(socket === undefined ? {} : { socket }) };
    }
    case 'https:':
      return { kind: 'tcp', host: name, port: port || 2376, tls: tls ?? { verify: true } };
    case 'tcp:':
    case 'http:':
      return { kind: 'tcp', host: name, port: port || (tls ? 2376 : 2375), ...(tls ? { tls } : {}) };
    default:
      throw invalid(`docker_host ${JSON.stringify(host)} has an unknown scheme`);
  }
}

function schemeOf(config: JsonObject): string {
  return textOf(config.transport) === 'ssh' ? 'ssh' : 'tcp';
}

async function tlsOf(config: JsonObject, ctx: NodeOperationContext): Promise<TlsFiles | undefined> {
  if (Object.keys(config).length === 0) return undefined;
  const pem = async (name: 'ca' | 'cert' | 'key') => {
    const value = textOf(config[name]);
    return value === undefined ? {} : { [name]: await pemText(ctx, value, `client_config.tls.${name}`) };
  };
  return { ...(await pem('ca')), ...(await pem('cert')), ...(await pem('key')), verify: config.verify !== false };
}

/** As the docker command finds its engine on the worker's machine. */
async function ofThisMachine(): Promise<EngineAddress> {
  const { DOCKER_HOST: host, DOCKER_TLS_VERIFY: verify, DOCKER_CERT_PATH: certificates } = process.env;
  if (!host) return { kind: 'socket', path: DEFAULT_SOCKET };
  if (host.startsWith('unix://')) return { kind: 'socket', path: host.slice('unix://'.length) || DEFAULT_SOCKET };
  const url = new URL(host.includes('://') ? host : `tcp://${host}`);
  if (url.protocol === 'ssh:')
    throw invalid('DOCKER_HOST leads over ssh: write it as client_config.docker_host, with client_config.ssh.key');
  if (!verify || !certificates) return { kind: 'tcp', host: url.hostname, port: Number(url.port || 2375) };
  const file = async (name: string) => await readFile(path.join(certificates, name), 'utf8');
  const tls = { ca: await file('ca.pem'), cert: await file('cert.pem'), key: await file('key.pem'), verify: true };
  return { kind: 'tcp', host: url.hostname, port: Number(url.port || 2376), tls };
}

function invalid(message: string): NonRecoverableError {
  return new NonRecoverableError(`Invalid docker client config: ${message}`);
}
