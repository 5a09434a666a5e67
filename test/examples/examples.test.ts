/** The examples are blueprints that can be installed. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { compileBlueprint, installedPlugins, prepare } from '../../client/index.js';

const folder = fileURLToPath(new URL('../../examples', import.meta.url));
const catalog = await installedPlugins([]);
// The plugins there have blueprints of their own, and tests beside them.
const examples = readdirSync(folder).filter((name) => name !== 'plugins');

test.each(examples)('%s can be installed as it is', async (name) => {
  const blueprint = await compileBlueprint(`${folder}/${name}`, catalog);
  expect(prepare(blueprint, {}, catalog).instances.length).toBeGreaterThan(0);
});
