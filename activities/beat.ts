/** The beats of the operations that run on this worker: one clock for all, since most are over before it ticks once. */

/** How often a beat is due. The server answers with a cancel request, so this is also how fast a cancel arrives. */
const BEAT_MS = 2_000;

const running = new Set<() => void>();
let clock: NodeJS.Timeout | undefined;

/** Beats until what it returns is called. */
export function beating(beat: () => void): () => void {
  running.add(beat);
  // An idle clock keeps no process alive.
  if (clock === undefined) clock = setInterval(beatAll, BEAT_MS).unref();
  return () => void running.delete(beat);
}

function beatAll(): void {
  for (const beat of running) beat();
}
