/** The machine that a node is about, found through its relationships, and how to log in there. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { OperationContext, Subject } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { numberOf, objectOf, textOf } from '../values.js';
import { pemText } from './pem.js';

export interface SshLogin {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Private key, PEM text. */
  readonly key?: string;
  readonly passphrase?: string;
  readonly password?: string;
  /** The host's key as `SHA256:…`; any is accepted when absent. */
  readonly hostKey?: string;
}

export interface RemoteHost {
  /** @throws NonRecoverableError when it has no address */
  address(): string;
  /** What its own node says about logging in: `user`, `key`, `port`, `password`. */
  readonly login: JsonObject;
  /** The secret that has its key, where no key is told. */
  readonly keySecret?: string | undefined;
}

const CONTAINED_IN = 'cloudify.relationships.contained_in';
const HOST_TYPES = ['cloudify.nodes.Compute', 'cloudify.nodes.docker.host'];

/** The node itself if it is a host, else the host that contains it, else one that it is otherwise related to. */
export function relatedHost(subject: Subject): RemoteHost | undefined {
  const host = isHost(subject) ? subject : (containingHost(subject) ?? targetsOf(subject).find(isHost));
  if (!host) return undefined;
  if (!host.node.isA('cloudify.nodes.docker.host')) return { address: () => host.instance.hostIp, ...loginOf(host) };
  const machine = objectOf(host.node.properties.docker_machine);
  const ip = textOf(machine.docker_ip);
  if (ip !== undefined) return { address: () => ip, login: machineLogin(machine) };
  const below = containingHost(host) ?? targetsOf(host).find(isHost);
  if (!below) return undefined;
  const { login, keySecret } = loginOf(below);
  return { address: () => below.instance.hostIp, login: { ...login, ...machineLogin(machine) }, keySecret };
}

/** What is known about logging in to the host, its key looked up if it is a secret. */
export async function hostLogin(ctx: OperationContext, { login, keySecret }: RemoteHost): Promise<JsonObject> {
  if (login.key !== undefined || login.password !== undefined || keySecret === undefined) return login;
  const key = textOf(await ctx.getSecret(keySecret));
  return key === undefined ? login : { ...login, key };
}

/**
 * @param given what the configuration says: `user`, `key`, `passphrase`, `password`, `port`, `host_key`
 * @param settings where it says so, for messages
 */
export async function sshLoginOf(
  ctx: OperationContext,
  given: JsonObject,
  host: RemoteHost,
  settings = 'client_config.ssh',
): Promise<SshLogin> {
  const own = withoutEmpty(given);
  const hasOwn = own.key !== undefined || own.password !== undefined;
  const config: JsonObject = { ...(hasOwn ? host.login : await hostLogin(ctx, host)), ...own };
  const key = textOf(config.key);
  const optional = (name: 'passphrase' | 'password', as: string = name) => {
    const value = textOf(config[name]);
    return value === undefined ? {} : { [as]: value };
  };
  const hostKey = textOf(config.host_key);
  const user = textOf(config.user);
  if (user === undefined)
    throw new NonRecoverableError(
      `no user to log in to ${host.address()} with: set ${settings}.user, or agent_config.user of the host`,
    );
  if (key === undefined && textOf(config.password) === undefined)
    throw new NonRecoverableError(
      `no key to log in to ${host.address()} with: set ${settings}.key, or agent_config.key of the host, ` +
        'or relate the host to its key pair',
    );
  return {
    host: host.address(),
    port: numberOf(config.port, 'the SSH port') ?? 22,
    user,
    ...(key === undefined ? {} : { key: await pemText(ctx, key, 'the SSH key') }),
    ...optional('passphrase'),
    ...optional('password'),
    ...(hostKey === undefined ? {} : { hostKey }),
  };
}

function containingHost(contained: Subject): Subject | undefined {
  let subject = contained;
  for (let depth = 0; depth < 20; depth += 1) {
    const container: Subject | undefined = subject.instance.relationships.find(({ isA }) => isA(CONTAINED_IN))?.target;
    if (!container) return undefined;
    if (isHost(container)) return container;
    subject = container;
  }
  return undefined;
}

function targetsOf({ instance }: Subject): Subject[] {
  return instance.relationships.map(({ target }) => target);
}

function isHost({ node }: Subject): boolean {
  return HOST_TYPES.some((type) => node.isA(type));
}

/** `docker_machine` in the words of an SSH login. */
export function machineLogin(machine: JsonObject): JsonObject {
  const { docker_user: user = '', docker_key: key = '', docker_port: port = '' } = machine;
  return withoutEmpty({ user, key, port });
}

type KnownLogin = Pick<RemoteHost, 'login' | 'keySecret'>;

/** `agent_config` of the host, its key falling back to the key pair that the host is related to. */
function loginOf(host: Subject): KnownLogin {
  const agent = {
    ...objectOf(host.node.properties.agent_config),
    ...objectOf(host.node.properties.cloudify_agent),
    ...objectOf(host.instance.runtimeProperties.cloudify_agent),
  };
  const { user = '', key = '', port = '', password = '' } = agent;
  const own = withoutEmpty({ user, key, port, password });
  if (own.key !== undefined || own.password !== undefined) return { login: own };
  const pairs = targetsOf(host);
  const paired = first(pairs, keyOfPair);
  if (paired !== undefined) return { login: { ...own, key: paired } };
  return { login: own, keySecret: first(pairs, secretOfPair) };
}

/** Private key that a node tells or has a file of: key pairs of clouds, keys made by the keys plugin. */
function keyOfPair({ node, instance }: Subject): string | undefined {
  const runtime = instance.runtimeProperties;
  const created = objectOf(runtime.create_response as Json);
  return first(
    [created.KeyMaterial, runtime.private_key_export, runtime.private_key_path, node.properties.private_key_path],
    (value) => textOf(value as Json),
  );
}

/** The secret that a key pair was put into. */
function secretOfPair({ node, instance }: Subject): string | undefined {
  const { secret_key_name: named, aws_resource_id: id } = instance.runtimeProperties;
  if (named !== undefined) return textOf(named);
  return node.properties.create_secret === true ? (textOf(node.properties.secret_name) ?? textOf(id)) : undefined;
}

function first<T, R>(all: readonly T[], of: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const found = of(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

function withoutEmpty(config: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== '' && value !== null));
}
