/** What was handed out to an operation does not leave its worker in texts or in values. */
import { describe, expect, test } from 'vitest';
import { createSecrecy } from '../../activities/secrecy.js';
import { secretLookup } from '../../activities/secrets.js';
import type { Json } from '../../blueprint/json.js';

function keeping(secrets: Readonly<Record<string, Json>>) {
  const secrecy = createSecrecy();
  for (const [key, value] of Object.entries(secrets)) secrecy.keep(key, value);
  return secrecy;
}

describe('in texts', () => {
  test.each<[string, Json, string, string]>([
    ['a value', 'hunter22', 'login with hunter22 failed', 'login with *** failed'],
    ['each part of an object', { user: 'ada.l', password: 'hunter22' }, 'ada.l:hunter22@db', '***:***@db'],
    ['each line of several', 'first line\nsecond line', '> second line', '> ***'],
    ['a value as JSON has it', 'a"b\\c', '{"p":"a\\"b\\\\c"}', '{"p":"***"}'],
    ['a number of some length', 54321, 'port 54321', 'port ***'],
    ['a value too short to be one', 'abc', 'abc', 'abc'],
  ])('%s is blanked', (_, value, text, masked) => {
    expect(keeping({ s: value }).mask(text)).toBe(masked);
  });

  test('of a value that holds another one nothing is left over', () => {
    expect(keeping({ short: 'hunter22', long: 'hunter22-and-more' }).mask('x hunter22-and-more')).toBe('x ***');
  });

  test('documents stay documents, whatever the secret is', () => {
    const secrecy = keeping({ a: 'true', b: 'null', c: 5432 });
    expect(secrecy.maskIn({ is: true, none: null, port: 5432, text: 'true at 5432' })).toEqual({
      is: true,
      none: null,
      port: 5432,
      text: '*** at ***',
    });
  });
});

describe('in values that are stored', () => {
  const secrecy = keeping({ db: { password: 'hunter22' }, token: 'abcdefgh', pin: '1234' });

  test.each<[string, Json, Json]>([
    ['a value is the reference that it came from', 'abcdefgh', { get_secret: 'token' }],
    ['a part of a secret is a part of the reference', ['hunter22'], [{ get_secret: ['db', 'password'] }]],
    [
      'within a text it is joined to the rest',
      { url: 'db://ada:hunter22@host/abcdefgh' },
      { url: { concat: ['db://ada:', { get_secret: ['db', 'password'] }, '@host/', { get_secret: 'token' }] } },
    ],
    ['a short one is a value, and within a text by chance', ['1234', 'at 12345'], [{ get_secret: 'pin' }, 'at 12345']],
    ['what is a reference already stays it', { get_secret: 'abcdefgh' }, { get_secret: 'abcdefgh' }],
    ['all else is as it was', { a: [1, null, 'x'] }, { a: [1, null, 'x'] }],
  ])('%s', (_, value, stored) => {
    expect(secrecy.refer(value)).toEqual(stored);
  });

  test('and what operations look at is the value again', async () => {
    const secrets: Readonly<Record<string, Json>> = { db: { password: 'hunter22' }, token: 'abcdefgh' };
    const lookup = secretLookup({ get: async (key) => secrets[key] });
    await lookup.get('db');
    await lookup.get('token');
    const value = { url: 'db://ada:hunter22@host', all: ['abcdefgh', 7] };
    const stored = lookup.refer(value);
    expect(JSON.stringify(stored)).not.toMatch(/hunter22|abcdefgh/);
    expect(await secretLookup({ get: async (key) => secrets[key] }).reveal(stored)).toEqual(value);
  });

  test('nothing refers to a secret that was deleted', async () => {
    const lookup = secretLookup({ get: async () => 'hunter22', delete: async () => true });
    await lookup.get('db');
    await lookup.delete('db');
    expect(lookup.refer('hunter22')).not.toEqual({ get_secret: 'db' });
    expect(lookup.mask('hunter22')).toBe('***');
  });
});
