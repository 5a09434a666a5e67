import { connect } from 'node:net';
import type { Json, JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import { numberOf, textOf } from '../values.js';
import { addressOf, patience } from './target.js';

/**
 * @param inputs `port`; `host` (default: the machine that the node is on), `timeout` (seconds, default 10)
 * @returns `seconds` that it took
 * @throws RecoverableError when nothing accepts the connection
 */
export async function probeTcp(ctx: OperationContext, inputs: JsonObject): Promise<Json> {
  const port = numberOf(inputs.port, 'port');
  if (port === undefined || !Number.isInteger(port) || port < 1 || port > 65_535)
    throw new NonRecoverableError(`a TCP probe needs a port, not ${JSON.stringify(inputs.port ?? null)}`);
  const host = textOf(inputs.host) ?? addressOf(ctx);
  const { signal, seconds: limit } = patience(ctx, inputs);
  const begin = Date.now();
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  }).catch((error: Error) => {
    ctx.signal.throwIfAborted();
    const why = signal.aborted ? `nothing within ${limit} s` : error.message;
    throw new RecoverableError(`${host}:${port} does not accept connections: ${why}`);
  });
  return { seconds: (Date.now() - begin) / 1_000 };
}
