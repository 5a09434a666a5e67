/** Layered blueprints: N nodes, ten side by side, each after two of the layer before, three mapped operations each. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

export const WIDTH = 10;
export const OPERATIONS = ['create', 'configure', 'start'] as const;

export type Kind = 'plugin' | 'script' | 'wait';

/** Writes the blueprint into a folder of its own; resolves to its main file. */
export async function writeLayered(folder: string, nodes: number, kind: Kind): Promise<string> {
  const own = path.join(folder, `${kind}-${nodes}`);
  await mkdir(path.join(own, 'scripts'), { recursive: true });
  await writeFile(path.join(own, 'scripts', 'nothing.sh'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  const implementation = { plugin: 'bench.nothing', wait: 'bench.wait', script: 'scripts/nothing.sh' }[kind];
  const lines = [
    'tosca_definitions_version: cloudify_dsl_1_4',
    'imports:',
    '  - cloudify/types/types.yaml',
    ...(kind === 'script' ? [] : ['  - plugin:caisson-bench']),
    'node_types:',
    '  bench.Node:',
    '    derived_from: cloudify.nodes.Root',
    '    interfaces:',
    '      cloudify.interfaces.lifecycle:',
    ...OPERATIONS.map((operation) => `        ${operation}: ${implementation}`),
    'node_templates:',
  ];
  for (let node = 0; node < nodes; node += 1)
    lines.push(`  n${node}:`, '    type: bench.Node', ...relationshipsOf(node));
  const file = path.join(own, 'blueprint.yaml');
  await writeFile(file, `${lines.join('\n')}\n`);
  return file;
}

function relationshipsOf(node: number): string[] {
  const layer = Math.floor(node / WIDTH);
  if (layer === 0) return [];
  const column = node % WIDTH;
  const targets = [column, (column + 1) % WIDTH].map((one) => (layer - 1) * WIDTH + one);
  return [
    '    relationships:',
    ...targets.map((target) => `      - { type: cloudify.relationships.depends_on, target: n${target} }`),
  ];
}
