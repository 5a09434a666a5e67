/** Months as Temporal's schedules name them. */
import type { Month } from '@temporalio/client';
import { usageError } from './errors.js';

const MONTHS: readonly Month[] = [
  'JANUARY',
  'FEBRUARY',
  'MARCH',
  'APRIL',
  'MAY',
  'JUNE',
  'JULY',
  'AUGUST',
  'SEPTEMBER',
  'OCTOBER',
  'NOVEMBER',
  'DECEMBER',
];

/** @param number 1 to 12 @throws CaissonError (usage) */
export function monthName(number: number): Month {
  const name = MONTHS[number - 1];
  if (name === undefined) throw usageError(`a month is a number from 1 to 12, not ${number}`);
  return name;
}
