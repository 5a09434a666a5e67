import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import keys from '../../../plugins/keys/index.js';
import type { JsonObject } from '../../../plugins/sdk/index.js';
import { type FakeContextOptions, runOperation } from '../../../plugins/sdk/testing.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'caisson-keys-'));
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const create = async (options: FakeContextOptions) =>
  await runOperation(keys, 'cloudify_ssh_key.operations.create', options);
const remove = async (options: FakeContextOptions) =>
  await runOperation(keys, 'cloudify_ssh_key.operations.delete', options);

const IN_SECRETS = { resource_config: { key_name: 'agent', comment: 'me@here' }, use_secret_store: true };

test('a pair is kept in the secrets; the private key is exported as a reference, never in clear', async () => {
  const run = await create({ properties: IN_SECRETS, inputs: { store_private_key_material: true } });
  expect(run.error).toBeUndefined();
  const { agent_private: privateKey, agent_public: publicKey } = run.secrets();
  expect(privateKey).toMatch(/^-----BEGIN RSA PRIVATE KEY-----/);
  expect(publicKey).toMatch(/^ssh-rsa AAAAB3NzaC1yc2E.* me@here$/);
  expect(run.runtimeProperties).toEqual({
    secrets_key_owner: true,
    secret_key_name: 'agent_private',
    public_key_export: publicKey,
    private_key_export: { get_secret: 'agent_private' },
  });
});

test('the public key belongs to the private one, in the form that SSH takes', async () => {
  const privatePath = path.join(folder, 'sub/id');
  const run = await create({ properties: { resource_config: { private_key_path: privatePath } } });
  expect(run.error).toBeUndefined();
  expect((await stat(privatePath)).mode & 0o777).toBe(0o600);
  expect(run.runtimeProperties).toMatchObject({ private_key_path: privatePath, public_key_path: `${privatePath}.pub` });
  const line = (await readFile(`${privatePath}.pub`, 'utf8')).trim();
  expect(line).toBe(run.runtimeProperties.public_key_export);
  const python = `import base64,sys
from subprocess import run
der = base64.b64decode(sys.argv[1].split()[1])
size = int.from_bytes(der[:4], 'big')
assert der[4:4 + size] == b'ssh-rsa'
at = 4 + size
e = int.from_bytes(der[at + 4:at + 4 + int.from_bytes(der[at:at + 4], 'big')], 'big')
at += 4 + int.from_bytes(der[at:at + 4], 'big')
size = int.from_bytes(der[at:at + 4], 'big')
assert len(der) == at + 4 + size
print(e, int.from_bytes(der[at + 4:], 'big'))`;
  const [e, n] = execFileSync('python3', ['-c', python, line], { encoding: 'utf8' }).trim().split(' ');
  const jwk = createPublicKey(createPrivateKey(await readFile(privatePath, 'utf8'))).export({ format: 'jwk' });
  const number = (text = '') => BigInt(`0x${Buffer.from(text, 'base64url').toString('hex')}`).toString();
  expect([e, n]).toEqual([number(jwk.e), number(jwk.n)]);
});

test('a pair that is in the secrets already is used when that is wished, and left alone by delete', async () => {
  const secrets = (await create({ properties: IN_SECRETS })).secrets();
  const properties = { ...IN_SECRETS, use_secrets_if_exist: true };
  const run = await create({ properties, secrets, inputs: { store_private_key_material: true } });
  expect(run.secrets()).toEqual(secrets);
  expect(run.runtimeProperties).toEqual({
    secret_key_name: 'agent_private',
    public_key_export: secrets.agent_public,
    private_key_export: { get_secret: 'agent_private' },
  });
  const removed = await remove({ properties, secrets, runtimeProperties: run.runtimeProperties });
  expect(removed.secrets()).toEqual(secrets);
  expect(removed.runtimeProperties).toEqual({});
});

test('a pair that somebody else keeps there is refused otherwise', async () => {
  const secrets = { agent_private: 'x' };
  expect(await create({ properties: IN_SECRETS, secrets })).toMatchObject({
    status: 'non-recoverable',
    error: { message: expect.stringMatching('there is a secret agent_private already') },
  });
  const file = path.join(folder, 'id');
  await writeFile(file, 'precious');
  const run = await create({ properties: { resource_config: { private_key_path: file } } });
  expect(run.error?.message).toMatch('which this node has not made');
  expect(await readFile(file, 'utf8')).toBe('precious');
});

test('an attempt after a crash completes the pair that the one before began', async () => {
  const whole = await create({ properties: IN_SECRETS });
  const begun = { secrets_key_owner: true, secret_key_name: 'agent_private' };
  // It had come as far as the private key; the public one is made from it again.
  const { agent_private = '' } = whole.secrets();
  const run = await create({ properties: IN_SECRETS, runtimeProperties: begun, secrets: { agent_private } });
  expect(run.secrets()).toEqual(whole.secrets());
  // It had come no further than the note that the pair is its own.
  const early = await create({ properties: IN_SECRETS, runtimeProperties: begun });
  expect(Object.keys(early.secrets())).toEqual(['agent_public', 'agent_private']);
});

test('that the pair is its own is stored before there is a pair', async () => {
  const seen: JsonObject[] = [];
  await create({ properties: IN_SECRETS, onFlush: (patches) => void seen.push(patches as unknown as JsonObject) });
  expect(JSON.stringify(seen[0])).toMatch('secrets_key_owner');
  expect(JSON.stringify(seen)).not.toMatch('PRIVATE KEY');
});

test('delete takes away what was made, twice if need be', async () => {
  const made = await create({ properties: IN_SECRETS });
  const options = { properties: IN_SECRETS, runtimeProperties: made.runtimeProperties };
  const removed = await remove({ ...options, secrets: { ...made.secrets(), other: 1 } });
  expect(removed.secrets()).toEqual({ other: 1 });
  expect(removed.runtimeProperties).toEqual({});
  expect((await remove({ ...options, secrets: {} })).status).toBe('succeeded');
});

test('a passphrase encrypts the private key; PEM is the other form of the public one', async () => {
  const run = await create({
    properties: {
      ...IN_SECRETS,
      resource_config: { key_name: 'k', passphrase: { get_secret: 'word' }, openssh_format: false },
    },
    secrets: { word: 'open sesame' },
  });
  const { k_private, k_public } = run.secrets();
  expect(createPrivateKey({ key: String(k_private), passphrase: 'open sesame' }).asymmetricKeyType).toBe('rsa');
  expect(() => createPrivateKey(String(k_private))).toThrow();
  expect(k_public).toMatch(/^-----BEGIN PUBLIC KEY-----/);
});

test.each([
  [{ resource_config: { algorithm: 'DSA' }, use_secret_store: true }, /algorithm DSA is not RSA/],
  [{ resource_config: { bits: 12 }, use_secret_store: true }, /bits 12/],
  [{}, /would be kept nowhere/],
])('a pair that cannot be made fails for good: %#', async (properties, message) => {
  const run = await create({ properties });
  expect(run.status).toBe('non-recoverable');
  expect(run.error?.message).toMatch(message);
});
