/** Outcomes as exit codes: a contract that scripts rely on. */
import type { ErrorKind } from './errors.js';

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  invalid: 3,
  notFound: 4,
  conflict: 5,
  unreachable: 6,
  permission: 7,
  timeout: 8,
  cancelled: 9,
  changes: 10,
  waitingForPerson: 11,
  interrupted: 130,
  pipeClosed: 141,
} as const;

const BY_KIND: Readonly<Record<ErrorKind, number>> = {
  usage: EXIT.usage,
  validation: EXIT.invalid,
  'not-found': EXIT.notFound,
  conflict: EXIT.conflict,
  unreachable: EXIT.unreachable,
  permission: EXIT.permission,
  failed: EXIT.failed,
  cancelled: EXIT.cancelled,
  timeout: EXIT.timeout,
};

export const exitCodeOf = (kind: ErrorKind): number => BY_KIND[kind];
