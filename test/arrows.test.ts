/** The architecture's arrows: which folder may import what. Types may cross where values may not. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  readonly file: string;
  /** Path from the root for our own files, else the package. */
  readonly target: string;
  readonly typeOnly: boolean;
}

function filesIn(folder: string): string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => path.join(folder, name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(path.join(ROOT, file), 'utf8');
  const found: Import[] = [];
  for (const [, type, names = '', from = ''] of text.matchAll(
    /^(?:import|export)\s+(type\s+)?([\w\s{},*$]*?)\s*from\s+'([^']+)';/gm,
  )) {
    const target = from.startsWith('.') ? path.join(path.dirname(file), from) : from;
    const inBraces =
      /^\{([\s\S]*)\}$/
        .exec(names)?.[1]
        ?.split(',')
        .filter((name) => name.trim() !== '') ?? [];
    const allTypes = inBraces.length > 0 && inBraces.every((name) => /^\s*type\s/.test(name));
    found.push({ file, target, typeOnly: type !== undefined || allTypes });
  }
  for (const [, from = ''] of text.matchAll(/\bimport\('([^']+)'\)/g))
    found.push({ file, target: from.startsWith('.') ? path.join(path.dirname(file), from) : from, typeOnly: false });
  return found;
}

const within = (target: string, ...folders: readonly string[]): boolean =>
  folders.some((folder) => target === folder || target.startsWith(`${folder}/`));

test.for<[folder: string, allowed: (one: Import) => boolean]>([
  ['blueprint', ({ target }) => within(target, 'blueprint')],
  ['graph', ({ target }) => within(target, 'graph', 'blueprint')],
  [
    'workflows',
    ({ target, typeOnly }) =>
      within(target, 'workflows', 'graph', 'blueprint', '@temporalio/workflow', '@temporalio/common') ||
      (typeOnly && within(target, 'activities', 'plugins/sdk')),
  ],
  ['plugins', ({ target }) => !within(target, '@temporalio', 'workflows', 'worker', 'client', 'store')],
])('%s imports nothing that it should not know', ([folder, allowed]) => {
  const files = filesIn(folder);
  expect(files.length).toBeGreaterThan(5);
  const imports = files.flatMap(importsOf);
  expect(imports.length).toBeGreaterThan(files.length / 2);
  const refused = imports.filter((one) => !allowed(one)).map(({ file, target }) => `${file} → ${target}`);
  expect(refused).toEqual([]);
});
