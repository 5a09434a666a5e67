import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArchive, writeArchive } from '../../store/secret-archive.js';
import { secretFile } from '../../store/secret-file.js';
import { keyFile, type SecretKeys } from '../../store/secret-keys.js';
import { openSecrets, type SecretSettings, type SecretStore } from '../../store/secrets.js';
import { scratchFolder } from './scratch.js';

const opened = async (
  settings: Partial<SecretSettings> & { readonly location: string },
  environment = {},
): Promise<Required<SecretStore>> => (await openSecrets(settings, { environment })) as Required<SecretStore>;

const keys = async (secrets: SecretStore): Promise<string[]> => (await secrets.list()).map(({ key }) => key);

describe('in a folder', () => {
  test('a secret comes back as it was set, and its file does not show it', async () => {
    const location = await scratchFolder();
    await (await opened({ location })).set('db', { password: 'correct horse' });
    expect(await (await opened({ location })).get('db')).toEqual({ password: 'correct horse' });
    expect(await readFile(path.join(location, 'secrets.json'), 'utf8')).not.toContain('horse');
    expect((await stat(path.join(location, 'secrets.key'))).mode & 0o777).toBe(0o600);
    expect((await stat(path.join(location, 'secrets.json'))).mode & 0o777).toBe(0o600);
  });

  test('the environment comes before the file', async () => {
    const secrets = await opened({ location: await scratchFolder() }, { CAISSON_SECRET_DB_PASSWORD: 'given' });
    await secrets.set('db-password', 'stored');
    expect(await secrets.get('db-password')).toBe('given');
  });

  test('listed and deleted by key, with the times of the first and the last value', async () => {
    const secrets = await opened({ location: await scratchFolder() });
    await secrets.set('b', 1);
    await secrets.set('a', 2, { hidden: true, schema: { type: 'integer' } });
    await secrets.set('a', 3);
    const [a] = await secrets.list();
    expect(a).toMatchObject({ key: 'a', hidden: true, schema: { type: 'integer' } });
    expect(a!.created_at! <= a!.updated_at!).toBe(true);
    expect(await keys(secrets)).toEqual(['a', 'b']);
    expect(await secrets.delete('a')).toBe(true);
    expect(await secrets.delete('a')).toBe(false);
    expect(await secrets.get('a')).toBeUndefined();
  });

  test('one that exists is replaced only when that is meant', async () => {
    const secrets = await opened({ location: await scratchFolder() });
    await secrets.set('db', 'first', { onlyNew: true });
    await expect(secrets.set('db', 'second', { onlyNew: true })).rejects.toMatchObject({ name: 'SecretExists' });
    expect(await secrets.get('db')).toBe('first');
  });

  test('a name that every object has is no secret', async () => {
    const secrets = await opened({ location: await scratchFolder() });
    await secrets.set('x', 1);
    expect(await secrets.get('toString')).toBeUndefined();
    expect(await secrets.delete('constructor')).toBe(false);
  });

  test('another key cannot open the file, and the error names the secret', async () => {
    const location = await scratchFolder();
    await (await opened({ location, keys: 'a'.repeat(64) })).set('db', 'x');
    await expect((await opened({ location, keys: 'b'.repeat(64) })).get('db')).rejects.toThrow(
      'the secret db cannot be decrypted',
    );
  });

  test('a key that is missing is told, and not made anew', async () => {
    const location = await scratchFolder();
    const secrets = await opened({ location });
    await secrets.set('db', 'x');
    const { rm } = await import('node:fs/promises');
    await rm(path.join(location, 'secrets.key'));
    await expect(secrets.get('db')).rejects.toThrow('the key of the secrets');
    await expect(secrets.set('more', 'y')).rejects.toThrow('the key of the secrets');
  });

  test('a file of before keys had names is read', async () => {
    const location = await scratchFolder();
    const secrets = await opened({ location, keys: `k:${'a'.repeat(64)}` });
    await secrets.set('db', 'old one');
    const file = path.join(location, 'secrets.json');
    const { db } = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ db: { iv: db.iv, tag: db.tag, data: db.data } }));
    expect(await secrets.get('db')).toBe('old one');
  });

  test('what is no key is refused without being shown', async () => {
    await expect(opened({ location: '/nowhere', keys: 'deadbeef' })).rejects.toThrow(/^((?!deadbeef).)*64 hexadecimal/);
  });
});

describe('a rotation', () => {
  test('encrypts everything anew, and the old key opens nothing any more', async () => {
    const location = await scratchFolder();
    const secrets = await opened({ location });
    await secrets.set('a', 'one');
    await secrets.set('b', 'two');
    const old = await readFile(path.join(location, 'secrets.key'), 'utf8');
    expect(await secrets.rotate()).toMatchObject({ secrets: 2, still_given: [] });
    expect([await secrets.get('a'), await secrets.get('b')]).toEqual(['one', 'two']);
    expect(await readFile(path.join(location, 'secrets.key'), 'utf8')).not.toContain(old.trim());
    await expect((await opened({ location, keys: old })).get('a')).rejects.toThrow('another key');
  });

  test('with given keys uses the first, and says which are not needed any more', async () => {
    const location = await scratchFolder();
    const [old, young] = [`old:${'1'.repeat(64)}`, `young:${'2'.repeat(64)}`];
    await (await opened({ location, keys: old })).set('a', 'one');
    const both = await opened({ location, keys: `${young}, ${old}` });
    expect(await both.get('a')).toBe('one');
    expect(await both.rotate()).toEqual({ secrets: 1, key: 'young', still_given: ['old'] });
    expect(await (await opened({ location, keys: young })).get('a')).toBe('one');
  });

  test.each<[string, (keys: SecretKeys) => SecretKeys]>([
    ['before there is a new key', (own) => ({ ...own, renew: async () => await died() })],
    ['after there is a new key', (own) => ({ ...own, renew: async () => [await own.renew(), await died()] as never })],
    ['after everything was encrypted', (own) => ({ ...own, retire: async () => await died() })],
    ['at its very end', (own) => ({ ...own, retire: async (key) => [await own.retire(key), await died()] as never })],
  ])('that dies %s loses nothing, and the next one does the rest', async (_, dying) => {
    const folder = await scratchFolder();
    const own = keyFile(path.join(folder, 'secrets.key'));
    const at = (with_: SecretKeys) =>
      secretFile({ file: path.join(folder, 'secrets.json'), keys: with_, exclusive: (work) => work() });
    const secrets = at(own);
    await secrets.set!('a', 'one');
    await secrets.set!('b', { two: 2 });
    await expect(at(dying(own)).rotate!()).rejects.toThrow('died');
    expect([await secrets.get('a'), await secrets.get('b')]).toEqual(['one', { two: 2 }]);
    await secrets.set!('c', 'three');
    await secrets.rotate!();
    expect([await secrets.get('a'), await secrets.get('b'), await secrets.get('c')]).toEqual([
      'one',
      { two: 2 },
      'three',
    ]);
    expect((await own.read())!.length).toBe(1);
  });

  test('that meets a secret which no key opens changes nothing', async () => {
    const location = await scratchFolder();
    await (await opened({ location, keys: '1'.repeat(64) })).set('lost', 'x');
    await writeFile(path.join(location, 'secrets.key'), '2'.repeat(64));
    const before = await readFile(path.join(location, 'secrets.json'), 'utf8');
    await expect((await opened({ location })).rotate()).rejects.toThrow('nothing was changed');
    expect(await readFile(path.join(location, 'secrets.json'), 'utf8')).toBe(before);
    expect(await readFile(path.join(location, 'secrets.key'), 'utf8')).toBe('2'.repeat(64));
  });

  test('is not noticed by those that read meanwhile', async () => {
    const location = await scratchFolder();
    const secrets = await opened({ location });
    await secrets.set('a', 'one');
    const reader = await opened({ location });
    let over = false;
    const rotating = (async () => {
      for (let turn = 0; turn < 20; turn += 1) await secrets.rotate();
      over = true;
    })();
    const read: unknown[] = [];
    while (!over) read.push(await reader.get('a'));
    await rotating;
    expect(new Set(read)).toEqual(new Set(['one']));
  });
});

async function died(): Promise<never> {
  throw new Error('died');
}

describe('elsewhere', () => {
  test('files that are mounted are secrets, read when asked for, and only by their names', async () => {
    const folder = await scratchFolder({ 'db-password': 'hunter22\n', '..data/real': 'linked' });
    await symlink('..data/real', path.join(folder, 'linked'));
    await mkdir(path.join(folder, 'folder'));
    const secrets = await opened({ location: `files:${folder}` });
    expect(await secrets.get('db-password')).toBe('hunter22');
    expect(await keys(secrets)).toEqual(['db-password', 'linked']);
    expect(await secrets.get('linked')).toBe('linked');
    expect(await secrets.get('../etc/passwd')).toBeUndefined();
    expect(await secrets.get('folder')).toBeUndefined();
    await writeFile(path.join(folder, 'db-password'), 'renewed');
    expect(await secrets.get('db-password')).toBe('renewed');
    expect(secrets.set).toBeUndefined();
  });

  test('the environment alone', async () => {
    const secrets = await opened({ location: 'environment:' }, { CAISSON_SECRET_A: 'x' });
    expect([await secrets.get('a'), await secrets.get('b')]).toEqual(['x', undefined]);
  });

  test.each([
    ['etcd://host', 'secrets cannot be kept at etcd'],
    ['files:relative', 'must be an absolute path'],
    ['vault:', 'needs the mount'],
    ['vault:secret', 'it has no address'],
  ])('%s is refused', async (location, message) => {
    await expect(opened({ location })).rejects.toThrow(message);
  });
});

describe('exported', () => {
  const secrets = [{ key: 'a', value: 'correct horse', is_hidden_value: true }];

  test('under a passphrase they are unreadable, and come back by it alone', async () => {
    const text = await writeArchive(secrets, 'battery staple');
    expect(text).not.toContain('horse');
    expect(await readArchive(text, 'battery staple')).toEqual(secrets);
    await expect(readArchive(text, 'battery stable')).rejects.toThrow('passphrase is another one');
    await expect(readArchive(text, undefined)).rejects.toThrow('give its passphrase');
  });

  test('in clear they are a list, as Cloudify exports it', async () => {
    const theirs = [
      { key: 'a', value: 'x', tenant_name: 'default_tenant', visibility: 'tenant', is_hidden_value: false },
    ];
    expect(await readArchive(JSON.stringify(theirs), undefined)).toEqual([
      { key: 'a', value: 'x', is_hidden_value: false },
    ]);
    expect(JSON.parse(await writeArchive(secrets, undefined))).toEqual(secrets);
  });

  test.each([
    ['no JSON', 'nope', 'it is no JSON'],
    ['another document', '{"a":1}', 'holds no exported secrets'],
    ['an encrypted export of Cloudify', '[{"key":"a","value":"gAAA","encrypted":true}]', 'encrypted in another way'],
  ])('%s is refused', async (_, text, message) => {
    await expect(readArchive(text, 'passphrase')).rejects.toThrow(message);
  });
});
