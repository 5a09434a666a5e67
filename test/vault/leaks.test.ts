/** A stack whose secrets are Vault's: operations have them, and nobody else. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Home, openHome } from '../acceptance/home.js';
import { expectNoLeaks, SECRETS } from '../acceptance/leaks.js';

const { tlsAddress, caFile, token } = inject('vault');

let home: Home;
beforeAll(async () => {
  home = (await openHome()).with({
    CAISSON_SECRETS: 'vault:secret/caisson',
    VAULT_ADDR: tlsAddress,
    VAULT_CACERT: caFile,
    VAULT_TOKEN: token,
  });
  for (const [key, value] of Object.entries(SECRETS)) {
    const stored = await home.with({ GIVEN: value }).run('secrets', 'create', key, '--from-env', 'GIVEN');
    expect(stored.code, stored.stderr).toBe(0);
  }
}, 60_000);
afterAll(async () => await home.close(), 60_000);

test('no value is found in any history, log, journal, state, file or output', async () => {
  await expectNoLeaks(home);
  expect((await home.run('secrets', 'list', '-o', 'name')).stdout.split('\n')).toEqual(
    expect.arrayContaining(['api-token', 'db-password']),
  );
}, 120_000);
