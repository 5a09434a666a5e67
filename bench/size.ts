/**
 * How big a deployment may be: very many instances at once (wide), one after the other (deep), and more than one run of a
 * workflow can hold (large), which continues as new; each installed, the large one scaled, all of them uninstalled.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import type { JsonObject } from '../blueprint/json.js';
import type { CaissonConnection } from '../client/connection.js';
import { createDeployment } from '../client/deployments.js';
import { newExecutionId, settledExecution, startExecution } from '../client/executions.js';
import { compileBlueprint, prepare } from '../client/prepare.js';
import type { Settings } from '../client/settings.js';
import { installedPlugins } from '../plugins/installed.js';
import { DEFAULT_OPTIONS, executionWorkflowId } from '../workflows/messages.js';
import { peakMemory, withOwnStack } from './own-stack.js';

export interface SizeOptions {
  /** Instances ready at once, in one chain, and in the large deployment. @default 2,000, 1,000 and 10,000 */
  readonly wide?: number;
  readonly deep?: number;
  readonly large?: number;
  readonly say: (line: string) => void;
}

export interface SizeResult {
  readonly shape: string;
  readonly workflow: string;
  readonly operations: number;
  readonly seconds: number;
  readonly per_second: number;
  readonly worker_peak_mib: number | null;
}

interface Shape {
  readonly name: string;
  readonly text: string;
  readonly steps: readonly { readonly workflow: string; readonly parameters?: JsonObject }[];
}

export async function benchSize({
  wide = 2_000,
  deep = 1_000,
  large = 10_000,
  say,
}: SizeOptions): Promise<SizeResult[]> {
  return await withOwnStack('size', async ({ home, settings, stack, connection }) => {
    const results: SizeResult[] = [];
    for (const shape of shapes(wide, deep, large)) {
      results.push(...(await runShape(shape, connection, settings, home, stack.worker.pid, say)));
    }
    return results;
  });
}

function shapes(wide: number, deep: number, large: number): Shape[] {
  const node = (name: string, rest: string): string => `  ${name}: { type: bench.Node, ${rest} }\n`;
  const count = (number: number): string =>
    `capabilities: { scalable: { properties: { default_instances: ${number} } } }`;
  const after = (target: string): string =>
    `relationships: [{ type: cloudify.relationships.depends_on, target: ${target} }]`;
  const chain = Array.from({ length: deep }, (_, at) => node(`n${at}`, at === 0 ? '' : after(`n${at - 1}`)));
  const taken = [{ workflow: 'install' }, { workflow: 'uninstall' }];
  const more = { scalable_entity_name: 'many', delta: Math.ceil(large / 10) };
  return [
    { name: `wide ${wide}`, text: node('hub', '') + node('many', `${count(wide)}, ${after('hub')}`), steps: taken },
    { name: `deep ${deep}`, text: chain.join(''), steps: taken },
    {
      name: `large ${large}`,
      text: node('hub', '') + node('many', `${count(large)}, ${after('hub')}`),
      steps: [
        { workflow: 'install' },
        { workflow: 'scale', parameters: more },
        { workflow: 'scale', parameters: { ...more, delta: -more.delta } },
        { workflow: 'uninstall' },
      ],
    },
  ];
}

const HEAD = `tosca_definitions_version: cloudify_dsl_1_4
imports: [cloudify/types/types.yaml, plugin:caisson-bench]
node_types:
  bench.Node:
    derived_from: cloudify.nodes.Root
    interfaces:
      cloudify.interfaces.lifecycle:
        create: bench.nothing
        configure: bench.nothing
        start: bench.nothing
        stop: bench.nothing
        delete: bench.nothing
node_templates:
`;

async function runShape(
  { name, text, steps }: Shape,
  connection: CaissonConnection,
  { pluginFolders }: Settings,
  home: string,
  worker: number,
  say: (line: string) => void,
): Promise<SizeResult[]> {
  const file = path.join(home, `${name.replaceAll(' ', '-')}.yaml`);
  await writeFile(file, HEAD + text);
  const catalog = await installedPlugins(pluginFolders);
  const prepared = prepare(await compileBlueprint(file, catalog), {}, catalog);
  const id = path.basename(file, '.yaml');
  await createDeployment(connection, prepared, { id });
  const results: SizeResult[] = [];
  for (const { workflow, parameters = {} } of steps) {
    const request = { id: newExecutionId(workflow), workflow_id: workflow, parameters, options: DEFAULT_OPTIONS };
    const begin = performance.now();
    await startExecution(connection, id, request);
    await closed(connection, executionWorkflowId(id, request.id));
    const record = await settledExecution(connection, { deployment_id: id, id: request.id });
    const seconds = (performance.now() - begin) / 1_000;
    if (record.status !== 'terminated')
      throw new Error(`${workflow} of ${name} ended as ${record.status}: ${record.error}`);
    const operations = record.finished_operations;
    const result = {
      shape: name,
      workflow,
      operations,
      seconds: Math.round(seconds * 10) / 10,
      per_second: Math.round(operations / seconds),
      worker_peak_mib: await peakMemory(worker),
    };
    say(
      `${name}: ${workflow} of ${operations} operations in ${result.seconds} s, worker at most ${result.worker_peak_mib} MiB`,
    );
    results.push(result);
  }
  return results;
}

/** Waits without asking the worker anything meanwhile. */
async function closed(connection: CaissonConnection, workflowId: string): Promise<void> {
  for (;;)
    try {
      await connection.client.workflow.getHandle(workflowId).result();
      return;
    } catch (error) {
      if ((error as Error).name !== 'WorkflowNotFoundError') throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
}
