/** When a schedule runs: rules as people and Cloudify write them, turned into what Temporal's schedules know. */
import type { CalendarSpec, ScheduleSpec } from '@temporalio/client';
import { durationMs } from '../workflows/duration.js';
import { usageError } from './errors.js';
import { monthName } from './months.js';
import { nthInMonth } from './nth-weekdays.js';

/** At most one of `recurrence`, `rrule` and `cron`; none: once, at `since`. Times are RFC 3339. */
export interface ScheduleRule {
  /** The first time it may run. */
  readonly since: string;
  /** No run is later than this. */
  readonly until?: string | undefined;
  /** `2 weeks`, `1 day`, `90m`, `1 month`. */
  readonly recurrence?: string | undefined;
  /** With a recurrence of days or weeks: on these days only, `mo`, `tu`… */
  readonly weekdays?: readonly string[] | undefined;
  /** An iCalendar rule, e.g. `FREQ=WEEKLY;BYDAY=MO,FR;BYHOUR=6;BYMINUTE=0`. */
  readonly rrule?: string | undefined;
  /** Five or six fields, e.g. `0 6 * * 1-5`. */
  readonly cron?: string | undefined;
  /** How often at most. */
  readonly count?: number | undefined;
  /** IANA name. @default UTC */
  readonly timezone?: string | undefined;
}

export interface PlannedSchedule {
  readonly spec: ScheduleSpec;
  /** Runs at most. */
  readonly count?: number;
}

const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'] as const;
type Day = (typeof DAYS)[number];
const SHORT: Readonly<Record<string, Day>> = Object.fromEntries(DAYS.map((day) => [day.slice(0, 2), day]));
const UNITS: Readonly<Record<string, string>> = {
  second: 's',
  sec: 's',
  minute: 'm',
  min: 'm',
  hour: 'h',
  day: 'd',
  week: 'w',
};

/** @throws CaissonError (usage) for a rule that cannot be expressed, saying which part */
export function planSchedule(rule: ScheduleRule): PlannedSchedule {
  const given = [rule.recurrence, rule.rrule, rule.cron].filter((one) => one !== undefined);
  if (given.length > 1) throw usageError('a schedule has one rule: a recurrence, an rrule or a cron expression');
  const since = Date.parse(rule.since);
  const bounds = {
    startAt: new Date(since),
    ...(rule.until === undefined ? {} : { endAt: new Date(rule.until) }),
    ...(rule.timezone === undefined ? {} : { timezone: rule.timezone }),
  };
  const planned = timesOf(rule, since);
  const count = rule.count ?? planned.count;
  return { spec: { ...bounds, ...planned.spec }, ...(count === undefined ? {} : { count }) };
}

function timesOf(rule: ScheduleRule, since: number): PlannedSchedule {
  if (rule.cron !== undefined) return { spec: { cronExpressions: [rule.cron] } };
  if (rule.rrule !== undefined) return ofRrule(rule.rrule, since);
  if (rule.recurrence !== undefined) return ofRecurrence(rule.recurrence, rule.weekdays ?? [], since);
  if (rule.weekdays && rule.weekdays.length > 0) return ofRecurrence('1 day', rule.weekdays, since);
  return { spec: { calendars: [momentOf(since)] }, count: 1 };
}

function ofRecurrence(recurrence: string, weekdays: readonly string[], since: number): PlannedSchedule {
  const [, amount = '', unit = ''] = /^(\d+)\s*([a-z]+?)s?$/i.exec(recurrence.trim()) ?? [];
  const name = unit.toLowerCase();
  if (name === 'month' || name === 'year') {
    if (amount !== '1' || weekdays.length > 0)
      throw usageError(
        `a recurrence of months or years is 1 month or 1 year, on the day of --since; not ${recurrence}`,
      );
    return { spec: { calendars: [{ ...momentOf(since), year: '*', ...(name === 'month' ? { month: '*' } : {}) }] } };
  }
  const every = durationMs(`${amount}${UNITS[name] ?? name}`) ?? durationMs(recurrence);
  if (!every) throw usageError(`a recurrence is a number and a unit, e.g. 2 weeks, 1 day, 90m; not ${recurrence}`);
  if (weekdays.length === 0) return interval(every, since);
  if (every !== 86_400_000 && every !== 7 * 86_400_000)
    throw usageError('weekdays go with a recurrence of 1 day or 1 week', 'use an rrule or cron expression');
  return { spec: { calendars: [{ ...timeOfDay(since), dayOfWeek: daysOf(weekdays) }] } };
}

function ofRrule(text: string, since: number): PlannedSchedule {
  const parts = new Map(
    text
      .replace(/^RRULE:/i, '')
      .split(';')
      .filter((part) => part !== '')
      .map((part) => part.toUpperCase().split('=') as [string, string]),
  );
  const take = (name: string): string | undefined => {
    const value = parts.get(name);
    parts.delete(name);
    return value;
  };
  const frequency = take('FREQ');
  const every = Number(take('INTERVAL') ?? 1);
  const count = take('COUNT');
  const until = take('UNTIL');
  const days = take('BYDAY');
  const numbers = {
    second: listOf(take('BYSECOND')),
    minute: listOf(take('BYMINUTE')),
    hour: listOf(take('BYHOUR')),
    dayOfMonth: listOf(take('BYMONTHDAY')),
    month: listOf(take('BYMONTH')),
  };
  take('WKST');
  const [left] = parts.keys();
  if (left !== undefined) throw usageError(`the part ${left} of an rrule cannot be expressed`, 'use a cron expression');
  const limits = {
    ...(count === undefined ? {} : { count: Number(count) }),
    end: until === undefined ? {} : { endAt: untilOf(until) },
  };
  const restricted = days !== undefined || Object.values(numbers).some((list) => list !== undefined);
  const unit = { SECONDLY: 1, MINUTELY: 60, HOURLY: 3_600, DAILY: 86_400, WEEKLY: 604_800 }[frequency ?? ''];
  const planned =
    unit !== undefined && !restricted
      ? interval(every * unit * 1_000, since).spec
      : { calendars: calendarsOf(frequency, every, days?.split(',') ?? [], numbers, since) };
  return { spec: { ...planned, ...limits.end }, ...(limits.count === undefined ? {} : { count: limits.count }) };
}

type Numbers = Readonly<Record<'second' | 'minute' | 'hour' | 'dayOfMonth' | 'month', number[] | undefined>>;

/** Weekdays that are counted (`2MO`, `-1FR`) make calendars of their own. */
function calendarsOf(
  frequency: string | undefined,
  every: number,
  days: readonly string[],
  numbers: Numbers,
  since: number,
): CalendarSpec[] {
  const counted = days.map((day) => /^([+-]?[1-5])([A-Z]{2})$/.exec(day.trim()));
  const plain = days.filter((_, at) => !counted[at]);
  const nth = counted.filter((one) => one !== null);
  if (nth.length === 0) return [calendarOf(frequency, every, days, numbers, since)];
  if (frequency !== 'MONTHLY' && !(frequency === 'YEARLY' && numbers.month))
    throw usageError(`${nth[0]?.[0]} is the n-th of a month: it goes with FREQ=MONTHLY, or with BYMONTH`);
  if (numbers.dayOfMonth) throw usageError('n-th weekdays and BYMONTHDAY do not go together in an rrule');
  const byDay = nth.flatMap(([, number = '', day = '']) =>
    nthInMonth(Number(number), numbers.month).map((where) => ({
      ...calendarOf(frequency, every, [day], numbers, since),
      ...where,
    })),
  );
  return [...byDay, ...(plain.length > 0 ? [calendarOf(frequency, every, plain, numbers, since)] : [])];
}

function calendarOf(
  frequency: string | undefined,
  every: number,
  days: readonly string[],
  numbers: Numbers,
  since: number,
): CalendarSpec {
  if (every !== 1) throw usageError('an rrule with BY… parts has an INTERVAL of 1', 'use a cron expression');
  const at = new Date(since);
  // A field finer than the frequency that is not given is that of the begin; one coarser is any.
  const ranks = ['MINUTELY', 'HOURLY', 'DAILY', 'WEEKLY', 'MONTHLY', 'YEARLY'];
  const rank = ranks.indexOf(frequency ?? '');
  if (rank < 0) throw usageError(`FREQ of an rrule is one of ${ranks.join(', ')}`);
  return {
    second: numbers.second ?? at.getUTCSeconds(),
    minute: numbers.minute ?? (rank >= 1 ? at.getUTCMinutes() : '*'),
    hour: numbers.hour ?? (rank >= 2 ? at.getUTCHours() : '*'),
    dayOfMonth: numbers.dayOfMonth ?? (rank >= 4 && days.length === 0 ? at.getUTCDate() : '*'),
    month: numbers.month?.map(monthName) ?? (rank === 5 ? monthName(at.getUTCMonth() + 1) : '*'),
    dayOfWeek: days.length > 0 ? daysOf(days) : rank === 3 ? [DAYS[at.getUTCDay()] as Day] : '*',
  };
}

function interval(every: number, since: number): PlannedSchedule {
  return { spec: { intervals: [{ every, offset: since % every }] } };
}

function momentOf(since: number): CalendarSpec {
  const at = new Date(since);
  return {
    ...timeOfDay(since),
    year: at.getUTCFullYear(),
    month: monthName(at.getUTCMonth() + 1),
    dayOfMonth: at.getUTCDate(),
  };
}

function timeOfDay(since: number): Pick<CalendarSpec, 'second' | 'minute' | 'hour'> {
  const at = new Date(since);
  return { second: at.getUTCSeconds(), minute: at.getUTCMinutes(), hour: at.getUTCHours() };
}

function daysOf(names: readonly string[]): Day[] {
  return names.map((name) => {
    const day = SHORT[name.trim().toUpperCase().slice(0, 2)];
    if (day === undefined || /^[+-]?\d/.test(name.trim()))
      throw usageError(`a weekday is mo, tu, we, th, fr, sa or su; not ${name}`);
    return day;
  });
}

function listOf(text: string | undefined): number[] | undefined {
  return text?.split(',').map((part) => {
    const value = Number(part);
    if (!Number.isInteger(value) || value < 0) throw usageError(`${part} cannot be expressed in a schedule`);
    return value;
  });
}

/** `20260501T080000Z`, as rules have it. */
function untilOf(text: string): Date {
  const [, year, month, day, hour = '23', minute = '59', second = '59'] =
    /^(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})Z?)?$/.exec(text) ?? [];
  if (year === undefined) throw usageError(`UNTIL of an rrule is a time such as 20260501T080000Z, not ${text}`);
  return new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
}
