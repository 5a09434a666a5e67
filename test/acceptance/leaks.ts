/** A blueprint that does with secrets what it should not, and a search for their values wherever they could be. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { type Finished, fixture, type Home } from './home.js';

export const SECRETS = {
  'db-password': 'Tr0ub4dor-and-3',
  'api-token': 'tok_9f8e7d6c5b4a',
  'private-key': ['-----BEGIN KEY-----', 'c2VjcmV0LWxpbmUtb25l', 'c2VjcmV0LWxpbmUtdHdv', '-----END KEY-----'].join(
    '\n',
  ),
} as const;

/** What nobody may find. */
const VALUES = [SECRETS['db-password'], SECRETS['api-token'], 'c2VjcmV0LWxpbmUtb25l', 'c2VjcmV0LWxpbmUtdHdv'];
/** What a run leaves everywhere: a search that does not find this would find nothing at all. */
const MARKER = 'seen-in-the-clear';

/** Installs it, once well and once to its failure; operations see what they are to see, and nobody else does. */
export async function expectNoLeaks(home: Home): Promise<void> {
  const said: Finished[] = [];
  const run = async (...words: string[]): Promise<Finished> => {
    const finished = await home.run(...words);
    said.push(finished);
    return finished;
  };
  const installed = await run('install', fixture('secretive'), '-d', 'secretive', '-vv');
  expect(installed.code, installed.stderr).toBe(0);
  const password = SECRETS['db-password'];
  const told = `${password} db://${password}@host?token=${SECRETS['api-token']} db://${password}@host`;
  const { items } = await home.json<{ items: { node_id: string; runtime_properties: Record<string, unknown> }[] }>(
    'node-instances',
    'list',
    '-d',
    'secretive',
  );
  const properties = (node: string) => items.find(({ node_id }) => node_id === node)?.runtime_properties;
  expect(properties('application')).toEqual({ proof: createHash('sha256').update(told).digest('hex') });
  expect(properties('database')).toMatchObject({ marker: MARKER, kept: { get_secret: 'db-password' } });

  const failed = await run('install', fixture('secretive'), '-d', 'failing', '-i', 'fails=true');
  expect(failed.code).toBe(1);
  for (const deployment of ['secretive', 'failing']) {
    await run('outputs', deployment, '--json');
    await run('node-instances', 'list', '-d', deployment, '--json');
    const { items: executions } = await home.json<{ items: { id: string }[] }>('executions', 'list', '-d', deployment);
    for (const { id } of executions) {
      await run('events', 'list', id, '--json');
      await run('executions', 'get', id, '--json');
    }
  }
  await run('uninstall', 'secretive', '--yes');
  for (const { stdout, stderr } of said) for (const value of VALUES) expect(stdout + stderr).not.toContain(value);
  expect(said.some(({ stdout, stderr }) => (stdout + stderr).includes('***'))).toBe(true);
  expect(await filesWith(home.folder, VALUES)).toEqual([]);
  expect((await filesWith(home.folder, [MARKER])).join('\n')).toMatch(/temporal\.db/);
}

/** Files below a folder that hold any of the texts, also where they are compressed. */
async function filesWith(folder: string, texts: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    const forms = bytes[0] === 0x1f && bytes[1] === 0x8b ? [bytes, gunzipSync(bytes)] : [bytes];
    for (const text of texts) if (forms.some((form) => form.includes(text))) found.push(`${file}: ${text}`);
  }
  return found;
}
