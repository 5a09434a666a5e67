/** What deploy/api-keys.sh makes, read as a server reads it. */
import { execFile } from 'node:child_process';
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { scratchFolder } from '../store/scratch.js';

const SCRIPT = fileURLToPath(new URL('../../deploy/api-keys.sh', import.meta.url));

test("an API key names its holder, permissions and last day, and is checked by the server's list of keys", async () => {
  const folder = path.join(await scratchFolder(), 'keys');
  const keyOf = async (...words: string[]): Promise<string> =>
    (await promisify(execFile)('sh', [SCRIPT, folder, ...words])).stdout.trim();
  expect(await keyOf()).toBe('');
  const keys = [await keyOf('ada', '30', 'red:write', 'blue:read'), await keyOf('root', '1', 'temporal-system:admin')];
  const { keys: known } = JSON.parse(await readFile(path.join(folder, 'keys.json'), 'utf8')) as {
    keys: (JsonWebKey & { kid: string })[];
  };
  const claims = keys.map((key) => {
    const [head = '', body = '', signature = ''] = key.split('.');
    const { alg, kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
    const jwk = known.find((one) => one.kid === kid)!;
    const signed = Buffer.from(`${head}.${body}`);
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    expect([alg, verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))]).toEqual(['RS256', true]);
    return JSON.parse(Buffer.from(body, 'base64url').toString());
  });
  expect(claims).toEqual([
    { sub: 'ada', permissions: ['red:write', 'blue:read'], exp: expect.any(Number) },
    { sub: 'root', permissions: ['temporal-system:admin'], exp: expect.any(Number) },
  ]);
  expect(Math.round((claims[0].exp - Date.now() / 1_000) / 86_400)).toBe(30);
  expect((await stat(path.join(folder, 'signing.key'))).mode & 0o777).toBe(0o600);
});
