/** Durations and times as blueprints and operators write them. */

const UNITS: Readonly<Record<string, number>> = {
  ms: 0.001,
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
};

/**
 * Milliseconds of a duration: a number of seconds, or text such as `90s`, `5m`, `1h30m`, `2d`.
 *
 * @returns undefined for anything else
 */
export function durationMs(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? Math.round(value * 1_000) : undefined;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Math.round(Number(text) * 1_000);
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g))
    seconds += Number(amount) * (UNITS[unit as string] as number);
  return Math.round(seconds * 1_000);
}

/** Milliseconds since the epoch of an ISO 8601 time; one without an offset is taken as UTC. */
export function timeMs(value: unknown): number | undefined {
  if (
    typeof value !== 'string' ||
    !/^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?$/.test(value)
  )
    return undefined;
  const zoned = /(Z|[+-]\d{2}:?\d{2})$/.test(value.slice(10));
  const text = value.replace(' ', 'T');
  const at = Date.parse(zoned ? text : text.length === 10 ? `${text}T00:00:00Z` : `${text}Z`);
  return Number.isNaN(at) ? undefined : at;
}
