/** Starting containers and waiting for them: until they are up, or, for a container that does one thing, until its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import type Docker from 'dockerode';
import type { Json, JsonObject } from '../../../blueprint/json.js';
import type { NodeOperationContext } from '../../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../../sdk/errors.js';
import { listOf, numberOf } from '../../values.js';
import { engineFailure, messageOf } from '../engine/failure.js';
import type { Engine } from '../engine/open.js';
import { findContainer, type Inspected } from './ensure.js';
import { lastLines, missed, readOutput, tail } from './output.js';

const POLL_MS = 300;

export interface Patience {
  /** How long a container must have run to count as started, in seconds. */
  readonly grace: number;
  /** How long its health check may take to succeed, in seconds. */
  readonly health: number;
}

/** @param config `start_grace_seconds` (1), `health_timeout` (300) */
export function patienceOf(config: JsonObject): Patience {
  return {
    grace: numberOf(config.start_grace_seconds, 'start_grace_seconds') ?? 1,
    health: numberOf(config.health_timeout, 'health_timeout') ?? 300,
  };
}

/** Starts a container; one that runs already is left running. */
export async function startContainer(engine: Engine, { Id, Name, HostConfig }: Inspected): Promise<void> {
  const what = `container ${Name.replace(/^\//, '')} cannot be started`;
  await engine.askUnless([304], what, async () => {
    try {
      await engine.docker.getContainer(Id).start({ abortSignal: engine.signal });
    } catch (error) {
      if (!/port is already allocated|address already in use|external connectivity/i.test(messageOf(error)))
        throw error;
      const ports = Object.values((HostConfig.PortBindings ?? {}) as Record<string, { HostPort?: string }[] | null>)
        .flatMap((bindings) => bindings ?? [])
        .map(({ HostPort }) => HostPort);
      throw new RecoverableError(
        `${what}: something else on ${engine.host} uses one of its ports ${ports.join(', ')} (${messageOf(error)})`,
      );
    }
  });
}

/**
 * Waits until a started container has run for its grace time and, if it has a health check, is healthy.
 *
 * @throws NonRecoverableError with its last lines when it fails within its grace time
 * @throws RecoverableError when it is unhealthy, or not healthy in time
 */
export async function waitUntilUp(engine: Engine, id: string, { grace, health }: Patience): Promise<Inspected> {
  const begin = Date.now();
  for (;;) {
    const container = await findContainer(engine, id);
    // A container that removes itself has done so.
    if (!container) throw new NonRecoverableError(`container ${id.slice(0, 12)} has ended and removed itself`);
    const { State, Config } = container;
    const name = container.Name.replace(/^\//, '');
    const seconds = (Date.now() - begin) / 1_000;
    if (!State.Running && !State.Restarting) {
      if (State.ExitCode === 0) return container;
      const lines = await lastLines(engine, id, Config.Tty);
      throw new NonRecoverableError(
        `container ${name} ended with exit code ${State.ExitCode} right after its start${State.Error ? ` (${State.Error})` : ''}` +
          `${lines === '' ? '' : `; its last lines:\n${lines}`}`,
      );
    }
    if (State.Restarting && seconds >= Math.max(grace, 5)) {
      const lines = await lastLines(engine, id, Config.Tty);
      throw new RecoverableError(
        `container ${name} keeps restarting (exit code ${State.ExitCode}); its last lines:\n${lines}`,
      );
    }
    const status = State.Health?.Status;
    if (status === 'unhealthy')
      throw new RecoverableError(`container ${name} is unhealthy: ${State.Health?.Log?.at(-1)?.Output?.trim() ?? ''}`);
    if (status === 'starting' && seconds >= health)
      throw new RecoverableError(`container ${name} is not healthy after ${health} s`);
    if (!State.Restarting && seconds >= grace && status !== 'starting') return container;
    await sleep(Math.min(POLL_MS, Math.max(20, grace * 1_000)), undefined, { signal: engine.signal });
  }
}

/** The longest that processes of a container are waited for in one attempt. */
const MOST_PROCESS_MS = 300_000;

/**
 * Waits until the processes are running in a container.
 *
 * @param interval seconds between looks
 */
export async function waitForProcesses(
  engine: Engine,
  { Id, Name }: Inspected,
  names: readonly string[],
  interval: number,
): Promise<void> {
  const what = `the processes of container ${Name.replace(/^\//, '')} cannot be listed`;
  const begin = Date.now();
  while (names.length > 0) {
    const top = (await engine.ask(what, async () => engine.docker.getContainer(Id).top())) as ProcessList;
    const column = top.Titles.findIndex((title) => /^(CMD|COMMAND)$/.test(title));
    const running = (top.Processes ?? []).map((row) => row[column] ?? '');
    const missing = names.filter((name) => !running.some((command) => command.includes(name)));
    if (missing.length === 0) return;
    if (Date.now() - begin > MOST_PROCESS_MS)
      throw new RecoverableError(`container ${Name.replace(/^\//, '')} does not run ${missing.join(', ')}`);
    await sleep(interval * 1_000, undefined, { signal: engine.signal });
  }
}

interface ProcessList {
  readonly Titles: readonly string[];
  readonly Processes: readonly (readonly string[])[] | null;
}

export interface Ended {
  readonly exitCode: number;
  /** What it wrote, from its end. */
  readonly output: string;
}

/**
 * Follows a container to its end. Safe to begin again in the middle: the engine keeps what the container wrote.
 * When the operation is cancelled the container is killed, since it is the operation's work.
 */
export async function followToEnd(engine: Engine, ctx: NodeOperationContext, container: Inspected): Promise<Ended> {
  const { Id, Config } = container;
  const handle = engine.docker.getContainer(Id);
  const what = `container ${container.Name.replace(/^\//, '')} cannot be followed`;
  try {
    const options = { follow: true, stdout: true, stderr: true, abortSignal: engine.signal } as const;
    const stream = await engine.ask(what, async () => handle.logs(options));
    const tell = (line: string): void => ctx.logger.info(`<out> ${line}`);
    const output = await readOutput(engine, what, stream, Config.Tty, tell);
    const { StatusCode } = (await engine.ask(what, async () => handle.wait({ abortSignal: engine.signal }))) as {
      StatusCode: number;
    };
    // Engines may end what is followed before they have passed on the last of what was written.
    const rest = missed(output, await engine.ask(what, async () => await tail(engine, Id, Config.Tty)));
    for (const line of rest.split('\n')) if (line !== '') tell(line.replace(/\r$/, ''));
    return { exitCode: StatusCode, output: output + rest };
  } catch (error) {
    if (engine.signal.aborted && !isShutdown(engine.signal)) await handle.kill().catch(() => undefined);
    throw error;
  }
}

/** The worker stops and another goes on with the operation: what it began must live. */
function isShutdown({ reason }: AbortSignal): boolean {
  return (reason as Error | undefined)?.message === 'WORKER_SHUTDOWN';
}

/**
 * Judges the exit code of a container that did one thing.
 *
 * @param config `successful_exit_codes` ([0]), `non_recoverable_exit_codes` ([])
 */
export function judgeExit(name: string, { exitCode, output }: Ended, config: JsonObject): void {
  const codes = (value: Json | undefined) => listOf(value).map(Number);
  const good = config.successful_exit_codes === undefined ? [0] : codes(config.successful_exit_codes);
  if (good.includes(exitCode)) return;
  const lines = output.trimEnd().split('\n').slice(-20).join('\n');
  const message = `container ${name} ended with exit code ${exitCode}${lines === '' ? '' : `; its last lines:\n${lines}`}`;
  if (codes(config.non_recoverable_exit_codes).includes(exitCode)) throw new NonRecoverableError(message);
  throw new RecoverableError(message);
}

/** Runs a command in a running container. */
export async function execute(
  engine: Engine,
  ctx: NodeOperationContext,
  id: string,
  command: readonly string[],
): Promise<Ended> {
  const what = `a command cannot be run in container ${id.slice(0, 12)}`;
  const options: Docker.ExecCreateOptions = { Cmd: [...command], AttachStdout: true, AttachStderr: true };
  const exec = await engine.ask(what, async () => engine.docker.getContainer(id).exec(options));
  const stream = await engine.ask(what, async () => exec.start({ abortSignal: engine.signal }));
  const output = await readOutput(engine, what, stream, false, (line) => ctx.logger.info(`<out> ${line}`));
  const { ExitCode } = await engine.ask(what, async () => exec.inspect());
  if (ExitCode === null) throw engineFailure(what, engine.where, new Error('the command has no exit code'));
  return { exitCode: ExitCode, output };
}
