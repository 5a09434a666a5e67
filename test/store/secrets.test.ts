import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { secretStore } from '../../store/secrets.js';
import { scratchFolder } from './scratch.js';

test('a secret comes back as it was set, and its file does not show it', async () => {
  const folder = await scratchFolder();
  await secretStore({ folder, environment: {} }).set('db', { password: 'correct horse' });
  expect(await secretStore({ folder, environment: {} }).get('db')).toEqual({ password: 'correct horse' });
  expect(await readFile(path.join(folder, 'secrets.json'), 'utf8')).not.toContain('horse');
  expect((await stat(path.join(folder, 'secrets.key'))).mode & 0o777).toBe(0o600);
});

test('the environment comes before the file', async () => {
  const folder = await scratchFolder();
  const secrets = secretStore({ folder, environment: { CAISSON_SECRET_DB_PASSWORD: 'given' } });
  await secrets.set('db-password', 'stored');
  expect(await secrets.get('db-password')).toBe('given');
});

test('listed and deleted by key', async () => {
  const secrets = secretStore({ folder: await scratchFolder(), environment: {} });
  await secrets.set('b', 1);
  await secrets.set('a', 2);
  expect(await secrets.list()).toEqual(['a', 'b']);
  expect(await secrets.delete('a')).toBe(true);
  expect(await secrets.delete('a')).toBe(false);
  expect(await secrets.get('a')).toBeUndefined();
});

test('another key cannot open the file, and the error names the secret', async () => {
  const folder = await scratchFolder();
  await secretStore({ folder, environment: { CAISSON_SECRETS_KEY: 'a'.repeat(64) } }).set('db', 'x');
  const other = secretStore({ folder, environment: { CAISSON_SECRETS_KEY: 'b'.repeat(64) } });
  await expect(other.get('db')).rejects.toThrow('the secret db cannot be decrypted');
});
