import { expect, test } from 'vitest';
import { parseMoment } from '../../client/moments.js';

const now = Date.parse('2026-05-04T06:30:00Z');

test.each([
  ['2026-05-01T08:00:00Z', '2026-05-01T08:00:00.000Z'],
  ['2026-05-01 08:00', '2026-05-01T08:00:00.000Z'],
  ['2026-05-01T08:00:00+02:00', '2026-05-01T06:00:00.000Z'],
  ['8:05', '2026-05-04T08:05:00.000Z'],
  ['1777622400', '2026-05-01T08:00:00.000Z'],
  ['25m ago', '2026-05-04T06:05:00.000Z'],
  ['2 hours 30 minutes ago', '2026-05-04T04:00:00.000Z'],
])('%s is %s', (text, moment) => {
  expect(parseMoment(text, '--from', now)).toBe(moment);
});

test('what is no time is refused with examples', () => {
  expect(() => parseMoment('soon', '--from', now)).toThrow(/--from must be a time/);
});
