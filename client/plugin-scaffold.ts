/** A new plugin that works, for its author to change: a type, two operations, a test. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { conflict, usageError } from './errors.js';

/**
 * @param name prefix of its operations
 * @returns the names of the files written
 * @throws CaissonError (conflict) for a folder that is not empty
 */
export async function writeScaffold(name: string, folder: string): Promise<readonly string[]> {
  if (!/^[a-z][\w-]*$/.test(name))
    throw usageError(`${name} is no name for a plugin`, 'small letters, digits, - and _: my-plugin');
  const there = await readdir(folder).catch(() => []);
  if (there.length > 0) throw conflict(`${folder} is not empty`);
  await mkdir(folder, { recursive: true });
  const files = scaffold(name);
  for (const [file, text] of Object.entries(files)) await writeFile(path.join(folder, file), text);
  return Object.keys(files);
}

function scaffold(name: string): Readonly<Record<string, string>> {
  const type = `${name.replaceAll('-', '_')}.nodes.Thing`;
  const manifest = {
    name: `caisson-${name}`,
    version: '0.1.0',
    type: 'module',
    exports: './index.js',
    keywords: ['caisson-plugin'],
    caissonPlugin: { yaml: 'plugin.yaml', apiVersion: 1 },
    scripts: { test: 'node --test' },
    peerDependencies: { caisson: '*' },
  };
  return {
    'package.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'plugin.yaml': `plugins:
  ${name}:
    executor: central_deployment_agent
    package_name: caisson-${name}
    package_version: "0.1.0"

node_types:
  ${type}:
    derived_from: cloudify.nodes.Root
    properties:
      path:
        description: A file that says it is there.
        type: string
        required: true
    interfaces:
      cloudify.interfaces.lifecycle:
        create:
          implementation: ${name}.thing.create
          inputs:
            text: { type: string, default: hello }
        delete: ${name}.thing.delete
`,
    'index.js': `// @ts-check
import { rm, writeFile } from 'node:fs/promises';
import { definePlugin, operation, requireNode } from 'caisson/plugin-sdk';

export default definePlugin({
  name: '${name}',
  packageNames: ['caisson-${name}'],
  operations: {
    'thing.create': operation({}, async (ctx, inputs) => {
      const { node, instance } = requireNode(ctx);
      const path = String(node.properties.path);
      // Run twice, it does the same: an attempt may be cut off anywhere.
      await writeFile(path, String(inputs.text));
      instance.runtimeProperties.path = path;
      ctx.logger.info('wrote %s', path);
    }),

    'thing.delete': operation({}, async (ctx) => {
      const { instance } = requireNode(ctx);
      const { path } = instance.runtimeProperties;
      if (typeof path === 'string') await rm(path, { force: true });
      delete instance.runtimeProperties.path;
    }),
  },
});
`,
    'index.test.js': `import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { runOperation } from 'caisson/plugin-sdk/testing';
import plugin from './index.js';

test('a thing is made, and deleted', async () => {
  const properties = { path: path.join(tmpdir(), \`thing-\${process.pid}\`) };
  const made = await runOperation(plugin, 'thing.create', { properties, inputs: { text: 'hi' } });
  assert.equal(made.status, 'succeeded');
  assert.deepEqual(made.runtimeProperties, { path: properties.path });
  const { runtimeProperties } = made;
  assert.equal((await runOperation(plugin, 'thing.delete', { properties, runtimeProperties })).status, 'succeeded');
  assert.ok(!existsSync(properties.path));
});
`,
    'blueprint.yaml': `tosca_definitions_version: cloudify_dsl_1_5
imports:
  - cloudify/types/types.yaml
  - plugin:caisson-${name}
node_templates:
  thing:
    type: ${type}
    properties:
      path: /tmp/${name}-thing
`,
  };
}
