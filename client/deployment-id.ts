import { CaissonError } from './errors.js';

/** Letters, digits, `-`, `.` and `_`. @throws CaissonError (usage) */
export function checkId(id: string): void {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/.test(id)) return;
  throw new CaissonError('usage', 'C1002', `${JSON.stringify(id)} contains illegal characters`, {
    hint: 'an id is made of letters, digits, -, . and _, and begins with a letter or digit',
  });
}
