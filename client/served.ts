/** Whether there are workers for what a plan needs: asked before anything starts, instead of failing half-way. */
import { setTimeout as pause } from 'node:timers/promises';
import type { DeploymentPlan, Operation } from '../blueprint/plan.js';
import type { ArtifactStore } from '../store/artifact-store.js';
import { announcedWorkers } from '../store/worker-announcements.js';
import type { CaissonConnection } from './connection.js';
import { CaissonError } from './errors.js';

/**
 * Refuses a plan with operations that no worker of the task queue serves. Packages of the artifact store are served by
 * every worker; where no worker has told what it serves, nothing is refused.
 *
 * @throws CaissonError (unreachable) naming the operations
 */
export async function refuseUnserved(
  { store, namespace, taskQueue }: Pick<CaissonConnection, 'store' | 'namespace' | 'taskQueue'>,
  plan: DeploymentPlan,
): Promise<void> {
  const workers = await announcedWorkers(store, { namespace, taskQueue });
  if (workers.length === 0) return;
  const served = new Set(workers.flatMap(({ operations }) => operations));
  const missing = [...neededOf(plan)].filter((type) => !served.has(type));
  if (missing.length === 0) return;
  throw new CaissonError(
    'unreachable',
    'C5010',
    `no worker of the task queue ${taskQueue} serves ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ` and ${missing.length - 5} more` : ''}`,
    {
      hint: 'take the plugin into the artifact store, from where every worker has it: caisson plugins upload FOLDER',
      details: { operations: missing },
    },
  );
}

const TAKE_IN_MS = 20_000;

/**
 * Waits until the workers of a task queue have taken in the workflows of a package, for twenty seconds at most.
 *
 * @returns identities of those that have not
 */
export async function workersWithout(
  store: ArtifactStore,
  queue: { readonly namespace: string; readonly taskQueue: string },
  archive: string,
): Promise<readonly string[]> {
  for (const end = Date.now() + TAKE_IN_MS; ; await pause(300)) {
    const workers = await announcedWorkers(store, queue);
    const without = workers.filter(({ workflows }) => !workflows.includes(archive));
    if (without.length === 0 || Date.now() > end) return without.map(({ identity }) => identity);
  }
}

/** Activities that only a worker's own plugins can do. */
function neededOf({ nodes, plugin_archives = {} }: DeploymentPlan): ReadonlySet<string> {
  const types = new Set<string>();
  const add = (operations: Readonly<Record<string, Operation>>): void => {
    for (const { plugin, operation, activity } of Object.values(operations))
      if (plugin !== '' && !Object.hasOwn(plugin_archives, plugin)) types.add(activity ?? `${plugin}.${operation}`);
  };
  for (const { operations, relationships } of nodes) {
    add(operations);
    for (const { source_operations, target_operations } of relationships) {
      add(source_operations);
      add(target_operations);
    }
  }
  return types;
}
