import { createColors } from 'picocolors';
import { describe, expect, test } from 'vitest';
import { CaissonError } from '../../client/errors.js';
import { reportError } from '../../client/report-error.js';

const style = { json: false, verbose: false, colors: createColors(false) };

/** As Temporal's client throws them: a sentence of its own, and below it what the server answered. */
const refusedCall = (code: number, details: string): Error =>
  new Error('Workflow Update failed', { cause: Object.assign(new Error(`${code}: ${details}`), { code, details }) });

describe('what the server says of a call in the middle of a command', () => {
  test.each([
    [7, 'Request unauthorized.', 7, 'error[C5009]: the Temporal server does not permit this: Request unauthorized.'],
    [16, 'token expired', 7, 'error[C5009]: the Temporal server does not permit this: token expired'],
    [14, 'connection dropped', 6, 'error[C5001]: the Temporal server has gone away: connection dropped'],
  ])('status %i is no bug of ours', (code, details, exitCode, text) => {
    const reported = reportError(refusedCall(code, details), style);
    expect(reported.exitCode).toBe(exitCode);
    expect(reported.text).toContain(text);
    expect(reported.text).toContain('help:');
    const { error } = JSON.parse(reportError(refusedCall(code, details), { ...style, json: true }).text);
    expect(error).toMatchObject({ exit_code: exitCode, hint: expect.any(String) });
  });

  test('others are, and so is what only looks like one', () => {
    for (const error of [
      refusedCall(13, 'internal'),
      Object.assign(new Error('spawn'), { code: 'ENOENT' }),
      new Error(),
    ])
      expect(reportError(error, style)).toMatchObject({ exitCode: 1, text: expect.stringContaining('C9001') });
    const ours = new CaissonError('conflict', 'C4001', 'it runs', { cause: refusedCall(7, 'no') });
    expect(reportError(ours, style)).toMatchObject({ exitCode: 5, text: expect.stringContaining('it runs') });
  });
});
