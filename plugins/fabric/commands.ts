/** Commands on a machine over SSH. */
import type { Json, JsonObject } from '../../blueprint/json.js';
import { type CommandResult, type SshConnection, sshConnect } from '../hosts/ssh.js';
import { quote } from '../script/shell-line.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError, ProcessException } from '../sdk/errors.js';
import { isTrue, listOf, textsOf } from '../values.js';
import { type Target, targetOf } from './target.js';

/** @param inputs `commands`, `use_sudo`, `hide_output`, `fabric_env`, `non_recoverable_error_exit_codes` */
export async function runCommands(ctx: OperationContext, inputs: JsonObject): Promise<Json> {
  const commands = textsOf(inputs.commands);
  return await onTarget(ctx, inputs, async (connection, target) => {
    const outputs: string[] = [];
    for (const command of commands) {
      ctx.logger.info('%s', `Running on ${target.login.host}: ${command}`);
      const result = await execute(ctx, connection, target, command, inputs);
      outputs.push(result.stdout.trimEnd());
    }
    return outputs;
  });
}

/** Waits until the machine lets us in and runs a command. */
export async function waitForSsh(ctx: OperationContext, inputs: JsonObject): Promise<void> {
  await onTarget(ctx, inputs, async (connection) => void (await connection.run('true', { signal: ctx.signal })));
}

export async function onTarget<T>(
  ctx: OperationContext,
  inputs: JsonObject,
  work: (connection: SshConnection, target: Target) => Promise<T>,
): Promise<T> {
  const target = await targetOf(ctx, inputs);
  const connection = await sshConnect(target.login, ctx.signal);
  try {
    return await work(connection, target);
  } finally {
    connection.close();
  }
}

/**
 * @throws ProcessException when it fails, unless failures are only warned of
 * @throws NonRecoverableError for an exit code that is not worth another try
 */
export async function execute(
  ctx: OperationContext,
  connection: SshConnection,
  { sudoPassword, commandTimeout, warnOnly }: Target,
  command: string,
  inputs: JsonObject,
): Promise<CommandResult> {
  const sudo = isTrue(inputs.use_sudo);
  const withPassword = sudo && sudoPassword !== undefined;
  const alone = `exec </dev/null; ${command}`;
  const line = sudo ? `sudo ${withPassword ? "-S -p ''" : '-n'} sh -c ${quote(alone)}` : alone;
  const { onStdout, onStderr } = outputs(ctx, inputs.hide_output);
  const result = await connection.run(line, {
    signal:
      commandTimeout === undefined
        ? ctx.signal
        : AbortSignal.any([ctx.signal, AbortSignal.timeout(commandTimeout * 1_000)]),
    ...(withPassword ? { input: `${sudoPassword}\n` } : {}),
    onStdout,
    onStderr,
  });
  if (result.code === 0) return result;
  const failure = new ProcessException(command, result.code, result.stdout, result.stderr);
  if (listOf(inputs.non_recoverable_error_exit_codes).map(Number).includes(result.code))
    throw new NonRecoverableError(failure.message);
  if (!warnOnly) throw failure;
  ctx.logger.warning('%s', failure.message);
  return result;
}

/** `hide_output`: true, or which of `stdout`, `stderr`, `both`, `everything`. */
function outputs(ctx: OperationContext, hide: Json | undefined) {
  const hidden = isTrue(hide) ? ['both'] : textsOf(hide);
  const hides = (name: string) => hidden.some((one) => [name, 'both', 'everything', 'running'].includes(one));
  const log = (mark: string) => (line: string) => ctx.logger.info('%s', `<${mark}> ${line}`);
  return { onStdout: hides('stdout') ? undefined : log('out'), onStderr: hides('stderr') ? undefined : log('err') };
}
