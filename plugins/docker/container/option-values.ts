/** Values of container options that are more than a text or a number. */
import type { Json, JsonObject } from '../../../blueprint/json.js';
import { NonRecoverableError } from '../../sdk/errors.js';
import { isTrue, listOf, numberOf, objectOf, textOf, textsOf } from '../../values.js';

const UNITS: Readonly<Record<string, number>> = { b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `512m`, `1.5g`, `-1`, 1048576. */
export function bytes(value: Json, name: string): Json {
  if (typeof value === 'number') return value;
  const [, number, unit = 'b'] = /^(-?\d+(?:\.\d+)?)\s*([bkmgt])?(?:i?b)?$/i.exec(String(value).trim()) ?? [];
  if (number === undefined)
    throw new NonRecoverableError(`${name} must be a size such as 512m or 2g, not ${JSON.stringify(value)}`);
  return Math.round(Number(number) * (UNITS[unit.toLowerCase()] ?? 1));
}

/** Nanoseconds, as the API has them, or a text such as `1m30s`. */
function nanoseconds(value: Json, name: string): number {
  if (typeof value === 'number') return value;
  const units: Readonly<Record<string, number>> = { h: 3.6e12, m: 6e10, s: 1e9, ms: 1e6, us: 1e3, ns: 1 };
  const text = String(value).trim();
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(h|ms|us|ns|m|s)/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) return numberOf(value, name) ?? 0;
  return parts.reduce((sum, [, number, unit = 's']) => sum + Number(number) * (units[unit] ?? 1), 0);
}

export function healthcheck(value: Json): Json {
  const { test, interval, timeout, retries, start_period, ...rest } = objectOf(value);
  const span = (name: string, given: Json | undefined) =>
    given === undefined || given === null ? {} : { [name]: nanoseconds(given, `healthcheck.${name}`) };
  return {
    ...rest,
    ...(test === undefined ? {} : { Test: typeof test === 'string' ? ['CMD-SHELL', test] : textsOf(test) }),
    ...span('Interval', interval),
    ...span('Timeout', timeout),
    ...span('StartPeriod', start_period),
    ...(retries === undefined ? {} : { Retries: numberOf(retries, 'healthcheck.retries') ?? 0 }),
  };
}

/** `always`, `on-failure:5`, `{Name, MaximumRetryCount}`. */
export function restartPolicy(value: Json): Json {
  if (typeof value === 'object' && value !== null) {
    const { Name, name, MaximumRetryCount, maximum_retry_count: count } = value as JsonObject;
    const most = MaximumRetryCount ?? count;
    return {
      Name: String(Name ?? name ?? ''),
      ...(most === undefined || most === null ? {} : { MaximumRetryCount: Number(most) }),
    };
  }
  const [policy = '', most] = String(value).split(':');
  return { Name: policy, ...(most === undefined ? {} : { MaximumRetryCount: Number(most) }) };
}

/** `/dev/a:/dev/b:rwm`, or the API's own form. */
export function devices(value: Json): Json {
  return listOf(value).map((device) => {
    if (typeof device !== 'string') return device;
    const [onHost = '', inside = onHost, permissions = 'rwm'] = device.split(':');
    return { PathOnHost: onHost, PathInContainer: inside, CgroupPermissions: permissions };
  });
}

/** `{name: nofile, soft, hard}`, `nofile=1024:2048`, or the API's own form. */
export function ulimits(value: Json): Json {
  return listOf(value).map((limit) => {
    if (typeof limit === 'string') {
      const [name = '', range = ''] = limit.split('=');
      const [soft, hard = soft] = range.split(':').map(Number);
      return { Name: name, Soft: soft ?? 0, Hard: hard ?? 0 };
    }
    const { name, soft, hard, Name, Soft, Hard } = objectOf(limit);
    const least = Number(soft ?? Soft ?? hard ?? Hard ?? 0);
    return { Name: String(name ?? Name), Soft: least, Hard: Number(hard ?? Hard ?? least) };
  });
}

export function logConfig(value: Json): Json {
  const { type, config, Type, Config } = objectOf(value);
  return { Type: String(type ?? Type ?? ''), Config: objectOf(config ?? Config) };
}

/** `source:target:ro`, docker-py's or the API's own form. */
export function mounts(value: Json): Json {
  return listOf(value).map((mount) => {
    if (typeof mount === 'string') {
      const [source = '', target = source, mode] = mount.split(':');
      return {
        Type: source.startsWith('/') ? 'bind' : 'volume',
        Source: source,
        Target: target,
        ReadOnly: mode === 'ro',
      };
    }
    const { type, source, target, read_only, ...rest } = objectOf(mount);
    return {
      ...rest,
      ...(textOf(target) === undefined ? {} : { Target: String(target) }),
      ...(textOf(source) === undefined ? {} : { Source: String(source) }),
      ...(textOf(target) === undefined ? {} : { Type: textOf(type) ?? 'volume' }),
      ...(read_only === undefined ? {} : { ReadOnly: isTrue(read_only) }),
    };
  });
}
