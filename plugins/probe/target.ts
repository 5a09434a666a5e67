/** What is probed when the inputs do not say: the machine that the node is on. */
import type { JsonObject } from '../../blueprint/json.js';
import type { OperationContext, Subject } from '../sdk/context.js';
import { NonRecoverableError } from '../sdk/errors.js';
import { numberOf, textOf } from '../values.js';

const DEFAULT_TIMEOUT = 10;

/** The runtime property `ip`, else the host's address. @throws NonRecoverableError when there is neither */
export function addressOf(ctx: OperationContext): string {
  if (ctx.type === 'deployment') throw new NonRecoverableError('a probe of no node needs to be told what to probe');
  const { instance }: Subject = ctx.type === 'relationship-instance' ? ctx.target : ctx;
  return textOf(instance.runtimeProperties.ip) ?? instance.hostIp;
}

/** Ends with the operation, and after `timeout` seconds. */
export function patience(ctx: OperationContext, inputs: JsonObject): { signal: AbortSignal; seconds: number } {
  const seconds = numberOf(inputs.timeout, 'timeout') ?? DEFAULT_TIMEOUT;
  return { signal: AbortSignal.any([ctx.signal, AbortSignal.timeout(seconds * 1_000)]), seconds };
}
