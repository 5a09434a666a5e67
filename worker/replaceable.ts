/**
 * A worker that takes in workflow code while it runs: the engine's, that of plugins and of blueprints. Temporal's workers
 * have theirs from their beginning; so when there is more in the artifact store, another one takes the place of the one
 * that runs, and operations that are under way end where they are.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Worker, WorkflowBundleOption } from '@temporalio/worker';
import type { Plugin } from '../plugins/sdk/define.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { workflowBundle } from './bundle.js';
import type { WorkerLog } from './log.js';
import { blueprintWorkflows, packageWorkflows, pluginWorkflows, storedWorkflowKeys } from './workflow-modules.js';

/** How often the artifact store is asked for code that is new. */
const LOOK_MS = 3_000;

export interface WorkflowCode {
  readonly bundle: WorkflowBundleOption;
  /** Names what of the artifact store is in it. */
  readonly stored: readonly string[];
}

export interface CodeSource {
  readonly store: ArtifactStore;
  /** The worker's own, built in or in folders. */
  readonly plugins: readonly Plugin[];
  readonly cacheFolder: string;
  readonly hideFailures: boolean;
  readonly log: WorkerLog;
}

export async function workflowCode({
  store,
  plugins,
  cacheFolder,
  hideFailures,
  log,
}: CodeSource): Promise<WorkflowCode> {
  // Asked first: what comes while the bundle is made is found by the next look.
  const stored = await storedWorkflowKeys(store);
  const onMissing = (what: string, reason: string): void =>
    log.error(`the custom workflows of ${what} cannot be used`, { reason });
  const modules = [
    ...pluginWorkflows(plugins),
    ...(await packageWorkflows(store, cacheFolder, onMissing)),
    ...(await blueprintWorkflows(store, cacheFolder)),
  ];
  const bundle = await workflowBundle({
    modules,
    cacheFolder,
    hideFailures,
    onBroken: ({ file }, reason) => onMissing(file, reason),
  });
  return { bundle, stored };
}

export interface ReplaceableRun {
  readonly source: CodeSource;
  /** Absent: it serves operations only, and is never replaced. */
  readonly first: WorkflowCode | undefined;
  /** Makes a worker on a connection of its own: two of them are there for a while, which one connection does not allow. */
  readonly create: (bundle: WorkflowBundleOption | undefined) => Promise<OwnWorker>;
  readonly onTaken: (code: WorkflowCode | undefined) => void;
  /** Workers that were replaced and still have operations: they are added here, and leave by themselves. */
  readonly retiring: Set<Promise<void>>;
  readonly signal: AbortSignal;
}

export interface OwnWorker {
  readonly worker: Worker;
  /** Closes its connection, once it has ended. */
  readonly close: () => Promise<void>;
}

/**
 * Serves until `signal` says stop.
 *
 * @throws what ended the worker
 */
export async function runReplaceable(run: ReplaceableRun): Promise<void> {
  const { source, first, create, onTaken, retiring, signal } = run;
  let code = first;
  let current = started(await create(code?.bundle));
  for (;;) {
    onTaken(code);
    const next = await Promise.race([
      current.ended.then(() => undefined),
      code ? successor(source, code, create, signal) : untilAborted(signal),
    ]);
    if (next === undefined) {
      current.stop();
      return await current.ended;
    }
    current.stop();
    const ending = current.ended.catch((error) => source.log.warn('a worker that was replaced has failed', { error }));
    retiring.add(ending);
    void ending.then(() => retiring.delete(ending));
    current = started(next.own);
    code = next.code;
    source.log.info('new workflow code was taken in', { stored: code.stored.length });
  }
}

function started({ worker, close }: OwnWorker): { readonly ended: Promise<void>; stop(): void } {
  const ended = worker.run().finally(async () => await close().catch(() => undefined));
  ended.catch(() => undefined);
  return {
    ended,
    stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
    },
  };
}

async function untilAborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** A worker for code that is newer. One that cannot be made leaves the present one where it is. */
async function successor(
  source: CodeSource,
  known: WorkflowCode,
  create: ReplaceableRun['create'],
  signal: AbortSignal,
): Promise<{ readonly own: OwnWorker; readonly code: WorkflowCode } | undefined> {
  for (;;) {
    const code = await newerCode(source, known, signal);
    if (code === undefined) return undefined;
    try {
      return { own: await create(code.bundle), code };
    } catch (error) {
      source.log.error('new workflow code cannot be taken in; trying again', { error });
    }
  }
}

/** Waits for code that is not in `known`. @returns undefined when told to stop */
async function newerCode(
  source: CodeSource,
  known: WorkflowCode,
  signal: AbortSignal,
): Promise<WorkflowCode | undefined> {
  let told = false;
  while (!signal.aborted) {
    await pause(LOOK_MS, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return undefined;
    try {
      const stored = await storedWorkflowKeys(source.store);
      if (stored.join() !== known.stored.join()) return await workflowCode(source);
      told = false;
    } catch (error) {
      if (!told) source.log.warn('the artifact store cannot be asked for new workflow code; trying on', { error });
      told = true;
    }
  }
  return undefined;
}
