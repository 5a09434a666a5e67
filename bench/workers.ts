/**
 * What more workers bring: the same installs, side by side, served by one worker, by two, by four. Operations that wait
 * (with few places for them on each worker) show what is gained where work is done elsewhere; operations that do nothing
 * show where processors and the server are the limit.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { type CaissonConnection, connect } from '../client/connection.js';
import { createDeployment } from '../client/deployments.js';
import { newExecutionId, settledExecution } from '../client/executions.js';
import { compileBlueprint, prepare } from '../client/prepare.js';
import { loadSettings } from '../client/settings.js';
import { pollersOf } from '../client/stack/pollers.js';
import type { Catalog } from '../plugins/catalog.js';
import { installedPlugins } from '../plugins/installed.js';
import { DEFAULT_OPTIONS } from '../workflows/messages.js';
import { closed } from './closed.js';
import { type Kind, OPERATIONS, writeLayered } from './layered.js';
import { processorTime, withOwnStack } from './own-stack.js';

export interface WorkersOptions {
  readonly workers: readonly number[];
  readonly say: (line: string) => void;
}

export interface WorkersResult {
  readonly kind: 'waiting' | 'doing nothing';
  readonly workers: number;
  readonly operations: number;
  readonly took_ms: number;
  readonly operations_per_second: number;
  /** Throughput ÷ that of the first number of workers. */
  readonly ratio: number;
  /**
   * Milliseconds of processor time for each operation, of all workers and of the server: they say what it costs where the
   * machine is busy with other things. Null where the system does not tell.
   */
  readonly worker_cpu_ms: number | null;
  readonly server_cpu_ms: number | null;
}

const PROGRAM = fileURLToPath(new URL('../../bin/caisson.js', import.meta.url));
const PLUGINS = fileURLToPath(new URL('./plugin', import.meta.url));
/** Installs side by side: one deployment's walk is one workflow, which one worker at a time advances. */
const DEPLOYMENTS = 4;

const LOADS = [
  { kind: 'waiting', blueprint: 'wait', nodes: 40, places: 10 },
  { kind: 'doing nothing', blueprint: 'plugin', nodes: 100, places: 200 },
] as const satisfies readonly { kind: WorkersResult['kind']; blueprint: Kind; nodes: number; places: number }[];

export async function benchWorkers({ workers: counts, say }: WorkersOptions): Promise<readonly WorkersResult[]> {
  return await withOwnStack('bench-workers', async ({ stack, settings, home }) => {
    const catalog = await installedPlugins(settings.pluginFolders);
    const results: WorkersResult[] = [];
    for (const { kind, blueprint, nodes, places } of LOADS) {
      let first: number | undefined;
      const file = await writeLayered(home, nodes, blueprint);
      for (const workers of counts) {
        const operations = DEPLOYMENTS * nodes * OPERATIONS.length;
        const { took, workerCpu, serverCpu } = await withWorkers(
          { address: stack.server.address, artifacts: settings.artifacts, workers, places },
          async (connection, pids) => {
            // Once for nothing: caches are warm for all alike.
            await installAll(connection, catalog, file);
            const spent = async () => [await processorTime(pids), await processorTime([stack.server.pid])] as const;
            const before = await spent();
            const took = await installAll(connection, catalog, file);
            const [workerCpu, serverCpu] = (await spent()).map((after, at) =>
              perOperation(after, before[at], operations),
            );
            return { took, workerCpu, serverCpu };
          },
        );
        const rate = (operations / took) * 1_000;
        first ??= rate;
        say(`${kind}, ${workers} workers: ${Math.round(took)} ms`);
        results.push({
          kind,
          workers,
          operations,
          took_ms: Math.round(took),
          operations_per_second: Math.round(rate),
          ratio: Math.round((rate / first) * 100) / 100,
          worker_cpu_ms: workerCpu ?? null,
          server_cpu_ms: serverCpu ?? null,
        });
      }
    }
    return results;
  });
}

function perOperation(after: number | null, before: number | null | undefined, operations: number): number | null {
  return after === null || before === null || before === undefined
    ? null
    : Math.round(((after - before) / operations) * 100) / 100;
}

interface Serving {
  readonly address: string;
  readonly artifacts: string;
  readonly workers: number;
  /** Operations at once, on each. */
  readonly places: number;
}

/** Workers as users start them, on a task queue of their own, each with a home of its own. */
async function withWorkers<Result>(
  { address, artifacts, workers, places }: Serving,
  use: (connection: CaissonConnection, pids: readonly number[]) => Promise<Result>,
): Promise<Result> {
  const folder = await mkdtemp(path.join(tmpdir(), 'caisson-bench-workers-'));
  const environment = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    TEMPORAL_ADDRESS: address,
    CAISSON_ARTIFACTS: artifacts,
    CAISSON_PLUGINS: PLUGINS,
    CAISSON_TASK_QUEUE: `bench-${randomBytes(4).toString('hex')}`,
    CAISSON_WORKER_OPERATIONS: String(places),
  };
  const started: ChildProcess[] = [];
  const { settings } = await loadSettings({}, { ...environment, CAISSON_HOME: path.join(folder, 'client') }, folder);
  const connection = await connect(settings);
  try {
    for (let at = 0; at < workers; at += 1)
      started.push(
        spawn(process.execPath, [PROGRAM, 'worker', 'run'], {
          env: { ...environment, CAISSON_HOME: path.join(folder, String(at)) },
          stdio: 'ignore',
        }),
      );
    while ((await pollersOf(connection, settings.taskQueue)).length < workers)
      await new Promise((resolve) => setTimeout(resolve, 200));
    return await use(
      connection,
      started.flatMap(({ pid }) => pid ?? []),
    );
  } finally {
    await connection.close();
    await Promise.all(started.map(ended));
    await rm(folder, { recursive: true, force: true });
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

/** @returns milliseconds until all of them were installed */
async function installAll(connection: CaissonConnection, catalog: Catalog, file: string): Promise<number> {
  const compiled = await compileBlueprint(file, catalog);
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: DEPLOYMENTS }, async () => {
      const id = `bench-${randomBytes(6).toString('hex')}`;
      const options = { ...DEFAULT_OPTIONS, max_in_flight: 100 };
      const first = { id: newExecutionId('install'), workflow_id: 'install', parameters: {}, options };
      await createDeployment(connection, prepare(compiled, {}, catalog), { id, first });
      await closed(connection, id, first.id);
      const record = await settledExecution(connection, { deployment_id: id, id: first.id });
      if (record.status !== 'terminated') throw new Error(`an install ended as ${record.status}: ${record.error}`);
    }),
  );
  return performance.now() - begin;
}
