/** One engine for all test files: each looks afterwards whether something is left there, so they take turns. */
import { afterAll, beforeAll, inject } from 'vitest';
import { withLock } from '../../../client/stack/lock.js';

let release: () => void = () => undefined;
let turn: Promise<void> | undefined;

beforeAll(async () => {
  await new Promise<void>((resolve, reject) => {
    turn = withLock(inject('engine').turns, async () => {
      resolve();
      await new Promise<void>((over) => {
        release = over;
      });
    });
    turn.catch(reject);
  });
}, 600_000);

afterAll(async () => {
  release();
  await turn;
});
