/**
 * What an attempt tells the next one, through its heartbeat details: that it came to an end of its own. An attempt that
 * left no such mark lost its worker: it is not charged to the operation's retries.
 */
import type { Json } from '../blueprint/json.js';

/** An operation that loses its worker this often is taken for the reason, and fails. */
export const MOST_LOST_WORKERS = 5;

export interface AttemptMark {
  readonly attempt: number;
  /** It ran to its end (failed, or asked for a retry), rather than being cut off. */
  readonly ended: boolean;
  /** The worker was shut down in good order: neither a retry nor a lost worker. */
  readonly released?: boolean;
  /** Business retries before the marked attempt. */
  readonly retries: number;
  readonly lost: number;
  /** The plugin's own checkpoint. */
  readonly checkpoint?: Json;
}

export interface AttemptHistory {
  readonly retryNumber: number;
  readonly lostWorkers: number;
  /** The attempt before this one was cut off. */
  readonly resume: boolean;
  readonly checkpoint?: Json;
}

/** @param mark heartbeat details of the latest attempt that left any */
export function attemptHistory(attempt: number, mark: AttemptMark | undefined): AttemptHistory {
  if (attempt === 1) return { retryNumber: 0, lostWorkers: 0, resume: false };
  const marked = mark?.attempt ?? 0;
  const ended = mark?.ended === true ? 1 : 0;
  const released = mark?.released === true ? 1 : 0;
  // Every attempt after the marked one, and the marked one unless it ended, was cut off.
  const cutOff = attempt - 1 - marked + (mark === undefined || ended || released ? 0 : 1);
  return {
    retryNumber: (mark?.retries ?? 0) + ended,
    lostWorkers: (mark?.lost ?? 0) + cutOff,
    resume: cutOff > 0 || released > 0,
    ...(mark?.checkpoint === undefined ? {} : { checkpoint: mark.checkpoint }),
  };
}
