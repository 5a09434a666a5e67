/** Waiting for the cloud: short looks inside one attempt, then the attempt ends and another one is asked for. */
import type { OperationContext } from '../sdk/context.js';
import { OperationRetry } from '../sdk/errors.js';
import { ApiError } from './api-error.js';

export interface Timings {
  /** Between two looks. */
  readonly pollMs: number;
  /** How long one attempt looks before it asks for another. */
  readonly pollForMs: number;
  /** First pause after a throttled call. */
  readonly backoffMs: number;
}

/** What takes minutes as a rule is watched this many times longer by one attempt. */
const SLOW = 10;

/** Settings of the worker: `CAISSON_AWS_POLL_MS` and `CAISSON_AWS_POLL_FOR_MS`. */
export function timings(): Timings {
  const pollMs = positive(process.env.CAISSON_AWS_POLL_MS) ?? 2_000;
  return {
    pollMs,
    pollForMs: positive(process.env.CAISSON_AWS_POLL_FOR_MS) ?? 60_000,
    backoffMs: Math.min(500, pollMs),
  };
}

/**
 * Looks until there is an answer.
 *
 * @param what for messages: "subnet-1 to be available"
 * @param look undefined = not yet
 * @throws OperationRetry when it takes too long for one attempt; the signal's reason on cancel
 */
export async function waitFor<T>(
  ctx: OperationContext,
  what: string | { toString(): string },
  look: () => Promise<T | undefined>,
  options: { readonly slow?: boolean } = {},
): Promise<T> {
  const { pollMs, pollForMs } = timings();
  let trouble = '';
  const end = Date.now() + pollForMs * (options.slow ? SLOW : 1);
  for (;;) {
    ctx.signal.throwIfAborted();
    const found = await look().catch((error) => {
      // A look that failed for a passing reason is followed by the next one.
      if (!(error instanceof ApiError) || !(error.throttled || error.ambiguous)) throw error;
      trouble = ` (${error.message})`;
      return undefined;
    });
    if (found !== undefined) return found;
    ctx.heartbeat();
    if (Date.now() + pollMs > end) throw new OperationRetry(`waiting for ${what}${trouble}`, Math.ceil(pollMs / 1_000));
    await pause(pollMs, ctx.signal);
  }
}

export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

function positive(text: string | undefined): number | undefined {
  const number = Number(text);
  return text !== undefined && Number.isFinite(number) && number > 0 ? number : undefined;
}
