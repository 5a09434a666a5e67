/** Blueprints in layers: each node depends on the nodes of the layer before, and notes its operations in a journal. */
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fixture } from './home.js';

export interface Layers {
  readonly nodes: number;
  /** Nodes side by side. @default 5 */
  readonly width?: number;
  /** How long each operation takes. @default 0.2 */
  readonly seconds?: number;
}

export interface LayeredBlueprint {
  readonly file: string;
  readonly folder: string;
  /** Lines that the operations wrote: `begin INSTANCE OPERATION`, `end INSTANCE OPERATION`. */
  journal(): Promise<readonly string[]>;
  /** Operations of this short name do not end until they are released. */
  hold(operation: string): Promise<void>;
  release(operation: string): Promise<void>;
}

export async function layeredBlueprint({ nodes, width = 5, seconds = 0.2 }: Layers): Promise<LayeredBlueprint> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-layers-'));
  await cp(fixture('layers'), path.join(folder, 'blueprint'), { recursive: true });
  const journal = path.join(folder, 'journal');
  const file = path.join(folder, 'blueprint', 'blueprint.yaml');
  const inputs = `{ journal: ${JSON.stringify(journal)}, seconds: ${seconds} }`;
  const lines = [
    'tosca_definitions_version: cloudify_dsl_1_3',
    'imports: [cloudify/types/types.yaml]',
    'node_types:',
    '  layer.Node:',
    '    derived_from: cloudify.nodes.Root',
    '    interfaces:',
    '      cloudify.interfaces.lifecycle:',
    ...['create', 'start', 'stop', 'delete'].map(
      (operation) => `        ${operation}: { implementation: scripts/work.sh, inputs: ${typed(inputs)} }`,
    ),
    'node_templates:',
  ];
  for (let node = 0; node < nodes; node += 1) {
    lines.push(`  n${node}:`, '    type: layer.Node');
    const layer = Math.floor(node / width);
    if (layer > 0) {
      const target = (layer - 1) * width + (node % width);
      lines.push('    relationships:', `      - { type: cloudify.relationships.depends_on, target: n${target} }`);
    }
  }
  await writeFile(file, `${lines.join('\n')}\n`);
  return {
    file,
    folder,
    hold: async (operation) => await writeFile(`${journal}.hold.${operation}`, ''),
    release: async (operation) => await rm(`${journal}.hold.${operation}`, { force: true }),
    journal: async () => (await readFile(journal, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
  };
}

/** Inputs of a type's operation are definitions. */
function typed(inputs: string): string {
  return inputs.replaceAll(/(\w+): ("[^"]*"|[\d.]+)/g, '$1: { default: $2 }');
}
