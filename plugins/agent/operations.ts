/**
 * The life of a host's agent. Each operation may be run twice: what is there already is left, and what is gone already is
 * not missed.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Json, JsonObject } from '../../blueprint/json.js';
import { relatedHost, sshLoginOf } from '../hosts/login.js';
import { type SshConnection, sshConnect } from '../hosts/ssh.js';
import type { NodeOperationContext, OperationContext } from '../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import { requireNode } from '../sdk/require-kind.js';
import { numberOf, objectOf, textOf } from '../values.js';
import { install, remove, startOn, stopOn, tailOfLog } from './install.js';
import type { AgentKit, AgentParcel } from './kit.js';

export type AgentOperations = Readonly<
  Record<
    | 'create'
    | 'configure'
    | 'start'
    | 'stop'
    | 'delete'
    | 'restart'
    | 'validate'
    | 'end_itself'
    | 'restart_itself'
    | 'nothing',
    (ctx: OperationContext, inputs: JsonObject) => Promise<void>
  >
>;

/** Runtime property of the host; operations for the host go to its `queue` as long as it is there. */
const PROPERTY = 'cloudify_agent';
/** Seconds in which a new machine lets us in, and its agent answers. */
const PATIENCE_SECONDS = 300;
/** Seconds for which a host is tried whose agent is to be ended. */
const LAST_PATIENCE_SECONDS = 20;
const PAUSE_MS = 2_000;
const BY_SSH = 'remote';

export function agentOperations(kit: AgentKit): AgentOperations {
  const parcelOf = (ctx: NodeOperationContext): AgentParcel => kit.parcelFor(ctx.deployment.id, ctx.instance.id);

  async function create(context: OperationContext, inputs: JsonObject): Promise<void> {
    const ctx = requireNode(context);
    const parcel = parcelOf(ctx);
    const method = methodOf(ctx);
    if (method === BY_SSH) {
      refuseUnreachable(ctx, kit);
      await onHost(ctx, secondsOf(inputs), async (connection) => {
        ctx.logger.info('%s', `installing the agent ${parcel.name} on ${addressOf(ctx)}`);
        const place = await install(connection, kit, parcel, ctx.signal);
        // Noted before it is started: whoever comes after a crash knows what there is to end.
        note(ctx, parcel, method);
        await ctx.instance.update();
        await stopOn(connection, parcel.name, ctx.signal);
        await startOn(connection, place, ctx.signal);
        await answering(
          ctx,
          parcel,
          secondsOf(inputs),
          'this',
          async () => await tailOfLog(connection, parcel.name, ctx.signal),
        );
      });
    } else if (method === 'provided')
      // The image brings it along, and no `start` is called that would wait for it.
      await answering(ctx, parcel, secondsOf(inputs), 'any');
    note(ctx, parcel, method);
  }

  async function start(context: OperationContext, inputs: JsonObject): Promise<void> {
    const ctx = requireNode(context);
    const parcel = parcelOf(ctx);
    const remote = methodOf(ctx) === BY_SSH;
    if (remote)
      await onHost(ctx, secondsOf(inputs), async (connection) => {
        const place = await install(connection, kit, parcel, ctx.signal);
        await stopOn(connection, parcel.name, ctx.signal);
        await startOn(connection, place, ctx.signal);
      });
    await answering(ctx, parcel, secondsOf(inputs), remote ? 'this' : 'any');
    note(ctx, parcel, methodOf(ctx));
  }

  async function answering(
    ctx: NodeOperationContext,
    parcel: AgentParcel,
    seconds: number,
    whose: 'this' | 'any',
    log?: () => Promise<string>,
  ): Promise<void> {
    const asks = whose === 'this' ? kit.answers : kit.anyAnswers;
    for (const end = Date.now() + seconds * 1_000; !(await asks(parcel)); ) {
      if (Date.now() > end) {
        const told = (await log?.().catch(() => '')) ?? '';
        throw new RecoverableError(
          `the agent of host ${ctx.instance.id} does not answer after ${seconds} s${told === '' ? '' : `; its log ends: ${told}`}`,
        );
      }
      await pause(PAUSE_MS / 4, undefined, { signal: ctx.signal });
    }
  }

  async function stop(context: OperationContext): Promise<void> {
    const ctx = requireNode(context);
    await atLast(ctx, async (connection) => await stopOn(connection, parcelOf(ctx).name, ctx.signal));
  }

  return {
    create,
    configure: async () => undefined,
    start,
    stop,
    async delete(context) {
      const ctx = requireNode(context);
      await atLast(ctx, async (connection) => {
        await stopOn(connection, parcelOf(ctx).name, ctx.signal);
        await remove(connection, parcelOf(ctx).name, ctx.signal);
      });
      delete ctx.instance.runtimeProperties[PROPERTY];
    },
    async restart(context, inputs) {
      await stop(context);
      await start(context, inputs);
    },
    // It runs on the agent: that it runs is the answer.
    validate: async () => undefined,
    async end_itself() {
      kit.endItself?.();
    },
    async restart_itself() {
      throw new NonRecoverableError('an agent is restarted from outside: use cloudify_agent.restart');
    },
    nothing: async () => undefined,
  };
}

/** Told at once, rather than after minutes in which an agent looks for the server on its own machine. */
function refuseUnreachable(ctx: NodeOperationContext, { local }: AgentKit): void {
  const address = textOf(ctx.instance.runtimeProperties.ip as Json) ?? textOf(ctx.node.properties.ip) ?? '';
  if (local && !/^(127\.|localhost$|::1$)/.test(address))
    throw new NonRecoverableError(
      `an agent on ${address} could not reach the Temporal server at an address of this machine's own: ` +
        'set agent.address (CAISSON_AGENT_ADDRESS) to one that hosts can reach',
    );
}

function note(ctx: NodeOperationContext, { name, queue }: AgentParcel, method: string): void {
  const before = objectOf(ctx.instance.runtimeProperties[PROPERTY] as Json);
  ctx.instance.runtimeProperties[PROPERTY] = { ...before, name, queue, install_method: method };
}

function methodOf({ node }: NodeOperationContext): string {
  return textOf(objectOf(node.properties.agent_config).install_method) ?? BY_SSH;
}

function addressOf({ instance }: NodeOperationContext): string {
  return textOf(instance.runtimeProperties.ip as Json) ?? 'no address';
}

function secondsOf({ install_agent_timeout }: JsonObject): number {
  return numberOf(install_agent_timeout, 'install_agent_timeout') ?? PATIENCE_SECONDS;
}

/** Logs in as soon as the host lets us. A machine that has just been made needs a while. */
async function onHost<T>(
  ctx: NodeOperationContext,
  seconds: number,
  work: (connection: SshConnection) => Promise<T>,
): Promise<T> {
  const host = relatedHost(ctx);
  if (!host) throw new NonRecoverableError(`${ctx.node.id} is no host: agents are installed on hosts`);
  const login = await sshLoginOf(ctx, {}, host, 'agent_config');
  const end = Date.now() + seconds * 1_000;
  for (;;) {
    const connection = await sshConnect(login, ctx.signal).catch((error: unknown) => {
      if (!(error instanceof RecoverableError) || Date.now() > end) throw error;
      return undefined;
    });
    if (!connection) {
      await pause(PAUSE_MS, undefined, { signal: ctx.signal });
      continue;
    }
    try {
      return await work(connection);
    } finally {
      connection.close();
    }
  }
}

/** On a host that is about to go, and may have gone: then its agent has gone with it. */
async function atLast(ctx: NodeOperationContext, work: (connection: SshConnection) => Promise<void>): Promise<void> {
  if (methodOf(ctx) !== BY_SSH) return;
  try {
    await onHost(ctx, LAST_PATIENCE_SECONDS, work);
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.logger.warning(
      '%s',
      `host ${ctx.instance.id} (${addressOf(ctx)}) cannot be reached; its agent goes with it: ${(error as Error).message}`,
    );
  }
}
