/** `deployment_settings`: names of a deployment, and the schedules that it comes with. */
import type { At, Compilation } from './compilation.js';
import { isObject, type Json, type JsonObject, listMember, member, objectMember, textMember } from './json.js';

const RECURRENCE = /^\d+ ?(min(ute)?|h(our)?|d(ay)?|w(eek)?|mo(nth)?|y(ear)?)s?$/;
const OFFSET = /^\+ ?\d+ ?(min(ute)?|h(our)?|d(ay)?|w(eek)?|mo(nth)?|y(ear)?)s?$/;
const TIME = /^(?:(\d{4})-(\d{1,2})-(\d{1,2}) )?(\d{1,2}):(\d{2})$/;
const WEEKDAYS = ['su', 'mo', 'tu', 'we', 'th', 'fr', 'sa'];

export function readSettings(section: Json | undefined, cx: Compilation): JsonObject {
  if (section === undefined) return {};
  const schedules: Record<string, Json> = {};
  for (const [name, raw] of Object.entries(objectMember(section, 'default_schedules')))
    schedules[name] = readSchedule(name, isObject(raw) ? raw : {}, cx);
  const kept = Object.entries(isObject(section) ? section : {}).filter(([, value]) => value !== null);
  return { ...Object.fromEntries(kept), default_schedules: schedules };
}

function readSchedule(name: string, raw: JsonObject, cx: Compilation): JsonObject {
  const { positions, report } = cx;
  const owner = `deployment_settings.default_schedules.${name}`;
  const recurrence = textMember(raw, 'recurrence');
  if (recurrence !== undefined && !RECURRENCE.test(recurrence))
    report(
      'C2110',
      `${owner}.recurrence must be like "1 day", not ${recurrence}`,
      positions.ofValue(raw, 'recurrence'),
    );
  for (const [index, day] of listMember(raw, 'weekdays').entries())
    if (typeof day === 'string' && !WEEKDAYS.includes(day.slice(-2).toLowerCase()))
      report(
        'C2011',
        `${owner}.weekdays holds ${day}, which is no weekday`,
        positions.ofValue(listMember(raw, 'weekdays'), index),
      );
  const parameters = member(raw, 'workflow_parameters');
  if (isObject(parameters) && usesAttribute(parameters))
    report(
      'C2011',
      `${owner}.workflow_parameters cannot use get_attribute`,
      positions.ofValue(raw, 'workflow_parameters'),
    );
  const { timezone: _, ...rest } = raw;
  const times = ['since', 'until'].flatMap((key) => {
    const value = textMember(raw, key);
    return value === undefined
      ? []
      : [[key, readTime(value, `${owner}.${key}`, raw, positions.ofValue(raw, key), cx)] as const];
  });
  return { ...rest, ...Object.fromEntries(times) };
}

function usesAttribute(parameters: JsonObject): boolean {
  return (
    Object.hasOwn(parameters, 'get_attribute') ||
    Object.values(parameters).some((value) => isObject(value) && Object.hasOwn(value, 'get_attribute'))
  );
}

/** A relative time stays as it is; an absolute one becomes UTC. */
function readTime(text: string, path: string, raw: JsonObject, at: At, cx: Compilation): string {
  if (text.startsWith('+')) {
    for (const piece of text.split('+').slice(1))
      if (!OFFSET.test(`+${piece.trim()}`))
        cx.report('C2110', `${path} must be like "+1 day +4 hours", not ${text}`, at);
    return text;
  }
  const match = TIME.exec(text);
  if (!match || !isTime(match)) {
    cx.report('C2110', `${path} must be "YYYY-MM-DD HH:MM", "HH:MM" or "+N unit", not ${text}`, at);
    return text;
  }
  const [, year, month, day, hour, minute] = match.map((part) => (part === undefined ? undefined : Number(part)));
  const today = new Date();
  const local = Date.UTC(
    year ?? today.getUTCFullYear(),
    month === undefined ? today.getUTCMonth() : month - 1,
    day ?? today.getUTCDate(),
    hour,
    minute,
  );
  const offset = offsetOf(textMember(raw, 'timezone'), local);
  if (offset === undefined) {
    cx.report(
      'C2110',
      `${path}: there is no time zone ${textMember(raw, 'timezone')}`,
      cx.positions.ofValue(raw, 'timezone') ?? at,
    );
    return text;
  }
  return new Date(local - offset).toISOString().slice(0, 19).replace('T', ' ');
}

function isTime([, year, month, day, hour, minute]: RegExpExecArray): boolean {
  if (Number(hour) > 23 || Number(minute) > 59) return false;
  if (year === undefined) return true;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

/** Milliseconds that a zone's clocks are ahead of UTC at a local time; undefined for a zone that there is not. */
function offsetOf(zone: string | undefined, local: number): number | undefined {
  try {
    const clock = new Intl.DateTimeFormat('en-US', {
      ...(zone === undefined ? {} : { timeZone: zone }),
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    const shown = Object.fromEntries(clock.formatToParts(local).map(({ type, value }) => [type, Number(value)]));
    const wall = Date.UTC(
      shown.year as number,
      (shown.month as number) - 1,
      shown.day as number,
      shown.hour as number,
      shown.minute as number,
      shown.second as number,
    );
    return wall - local;
  } catch {
    return undefined;
  }
}
