import type { Json, JsonObject } from '../../blueprint/json.js';
import type { OperationContext } from '../sdk/context.js';
import { NonRecoverableError, RecoverableError } from '../sdk/errors.js';
import { listOf, numberOf, textOf } from '../values.js';
import { addressOf, patience } from './target.js';

/**
 * @param inputs `url`, or `port` with `path` and `scheme` on the node's machine; `status` (one or several, default: below 400),
 *   `contains`, `timeout` (seconds, default 10)
 * @returns `status`, `seconds`, and the numbers of the answer if that is a JSON object: metrics for policies
 * @throws RecoverableError when it does not answer so
 */
export async function probeHttp(ctx: OperationContext, inputs: JsonObject): Promise<Json> {
  const url = urlOf(ctx, inputs);
  const { signal, seconds: limit } = patience(ctx, inputs);
  const begin = Date.now();
  const { status, text } = await answerOf(ctx, url, signal, limit);
  const seconds = (Date.now() - begin) / 1_000;
  const accepted = listOf(inputs.status).map(Number);
  if (accepted.length > 0 ? !accepted.includes(status) : status >= 400)
    throw new RecoverableError(`${url} answers with ${status}`);
  const contains = textOf(inputs.contains);
  if (contains !== undefined && !text.includes(contains))
    throw new RecoverableError(`the answer of ${url} does not contain ${JSON.stringify(contains)}`);
  return { ...numbersIn(text), status, seconds };
}

function urlOf(ctx: OperationContext, inputs: JsonObject): string {
  const given = textOf(inputs.url);
  const port = numberOf(inputs.port, 'port');
  if (given === undefined && port === undefined)
    throw new NonRecoverableError('an HTTP probe needs url, or port of the machine that the node is on');
  if (given === undefined) {
    const address = addressOf(ctx);
    const host = address.includes(':') ? `[${address}]` : address;
    const path = textOf(inputs.path) ?? '/';
    return `${textOf(inputs.scheme) ?? 'http'}://${host}:${port}${path.startsWith('/') ? '' : '/'}${path}`;
  }
  if (/^https?:\/\//.test(given) && URL.canParse(given)) return given;
  throw new NonRecoverableError(`not an address that can be probed by HTTP: ${given}`);
}

async function answerOf({ signal: own }: OperationContext, url: string, signal: AbortSignal, limit: number) {
  try {
    const response = await fetch(url, { signal });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    own.throwIfAborted();
    if (signal.aborted) throw new RecoverableError(`${url} has not answered within ${limit} s`);
    const { message, cause } = error as Error;
    throw new RecoverableError(`${url} does not answer: ${cause instanceof Error ? cause.message : message}`);
  }
}

function numbersIn(text: string): JsonObject {
  try {
    const value = JSON.parse(text) as unknown;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
    return Object.fromEntries(Object.entries(value).filter(([, one]) => typeof one === 'number')) as JsonObject;
  } catch {
    return {};
  }
}
