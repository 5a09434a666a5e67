/** Private keys go where the blueprint says, and nowhere else. */
import { constants, generateKeyPairSync, publicEncrypt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { decrypted } from '../../../plugins/aws/password.js';
import { blueprint } from './blueprint.js';
import { type Cloud, openCloud } from './cloud.js';
import { Deployment } from './deployment.js';

let cloud: Cloud;

beforeAll(async () => {
  cloud = await openCloud('eu-north-1');
});
beforeEach(() => cloud.proxy.reset());
afterAll(async () => await cloud?.close());

const deploy = async (nodes: string) => await Deployment.of(blueprint(cloud.config, nodes));
const PRIVATE = 'PRIVATE KEY';

test('the private key is in a secret when that is asked for, until the key pair is deleted', async () => {
  const before = await cloud.inventory();
  const deployment = await deploy(
    '  key: { type: cloudify.nodes.aws.ec2.Keypair, properties: { CLIENT, create_secret: true, secret_name: my-key, resource_config: { KeyName: with-secret } } }',
  );
  await deployment.install();
  expect(deployment.secrets.get('my-key')).toContain(PRIVATE);
  expect(deployment.properties('key')).toMatchObject({
    aws_resource_id: 'with-secret',
    create_response: {
      KeyName: 'with-secret',
      KeyPairId: expect.stringMatching(/^key-/),
      KeyFingerprint: expect.any(String),
    },
  });
  expect(JSON.stringify([deployment.properties('key'), deployment.logs])).not.toContain(PRIVATE);
  await deployment.uninstall();
  expect(deployment.secrets.size).toBe(0);
  expect(await cloud.inventory()).toEqual(before);
});

test('a secret that is there already is not overwritten unless that is asked for', async () => {
  const node = (more: string) =>
    `  key: { type: cloudify.nodes.aws.ec2.Keypair, properties: { CLIENT, create_secret: true, ${more} resource_config: { KeyName: guarded } } }`;
  const refused = await deploy(node(''));
  refused.secrets.set('guarded', 'precious');
  await expect(refused.install()).rejects.toThrow('there is a secret guarded already');
  await refused.uninstall();
  expect(refused.secrets.get('guarded')).toBe('precious');
  const updated = await deploy(node('update_existing_secret: true,'));
  updated.secrets.set('guarded', 'old');
  await updated.install();
  expect(updated.secrets.get('guarded')).toContain(PRIVATE);
  await updated.uninstall();
});

test('it is in the runtime properties only when that is asked for', async () => {
  const deployment = await deploy(`
  open: { type: cloudify.nodes.aws.ec2.Keypair, properties: { CLIENT, store_in_runtime_properties: true, resource_config: { KeyName: open } } }
  closed: { type: cloudify.nodes.aws.ec2.Keypair, properties: { CLIENT, log_create_response: true } }`);
  await deployment.install();
  expect(deployment.properties('open').create_response).toMatchObject({
    KeyMaterial: expect.stringContaining(PRIVATE),
  });
  expect(JSON.stringify(deployment.properties('closed'))).not.toContain(PRIVATE);
  expect(deployment.properties('closed').aws_resource_id).toMatch(/^[A-Za-z0-9-]+$/);
  expect(deployment.logs.join('\n')).not.toContain(PRIVATE);
  await deployment.uninstall();
});

test('a public key is imported, and its text is not noted', async () => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const { n, e } = publicKey.export({ format: 'jwk' }) as { n: string; e: string };
  const openssh = `ssh-rsa ${sshKey(n, e)} me@example`;
  const deployment = await deploy(
    `  key: { type: cloudify.nodes.aws.ec2.Keypair, properties: { CLIENT, resource_config: { KeyName: imported, PublicKeyMaterial: "${openssh}" } } }`,
  );
  await deployment.install();
  expect(cloud.proxy.changes()).toEqual(['ImportKeyPair']);
  expect(deployment.properties('key').resource_config).toEqual({ KeyName: 'imported' });
  await deployment.uninstall();
});

test('a key pair whose private key was lost with the worker is made anew, with a key that is known', async () => {
  const deployment = await deploy(
    '  key: { type: cloudify.nodes.aws.ec2.Keypair, properties: { CLIENT, create_secret: true, resource_config: { KeyName: lost } } }',
  );
  cloud.proxy.add({ action: 'CreateKeyPair', fault: { kind: 'stop', onAnswer: () => deployment.kill() } });
  await deployment.install();
  expect(cloud.proxy.changes()).toEqual(['CreateKeyPair', 'DeleteKeyPair', 'CreateKeyPair']);
  expect(deployment.secrets.get('lost')).toContain(PRIVATE);
  await deployment.uninstall();
});

test('the old family never overwrites a key file', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-key-'));
  const file = path.join(folder, 'mine.pem');
  await writeFile(file, 'mine');
  const config = cloud.config.replace('region_name', 'ec2_region_name').replace('endpoint_url', 'ec2_region_endpoint');
  const deployment = await deploy(
    `  key: { type: cloudify.aws.nodes.KeyPair, properties: { aws_config: ${config}, private_key_path: ${file} } }`,
  );
  await expect(deployment.install()).rejects.toThrow('exists already and is not overwritten');
  await deployment.uninstall();
  expect(await readFile(file, 'utf8')).toBe('mine');
  await rm(folder, { recursive: true });
});

test('a key file that was written just before its worker died is written anew, and goes with the key pair', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-test-key-'));
  const file = path.join(folder, 'ours.pem');
  const config = cloud.config.replace('region_name', 'ec2_region_name').replace('endpoint_url', 'ec2_region_endpoint');
  const deployment = await deploy(
    `  key: { type: cloudify.aws.nodes.KeyPair, properties: { aws_config: ${config}, private_key_path: ${file} } }`,
  );
  const died: string[] = [];
  deployment.onFlush = () => {
    if (died.length > 0 || !existsSync(file)) return;
    died.push(readFileSync(file, 'utf8'));
    deployment.kill();
  };
  await deployment.install();
  expect(died).toEqual([expect.stringContaining(PRIVATE)]);
  const written = await readFile(file, 'utf8');
  expect(written).toContain(PRIVATE);
  expect(written).not.toBe(died[0]);
  expect(cloud.proxy.changes()).toEqual(['CreateKeyPair', 'DeleteKeyPair', 'CreateKeyPair']);
  await deployment.uninstall();
  expect(existsSync(file)).toBe(false);
  await rm(folder, { recursive: true });
});

test('the password of a Windows machine is read with the private key', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const padding = constants.RSA_PKCS1_PADDING;
  const told = publicEncrypt({ key: publicKey, padding }, Buffer.from('s3cret!')).toString('base64');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs1' }).toString();
  expect(decrypted(`\r\n${told}\r\n`, pem)).toBe('s3cret!');
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 })
    .privateKey.export({ format: 'pem', type: 'pkcs1' })
    .toString();
  const larger = Buffer.alloc(256, 255).toString('base64');
  for (const [text, key] of [
    [told, other],
    [larger, pem],
  ] as const)
    expect(() => decrypted(text, key)).toThrow('not encrypted for the private key');
});

function sshKey(n: string, e: string): string {
  const part = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const positive = (text: string) => Buffer.concat([Buffer.from([0]), Buffer.from(text, 'base64url')]);
  return Buffer.concat([part(Buffer.from('ssh-rsa')), part(Buffer.from(e, 'base64url')), part(positive(n))]).toString(
    'base64',
  );
}
