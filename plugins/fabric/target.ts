/** The machine that commands run on: `fabric_env` in either of its spellings, else the host that the node is about. */
import type { JsonObject } from '../../blueprint/json.js';
import { relatedHost, type SshLogin, sshLoginOf } from '../hosts/login.js';
import type { OperationContext, Subject } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { isTrue, numberOf, objectOf, textOf } from '../values.js';

export interface Target {
  readonly login: SshLogin;
  readonly sudoPassword: string | undefined;
  /** A command that fails is only warned of. */
  readonly warnOnly: boolean;
  /** Seconds that one command may take. */
  readonly commandTimeout: number | undefined;
}

/** @throws NonRecoverableError when there is no machine, or no way to log in to it */
export async function targetOf(ctx: OperationContext, inputs: JsonObject): Promise<Target> {
  const env: JsonObject = { ...ctx.plugin.properties, ...objectOf(inputs.fabric_env) };
  const connect = objectOf(env.connect_kwargs);
  const written = hostString(textOf(env.host_string) ?? textOf(env.host) ?? '');
  const related = relatedHost(subjectOf(ctx));
  const { host = '' } = written;
  if (host === '' && !related)
    throw new NonRecoverableError('there is no machine to run on: set fabric_env.host, or run it for a node on a host');
  const given: JsonObject = {
    ...(written.user === undefined ? {} : { user: written.user }),
    ...(written.port === undefined ? {} : { port: written.port }),
    ...pick(env, {
      user: 'user',
      port: 'port',
      key: 'key',
      key_filename: 'key',
      password: 'password',
      host_key: 'host_key',
    }),
    ...pick(connect, { key_filename: 'key', pkey: 'key', password: 'password', passphrase: 'passphrase' }),
  };
  const remote = { login: {}, ...related, address: host === '' && related ? related.address : () => host };
  return {
    login: await sshLoginOf(ctx, given, remote, 'fabric_env'),
    sudoPassword: textOf(objectOf(env.sudo).password) ?? textOf(env.sudo_password),
    warnOnly: isTrue(env.warn_only) || isTrue(objectOf(env.run).warn),
    commandTimeout: numberOf(env.command_timeout, 'fabric_env.command_timeout'),
  };
}

function subjectOf(ctx: OperationContext): Subject {
  return ctx.type === 'relationship-instance' ? ctx[ctx.operation.relationship ?? 'source'] : requireNode(ctx);
}

/** `user@host:port`, each but the host optional. */
function hostString(text: string): { readonly host?: string; readonly user?: string; readonly port?: string } {
  const [, user, host, port] = /^(?:([^@]+)@)?(\[[^\]]+\]|[^:]*)(?::(\d+))?$/.exec(text) ?? [];
  return {
    host: (host ?? text).replace(/^\[(.*)\]$/, '$1'),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
  };
}

function pick(from: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, as]) => {
      const value = from[name];
      const [first] = Array.isArray(value) ? value : [value];
      return first === undefined || first === null || first === '' ? [] : [[as, first]];
    }),
  );
}
