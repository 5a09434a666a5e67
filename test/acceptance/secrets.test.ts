/** Secrets on the command line, and in a run whose scripts do their best to give them away. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Home, openHome } from './home.js';
import { expectNoLeaks, SECRETS } from './leaks.js';

let home: Home;
beforeAll(async () => {
  home = (await openHome()).with({ CAISSON_WORKER_LOG_LEVEL: 'debug' });
  for (const [key, value] of Object.entries(SECRETS)) {
    const stored = await home.with({ GIVEN: value }).run('secrets', 'create', key, '--from-env', 'GIVEN');
    expect(stored.code, stored.stderr).toBe(0);
  }
});
afterAll(async () => await home.close());

test('no value is found in any history, log, journal, state, file or output, and operations have them all', async () => {
  await expectNoLeaks(home);
});

test('a secret is made once, replaced when that is meant, shown, listed without its value, and deleted', async () => {
  const secrets = async (...words: string[]) => await home.run('secrets', ...words);
  expect((await secrets('create', 'extra', '-s', 'one')).code).toBe(0);
  expect(await secrets('create', 'extra', '-s', 'two')).toMatchObject({ code: 5 });
  expect((await secrets('update', 'extra', '-s', 'two')).code).toBe(0);
  expect((await secrets('get', 'extra')).stdout).toBe('two\n');
  expect((await secrets('list', '--json')).stdout).not.toMatch(/two|Tr0ub4dor/);
  expect((await secrets('create', 'field', '--dict', '-s', '{"user":"ada"}', '--hidden-value')).code).toBe(0);
  expect(await secrets('get', 'field')).toMatchObject({ code: 7, stdout: '' });
  expect((await secrets('create', 'wrong', '--dict', '-s', '[hunter22')).stderr).not.toContain('hunter22');
  for (const key of ['extra', 'field']) expect((await secrets('delete', key)).code).toBe(0);
  expect(await secrets('delete', 'extra')).toMatchObject({ code: 4 });
});

test('exported under a passphrase and imported elsewhere, all or nothing', async () => {
  const file = path.join(home.folder, 'secrets.enc');
  const known = home.with({ P: 'battery staple' });
  expect((await known.run('secrets', 'export', '--output-path', file, '--passphrase-from-env', 'P')).code).toBe(0);
  expect(await readFile(file, 'utf8')).not.toContain(SECRETS['db-password']);
  expect(await known.run('secrets', 'import', '-i', file, '--passphrase-from-env', 'P')).toMatchObject({ code: 5 });
  const elsewhere = known.with({ CAISSON_SECRETS: path.join(home.folder, 'elsewhere') });
  expect((await elsewhere.run('secrets', 'import', '-i', file, '--passphrase-from-env', 'P')).code).toBe(0);
  expect((await elsewhere.run('secrets', 'get', 'db-password')).stdout.trim()).toBe(SECRETS['db-password']);
});

test('a rotation that is killed at any moment loses nothing', async () => {
  const folder = path.join(home.folder, 'killed');
  const own = home.with({ CAISSON_SECRETS: folder });
  const archive = path.join(home.folder, 'many.json');
  const many = Array.from({ length: 200 }, (_, at) => ({ key: `s${at}`, value: `value ${at}` }));
  await writeFile(archive, JSON.stringify(many));
  expect((await own.run('secrets', 'import', '-i', archive)).code).toBe(0);
  for (let round = 0; round < 8; round += 1) {
    const rotating = own.start('secrets', 'rotate');
    await pause(120 + round * 45);
    rotating.process.kill('SIGKILL');
    await rotating.finished;
    expect((await own.run('secrets', 'get', `s${round}`)).stdout).toBe(`value ${round}\n`);
  }
  expect((await own.run('secrets', 'rotate')).code).toBe(0);
  expect((await readFile(path.join(folder, 'secrets.key'), 'utf8')).trim().split('\n')).toHaveLength(1);
  expect((await own.run('secrets', 'get', 's199')).stdout).toBe('value 199\n');
});
