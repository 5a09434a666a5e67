import { expect, test } from 'vitest';
import { SecretiveCalls } from '../../activities/script-calls.js';
import { createSecrecy } from '../../activities/secrecy.js';
import type { ScriptCall } from '../../workflows/script-messages.js';

const operation = (key: string, password: string): ScriptCall => ({
  call: 'operation',
  key,
  instance_id: 'web_1',
  operation: 'login',
  kwargs: { password },
  override: false,
});

test('a call goes out with a reference in the place of a secret, and its name tells nothing', () => {
  const secrecy = createSecrecy();
  secrecy.keep('door', 'open-sesame');
  secrecy.keep('gate', 'let-me-in-now');
  const calls = new SecretiveCalls(secrecy);
  const [first, second] = ['open-sesame', 'let-me-in-now'].map((password) =>
    operation(`call web_1 login {"password": "${password}"} #1`, password),
  ) as [ScriptCall, ScriptCall];
  expect([calls.sent(first), calls.sent(second)]).toEqual([
    { ...first, key: 'call web_1 login {"password": "***"} #1 ~1', kwargs: { password: { get_secret: 'door' } } },
    { ...second, key: 'call web_1 login {"password": "***"} #1 ~2', kwargs: { password: { get_secret: 'gate' } } },
  ]);
  expect(calls.keyOf(first.key)).toBe('call web_1 login {"password": "***"} #1 ~1');
  expect(calls.ownKeyOf(calls.keyOf(second.key))).toBe(second.key);
});

test('a call without secrets goes out as it is', () => {
  const calls = new SecretiveCalls(createSecrecy());
  const call = operation('call web_1 login {"password": "none"} #1', 'none');
  expect(calls.sent(call)).toEqual(call);
  expect(calls.ownKeyOf(call.key)).toBe(call.key);
});
