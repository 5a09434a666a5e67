/** Moments as people write them. */
import { durationMs, timeMs } from '../workflows/duration.js';
import { usageError } from './errors.js';

/**
 * RFC 3339 in UTC of `2026-05-01T08:00:00Z`, `2026-05-01 08:00`, `08:00` (today), a Unix time, or `25m ago` (also
 * `25 minutes ago`).
 *
 * @throws CaissonError (usage)
 */
export function parseMoment(text: string, flag: string, now = Date.now()): string {
  const at = millisecondsOf(text.trim(), now);
  if (at === undefined)
    throw usageError(`${flag} must be a time, e.g. 2026-05-01T08:00:00Z, 08:00, 25m ago; not ${text}`);
  return new Date(at).toISOString();
}

const WORDS: Readonly<Record<string, string>> = {
  second: 's',
  minute: 'm',
  hour: 'h',
  day: 'd',
  week: 'w',
};

function millisecondsOf(text: string, now: number): number | undefined {
  if (/^\d{9,11}(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  if (/^\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?$/.test(text))
    return timeMs(
      `${new Date(now).toISOString().slice(0, 10)}T${text.padStart(text.indexOf(':') === 1 ? text.length + 1 : 0, '0')}`,
    );
  const ago = /^(.*?)\s*ago$/.exec(text)?.[1];
  if (ago === undefined) return timeMs(text);
  const short = ago.replaceAll(/\s*(second|minute|hour|day|week)s?\s*/g, (_, word: string) => WORDS[word] as string);
  const past = durationMs(short.replaceAll(/\s+/g, ''));
  return past === undefined ? undefined : now - past;
}
