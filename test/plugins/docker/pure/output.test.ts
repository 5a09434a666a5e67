import { expect, test } from 'vitest';
import { missed } from '../../../../plugins/docker/container/output.js';

test.for([
  ['all was read', 'one\ntwo\n', 'one\ntwo\n', ''],
  ['of more than the end', 'zero\none\ntwo\n', 'one\ntwo\n', ''],
  ['but for the last, unfinished line', 'one\ntwo\n', 'one\ntwo\nthree', 'three'],
  ['up to the middle of a line', 'zero\none\ntw', 'one\ntwo\nthree', 'o\nthree'],
  ['and the same line came again', 'a\na\n', 'a\na\na\n', 'a\n'],
  ['and nothing before it', '', 'one\n', 'one\n'],
  ['and nothing was written', '', '', ''],
] as const)('of an output that was followed, what was missed: %s', ([, read, end, rest]) => {
  expect(missed(read, end)).toBe(rest);
});
