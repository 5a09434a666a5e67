/** The n-th weekday of a month as calendars know it: the second Monday is the Monday among the days 8 to 14. */
import type { CalendarSpec } from '@temporalio/client';
import { monthName } from './months.js';

type Days = Pick<CalendarSpec, 'dayOfMonth' | 'month' | 'year'>;

const LEAP = { start: 2024, end: 2096, step: 4 };
/** As far ahead as a schedule looks, and further. */
const NOT_LEAP = [2025, 2026, 2027].map((start) => ({ start, end: 2099, step: 4 }));

const LENGTHS: readonly {
  readonly days: number;
  readonly months: readonly number[];
  readonly years?: readonly { readonly start: number; readonly end: number; readonly step: number }[];
}[] = [
  { days: 31, months: [1, 3, 5, 7, 8, 10, 12] },
  { days: 30, months: [4, 6, 9, 11] },
  { days: 29, months: [2], years: [LEAP] },
  { days: 28, months: [2], years: NOT_LEAP },
];

/**
 * Where in a month the n-th of its weekdays can be.
 *
 * @param nth 1 to 5, or -1 to -5 counted from the month's end
 * @param months absent: all
 */
export function nthInMonth(nth: number, months: readonly number[] | undefined): Days[] {
  if (nth > 0) {
    const start = (nth - 1) * 7 + 1;
    return [{ dayOfMonth: { start, end: Math.min(31, nth * 7) }, month: months?.map(monthName) ?? '*' }];
  }
  return LENGTHS.flatMap(({ days, months: all, years }) => {
    const chosen = all.filter((month) => months?.includes(month) ?? true);
    if (chosen.length === 0) return [];
    const start = days + 7 * nth + 1;
    return [
      {
        dayOfMonth: { start: Math.max(1, start), end: start + 6 },
        month: chosen.map(monthName),
        ...(years ? { year: [...years] } : {}),
      },
    ];
  });
}
