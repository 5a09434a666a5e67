/**
 * What Caisson costs on top of Temporal: an install, everything in (compile, start, walk, state handed over), against a
 * workflow that does nothing but call as many activities with the same bound in flight; in one run, on one server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { CaissonConnection } from '../client/connection.js';
import { createDeployment } from '../client/deployments.js';
import { newExecutionId, settledExecution } from '../client/executions.js';
import { compileBlueprint, prepare } from '../client/prepare.js';
import type { Catalog } from '../plugins/catalog.js';
import { installedPlugins } from '../plugins/installed.js';
import { DEFAULT_OPTIONS } from '../workflows/messages.js';
import { closed } from './closed.js';
import { type Kind, OPERATIONS, WIDTH, writeLayered } from './layered.js';
import { peakMemory, withOwnStack } from './own-stack.js';

export interface WalkOptions {
  readonly nodes: readonly number[];
  /** Runs of each, of which the median counts. */
  readonly repeat: number;
  /** Installs of script operations too. */
  readonly scripts: boolean;
  readonly say: (line: string) => void;
}

export interface WalkResult {
  readonly nodes: number;
  readonly operations: number;
  /** Install ÷ bare, medians. */
  readonly ratio: number;
  readonly script_ratio: number | null;
  readonly bare_ms: number;
  readonly install_ms: number;
  readonly script_ms: number | null;
  /** Peak resident memory of the worker since its start, MiB. */
  readonly worker_peak_mib: number | null;
}

export async function benchWalk(options: WalkOptions): Promise<readonly WalkResult[]> {
  return await withOwnStack('bench', async ({ home, settings, stack, connection }) => {
    const bareQueue = 'bench-bare';
    const bareWorker = await startBareWorker(connection.address, bareQueue);
    try {
      const catalog = await installedPlugins(settings.pluginFolders);
      const results: WalkResult[] = [];
      for (const nodes of options.nodes) {
        const bench = new Bench(connection, catalog, home, bareQueue, nodes);
        results.push(await bench.measure(options, stack.worker.pid));
      }
      return results;
    } finally {
      bareWorker.kill('SIGTERM');
    }
  });
}

class Bench {
  constructor(
    readonly connection: CaissonConnection,
    readonly catalog: Catalog,
    readonly folder: string,
    readonly bareQueue: string,
    readonly nodes: number,
  ) {}

  async measure({ repeat, scripts, say }: WalkOptions, worker: number): Promise<WalkResult> {
    const operations = this.nodes * OPERATIONS.length;
    // Once each for nothing: caches of workers and server are warm for both alike.
    await this.#bare(Math.min(operations, 90));
    await this.#install('plugin', Math.min(this.nodes, 30));
    const bare: number[] = [];
    const install: number[] = [];
    const script: number[] = [];
    for (let run = 0; run < repeat; run += 1) {
      bare.push(await this.#bare(operations));
      install.push(await this.#install('plugin', this.nodes));
      if (scripts) script.push(await this.#install('script', this.nodes));
      say(
        `${this.nodes} nodes, run ${run + 1}: bare ${ms(bare)}, install ${ms(install)}${scripts ? `, scripts ${ms(script)}` : ''}`,
      );
    }
    const [bare_ms, install_ms] = [median(bare), median(install)];
    const script_ms = scripts ? median(script) : null;
    return {
      nodes: this.nodes,
      operations,
      ratio: round(install_ms / bare_ms),
      script_ratio: script_ms === null ? null : round(script_ms / bare_ms),
      bare_ms: Math.round(bare_ms),
      install_ms: Math.round(install_ms),
      script_ms: script_ms === null ? null : Math.round(script_ms),
      worker_peak_mib: await peakMemory(worker),
    };
  }

  async #bare(activities: number): Promise<number> {
    const begin = performance.now();
    await this.connection.client.workflow.execute('bare', {
      workflowId: `bare-${randomBytes(6).toString('hex')}`,
      taskQueue: this.bareQueue,
      args: [activities, WIDTH],
    });
    return performance.now() - begin;
  }

  async #install(kind: Kind, nodes: number): Promise<number> {
    const file = await writeLayered(this.folder, nodes, kind);
    const id = `bench-${randomBytes(6).toString('hex')}`;
    const begin = performance.now();
    const prepared = prepare(await compileBlueprint(file, this.catalog), {}, this.catalog);
    const first = {
      id: newExecutionId('install'),
      workflow_id: 'install',
      parameters: {},
      options: { ...DEFAULT_OPTIONS, max_in_flight: WIDTH },
    };
    await createDeployment(this.connection, prepared, { id, first });
    await closed(this.connection, id, first.id);
    const record = await settledExecution(this.connection, { deployment_id: id, id: first.id });
    const took = performance.now() - begin;
    if (record.status !== 'terminated' || record.finished_operations !== nodes * OPERATIONS.length)
      throw new Error(`the install of ${nodes} nodes ended as ${record.status}: ${record.error}`);
    return took;
  }
}

async function startBareWorker(address: string, taskQueue: string): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('./bare/worker.js', import.meta.url));
  const child = spawn(process.execPath, [program, address, taskQueue], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the bare worker ended with code ${code}`)));
  });
  return child;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const round = (value: number): number => Math.round(value * 1_000) / 1_000;
const ms = (values: readonly number[]): string => `${Math.round(values.at(-1) ?? 0)} ms`;
