/**
 * How long a blueprint takes to compile and to become a deployment, by its number of nodes. Each size is measured in a
 * process of its own: processor time after start, code still cold, as a command line has it.
 */
import '../client/short-lived.js';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { compile } from '../blueprint/compile.js';
import type { CompileHost } from '../blueprint/imports.js';
import { prepareDeployment } from '../graph/prepare-deployment.js';
import { builtInSource } from '../types/builtin.js';

export interface CompileMeasurement {
  readonly nodes: number;
  /** Processor time, user and system, in milliseconds. */
  readonly compile_ms: number;
  /** Inputs bound, functions evaluated, instances planned. */
  readonly prepare_ms: number;
}

export async function benchCompile(
  sizes: readonly number[] = [1_000, 2_000, 5_000, 10_000],
): Promise<CompileMeasurement[]> {
  const measurements: CompileMeasurement[] = [];
  for (const nodes of sizes) {
    const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(import.meta.url), String(nodes)]);
    measurements.push(JSON.parse(stdout) as CompileMeasurement);
  }
  return measurements;
}

/** Hosts with nine servers each, every server connected to the one before, with functions in properties and inputs. */
export function largeBlueprint(nodes: number): string {
  const lines = [
    'tosca_definitions_version: cloudify_dsl_1_3',
    'imports: [cloudify/types/types.yaml]',
    'inputs: { port: { default: 8080 } }',
    'node_templates:',
  ];
  for (let index = 0; index < nodes; index += 1) {
    const host = index - (index % 10);
    if (index === host) {
      lines.push(
        `  host_${index}:`,
        '    type: cloudify.nodes.Compute',
        '    properties: { ip: 192.0.2.1, agent_config: { install_method: none } }',
      );
      continue;
    }
    lines.push(
      `  server_${index}:`,
      '    type: cloudify.nodes.WebServer',
      '    properties: { port: { get_input: port } }',
      '    interfaces:',
      '      cloudify.interfaces.lifecycle:',
      '        start:',
      '          implementation: script.script_runner.tasks.run',
      '          inputs: { script_path: start.sh, port: { get_property: [SELF, port] } }',
      '    relationships:',
      `      - { type: cloudify.relationships.contained_in, target: host_${host} }`,
    );
    if (index > host + 1)
      lines.push(`      - { type: cloudify.relationships.connected_to, target: server_${index - 1} }`);
  }
  return lines.join('\n');
}

async function measure(nodes: number): Promise<CompileMeasurement> {
  const text = largeBlueprint(nodes);
  const host: CompileHost = {
    read: async (location) => (location === '/main.yaml' ? text : undefined),
    exists: async (location) => location === '/main.yaml',
    resolve: builtInSource,
  };
  const begin = process.cpuUsage();
  const { plan, diagnostics } = await compile('/main.yaml', host);
  const compiled = process.cpuUsage(begin);
  if (!plan) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  prepareDeployment(plan, {}, { random: Math.random });
  const whole = process.cpuUsage(begin);
  const ms = ({ user, system }: NodeJS.CpuUsage): number => Math.round((user + system) / 1000);
  return { nodes, compile_ms: ms(compiled), prepare_ms: ms(whole) - ms(compiled) };
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  process.stdout.write(JSON.stringify(await measure(Number(process.argv[2]))));
