import { expect, test } from 'vitest';
import { planSchedule } from '../../client/schedule-rule.js';

const since = '2026-05-04T06:30:00.000Z'; // a Monday
const spec = (rule: object) => planSchedule({ since, ...rule });

test('without a rule it runs once, at its begin', () => {
  expect(spec({})).toEqual({
    count: 1,
    spec: {
      startAt: new Date(since),
      calendars: [{ year: 2026, month: 'MAY', dayOfMonth: 4, hour: 6, minute: 30, second: 0 }],
    },
  });
});

test('a recurrence runs at that interval from its begin on', () => {
  const every = 14 * 86_400_000;
  expect(spec({ recurrence: '2 weeks' }).spec.intervals).toEqual([{ every, offset: Date.parse(since) % every }]);
  expect(spec({ recurrence: '90m' }).spec.intervals).toMatchObject([{ every: 5_400_000 }]);
  expect(spec({ recurrence: '1 month' }).spec.calendars).toEqual([
    { year: '*', month: '*', dayOfMonth: 4, hour: 6, minute: 30, second: 0 },
  ]);
});

test('weekdays keep a daily recurrence to these days, at the time of its begin', () => {
  expect(spec({ recurrence: '1 day', weekdays: ['mo', 'fr'] }).spec.calendars).toEqual([
    { dayOfWeek: ['MONDAY', 'FRIDAY'], hour: 6, minute: 30, second: 0 },
  ]);
});

test('the n-th weekdays of months, counted from their begin or their end', () => {
  const [second] = spec({ rrule: 'FREQ=MONTHLY;BYDAY=2MO;BYHOUR=4' }).spec.calendars ?? [];
  expect(second).toMatchObject({ dayOfWeek: ['MONDAY'], dayOfMonth: { start: 8, end: 14 }, month: '*', hour: [4] });
  const last = spec({ rrule: 'FREQ=MONTHLY;BYDAY=-1FR' }).spec.calendars ?? [];
  /** Days of a year on which it runs, as the calendars say. */
  const daysIn = (year: number): string[] =>
    Array.from({ length: 366 }, (_, at) => new Date(Date.UTC(year, 0, 1 + at)))
      .filter((day) => day.getUTCFullYear() === year && day.getUTCDay() === 5)
      .filter((day) =>
        last.some((one) => {
          const {
            dayOfMonth,
            month,
            year: years,
          } = one as {
            dayOfMonth: { start: number; end: number };
            month: string[];
            year?: { start: number; end: number; step: number }[];
          };
          const date = day.getUTCDate();
          const inYear = years?.some(
            ({ start, end, step }) => year >= start && year <= end && (year - start) % step === 0,
          );
          return (
            month.includes(day.toLocaleString('en', { month: 'long', timeZone: 'UTC' }).toUpperCase()) &&
            date >= dayOfMonth.start &&
            date <= dayOfMonth.end &&
            inYear !== false
          );
        }),
      )
      .map((day) => day.toISOString().slice(5, 10));
  const lastFridays = (year: number): string[] =>
    Array.from({ length: 12 }, (_, month) => {
      const end = new Date(Date.UTC(year, month + 1, 0));
      return new Date(end.getTime() - ((end.getUTCDay() + 2) % 7) * 86_400_000).toISOString().slice(5, 10);
    });
  for (const year of [2026, 2027, 2028, 2029]) expect(daysIn(year)).toEqual(lastFridays(year));
  expect(() => spec({ rrule: 'FREQ=YEARLY;BYDAY=1MO' })).toThrow('n-th of a month');
});

test('an rrule gives what it says, and the rest from its begin', () => {
  expect(spec({ rrule: 'FREQ=WEEKLY;BYDAY=TU,TH;BYHOUR=4;COUNT=3' })).toMatchObject({
    count: 3,
    spec: { calendars: [{ dayOfWeek: ['TUESDAY', 'THURSDAY'], hour: [4], minute: 30, second: 0, month: '*' }] },
  });
  expect(spec({ rrule: 'RRULE:FREQ=DAILY;INTERVAL=2;UNTIL=20260601T000000Z' }).spec).toMatchObject({
    intervals: [{ every: 2 * 86_400_000 }],
    endAt: new Date('2026-06-01T00:00:00Z'),
  });
});

test.each([
  [{ recurrence: '2 weeks', cron: '* * * * *' }, /one rule/],
  [{ recurrence: 'now and then' }, /a recurrence is/],
  [{ recurrence: '2 months' }, /1 month/],
  [{ recurrence: '2 hours', weekdays: ['mo'] }, /weekdays go with/],
  [{ recurrence: '1 day', weekdays: ['someday'] }, /a weekday is/],
  [{ rrule: 'FREQ=MONTHLY;BYSETPOS=-1' }, /BYSETPOS/],
  [{ rrule: 'FREQ=DAILY;INTERVAL=3;BYHOUR=4' }, /INTERVAL of 1/],
  [{ rrule: 'FREQ=NEVER' }, /FREQ/],
])('%j is refused', (rule, message) => {
  expect(() => spec(rule)).toThrow(message);
});
