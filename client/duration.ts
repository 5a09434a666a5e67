/** Durations as people write them. */
import { durationMs } from '../workflows/duration.js';
import { usageError } from './errors.js';

/**
 * Milliseconds of `90`, `90s`, `1m30s`, `2h`, `500ms`; a bare number is seconds.
 *
 * @throws CaissonError (usage)
 */
export function parseDuration(text: string, flag: string): number {
  const milliseconds = durationMs(text);
  if (milliseconds !== undefined) return milliseconds;
  throw usageError(`${flag} must be a duration like 90s, 15m or 1h30m, not ${text}`);
}

/** `0:41`, `1:02:03`. */
export function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1_000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor((seconds % 3_600) / 60)];
  const two = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
