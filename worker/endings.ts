/** How a worker ends that was told to: what runs may end, or is run again by another worker. */
import { setTimeout as pause } from 'node:timers/promises';
import { CancelledFailure } from '@temporalio/common';

const GRACE_MS = 10_000;
const FORCE_MS = 20_000;

/** What runs may end for ten seconds after the word to stop; then it is told to, and has twenty more. */
export async function endedInTime(
  running: Promise<void>,
  { retiring, releasing }: { readonly retiring: ReadonlySet<Promise<void>>; readonly releasing: AbortController },
  signal: AbortSignal,
): Promise<void> {
  const all = (async () => {
    await running;
    if (signal.aborted) await Promise.all(retiring);
  })();
  all.catch(() => undefined);
  await Promise.race([all, new Promise<void>((resolve) => onAbort(signal, resolve))]);
  if (!signal.aborted) return await all;
  if (await isOver(all, GRACE_MS)) return await all;
  // Plugins tell by the message a shutdown from a cancel.
  releasing.abort(new CancelledFailure('WORKER_SHUTDOWN'));
  if (await isOver(all, FORCE_MS)) return await all;
  // They hold the process; it has said that it ends.
  setTimeout(() => process.exit(1), 1_000).unref();
  throw new Error('operations that run have not ended; they are run again by another worker');
}

function onAbort(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then();
  else signal.addEventListener('abort', then, { once: true });
}

async function isOver(work: Promise<void>, withinMs: number): Promise<boolean> {
  const over = work.then(
    () => true,
    () => true,
  );
  return await Promise.race([over, pause(withinMs, false, { ref: false })]);
}
