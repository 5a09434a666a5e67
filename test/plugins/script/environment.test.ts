import { expect, test } from 'vitest';
import { environmentOf } from '../../../plugins/script/environment.js';

const OWN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const given = { variables: {}, env: {} };

test("a script is given the trace context of its attempt, not the worker's, unless the blueprint says another one", () => {
  const worker = { PATH: '/bin', TRACEPARENT: '00-1-2-01' };
  expect(environmentOf({ worker, traceparent: OWN, ...given }).TRACEPARENT).toBe(OWN);
  expect(environmentOf({ worker, traceparent: OWN, variables: {}, env: { TRACEPARENT: 'mine' } }).TRACEPARENT).toBe(
    'mine',
  );
  expect(environmentOf({ worker: { PATH: '/bin' }, ...given })).not.toHaveProperty('TRACEPARENT');
});
