/** The API reference is complete. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const API = path.join(ROOT, 'docs/api');

let declarations: string;
let reference: { pages: Map<string, string>; undocumented: string[] };
beforeAll(async () => {
  declarations = await mkdtemp(path.join(tmpdir(), 'caisson-declarations-'));
  const flags = ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', declarations];
  const tsc = path.join(ROOT, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, ...flags], { cwd: ROOT });
  const { apiReference } = await import('../scripts/api-reference.mjs' as string);
  reference = apiReference(declarations, ROOT);
}, 300_000);
afterAll(async () => await rm(declarations, { recursive: true, force: true }));

test('everything that is public has a docstring', () => {
  expect(reference.undocumented).toEqual([]);
});

test('the reference in docs/api has all of it; if not: npm run build && npm run docs', async () => {
  expect((await readdir(API)).sort()).toEqual([...reference.pages.keys()].sort());
  const namesIn = (text: string): string[] => [...text.matchAll(/^## (\w+)$/gm)].map(([, name = '']) => name).sort();
  for (const [name, text] of reference.pages)
    expect(namesIn(await readFile(path.join(API, name), 'utf8')), name).toEqual(namesIn(text));
});

test('every entry of package.json has its page', async () => {
  const { exports } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { exports: object };
  const { MODULES } = await import('../scripts/api-reference.mjs' as string);
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
  expect(entries.map((entry) => entry.replace(/^\./, 'caisson')).sort()).toEqual(Object.keys(MODULES).sort());
});
