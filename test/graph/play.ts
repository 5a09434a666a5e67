/** Plays a walk to its end without any server, and writes down what happened in which order. */
import type { Effect, Outcome, Walk } from '../../graph/walk.js';
import { advance, isIdle, settle } from '../../graph/walk.js';

export interface PlayOptions {
  readonly capacity?: number;
  /** What comes of a call; default: it succeeds. */
  readonly outcome?: (line: string) => Outcome;
  /** Which of the running calls ends next; default: the first that was started. */
  readonly pick?: (running: number) => number;
}

/** Lines such as `db_1 = creating`, `db_1: create`, `web_1 -> db_1: establish (source)`. */
export function play(walk: Walk, options: PlayOptions = {}): string[] {
  const trace: string[] = [];
  const running: Extract<Effect, { kind: 'call' }>[] = [];
  for (;;) {
    for (const effect of advance(walk, (options.capacity ?? 100) - running.length)) {
      if (effect.kind === 'call') {
        running.push(effect);
        trace.push(lineOf(effect));
      } else if (effect.kind === 'mark' && effect.mark.state !== undefined)
        trace.push(`${effect.instance_id} = ${effect.mark.state}`);
    }
    if (running.length === 0) {
      if (isIdle(walk)) return trace;
      throw new Error('the walk neither runs nor rests');
    }
    const [ended] = running.splice(options.pick?.(running.length) ?? 0, 1);
    if (!ended) throw new Error('picked a call that does not run');
    settle(walk, ended.sequence, ended.call.key, options.outcome?.(lineOf(ended)) ?? 'succeeded');
  }
}

function lineOf({ call }: Extract<Effect, { kind: 'call' }>): string {
  const name = call.operation.slice(call.operation.lastIndexOf('.') + 1);
  const { relationship } = call;
  return relationship
    ? `${relationship.source_id} -> ${relationship.target_id}: ${name} (${relationship.side})`
    : `${call.instance_id}: ${name}`;
}
