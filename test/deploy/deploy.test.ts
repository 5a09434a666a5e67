/** The files of deploy/ agree with what they deploy. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { SETTING_KEYS, SETTINGS } from '../../client/settings/table.js';
import { scratchFolder } from '../store/scratch.js';

const DEPLOY = fileURLToPath(new URL('../../deploy/', import.meta.url));
const read = async (name: string): Promise<string> => await readFile(path.join(DEPLOY, name), 'utf8');
const VARIABLES = new Set(SETTING_KEYS.map((key) => SETTINGS[key].variable));

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: object | readonly string[];
}
type Compose = { readonly services: Readonly<Record<string, Service>> };

test('workers are given settings that there are', async () => {
  for (const name of ['compose.yaml', 'compose.tls.yaml', 'compose.keys.yaml']) {
    const { services } = parse(await read(name), { merge: true }) as Compose;
    for (const variable of Object.keys(services.worker?.environment ?? {})) expect(VARIABLES, name).toContain(variable);
  }
  const given = [...(await read('Dockerfile')).matchAll(/\b(CAISSON_[A-Z_]+)=/g)].map(([, variable]) => variable);
  expect(given.length).toBeGreaterThan(1);
  for (const variable of given) expect(VARIABLES).toContain(variable);
});

test('every service is from an image or built here, and waits for services that there are', async () => {
  const { services } = parse(await read('compose.yaml')) as Compose;
  for (const { image, build, depends_on = [] } of Object.values(services)) {
    expect(image).toBeTruthy();
    if (build) expect(existsSync(path.join(DEPLOY, build.context, build.dockerfile))).toBe(true);
    const needed = Array.isArray(depends_on) ? depends_on : Object.keys(depends_on);
    for (const name of needed) expect(Object.keys(services)).toContain(name);
  }
});

test('images are of one version, which a file of settings may change', async () => {
  const { services } = parse(await read('compose.yaml')) as Compose;
  const images = Object.values(services).flatMap(({ image, build }) => (build ? [] : [image]));
  expect(images.length).toBeGreaterThan(4);
  for (const image of images) expect(image).toMatch(/^[\w./-]+:\$\{[A-Z_]+_VERSION:-v?\d+\.\d+(\.\d+)?\}$/);
});

test('what is laid over the set-up, and what it runs, is there', async () => {
  const { services } = parse(await read('compose.yaml')) as Compose;
  for (const name of ['compose.tls.yaml', 'compose.keys.yaml'])
    for (const service of Object.keys((parse(await read(name), { merge: true }) as Compose).services))
      expect(Object.keys(services), name).toContain(service);
  const files = [...(await read('compose.yaml')).matchAll(/\/caisson\/([\w.-]+\.(?:sh|yaml))/g)].map(
    ([, file]) => file!,
  );
  expect(files).toHaveLength(3);
  for (const file of files) expect(existsSync(path.join(DEPLOY, 'temporal', file))).toBe(true);
});

test('every variable that must be set is in the example', async () => {
  const example = await read('example.env');
  for (const name of ['compose.yaml', 'compose.keys.yaml'])
    for (const [, variable] of (await read(name)).matchAll(/\$\{(\w+):\?/g))
      expect(example).toMatch(new RegExp(`^#? ?${variable}=`, 'm'));
});

test('certificates are of one authority, for the names that are given, and made once', async () => {
  const folder = path.join(await scratchFolder(), 'certificates');
  const make = async () =>
    await promisify(execFile)('sh', [path.join(DEPLOY, 'certificates.sh'), folder, 'temporal.example']);
  await make();
  const openssl = async (...words: string[]) => (await promisify(execFile)('openssl', words, { cwd: folder })).stdout;
  expect(await openssl('verify', '-CAfile', 'ca.pem', 'server.pem', 'client.pem')).toMatch(
    /server.pem: OK\s*client.pem: OK/,
  );
  expect(await openssl('x509', '-in', 'server.pem', '-noout', '-text')).toContain('DNS:temporal.example');
  expect((await stat(path.join(folder, 'ca.key'))).mode & 0o777).toBe(0o600);
  await expect(make()).rejects.toThrow('holds an authority already');
});
