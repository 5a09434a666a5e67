import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import plugin from '../../../../plugins/docker/index.js';

test('every operation that the types map is there, and every operation is reached by a type or by its own name', async () => {
  const text = await readFile(new URL('../../../../plugins/docker/plugin.yaml', import.meta.url), 'utf8');
  const implementations = [...JSON.stringify(parse(text)).matchAll(/"implementation":"docker\.([^"]+)"/g)].map(
    ([, name = '']) => plugin.aliases?.[name] ?? name,
  );
  const names = Object.keys(plugin.operations);
  expect(implementations.filter((name) => !names.includes(name))).toEqual([]);
  expect(names.filter((name) => !implementations.includes(name))).toEqual([]);
});
