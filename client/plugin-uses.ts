/** Which deployments use plugin packages: none of them is to lose the code that its operations need. */
import { WorkflowNotFoundError } from '@temporalio/client';
import {
  notedPluginUses,
  offerPluginPackage,
  type PluginPackage,
  removePluginPackage,
  withdrawPluginPackage,
} from '../store/plugin-packages.js';
import { deploymentWorkflowId } from '../workflows/messages.js';
import { archivesOf } from './bound-plan.js';
import type { CaissonConnection } from './connection.js';
import { getPlan } from './deployments.js';
import { conflict } from './errors.js';

export interface TakenOut {
  readonly package: PluginPackage;
  /** Deployments that go on using it; its files stay for them. */
  readonly users: readonly string[];
}

/**
 * Takes a package out of the artifact store.
 *
 * @throws CaissonError (conflict) while deployments use it; forced, no new one may, and these keep it
 */
export async function takeOut(
  connection: CaissonConnection,
  one: PluginPackage,
  { force = false }: { readonly force?: boolean } = {},
): Promise<TakenOut> {
  const { store } = connection;
  await withdrawPluginPackage(store, one, new Date().toISOString());
  const users = await usersOf(connection, one.archive);
  if (users.length === 0) {
    await removePluginPackage(store, one.archive);
    return { package: one, users };
  }
  if (force) return { package: one, users };
  await offerPluginPackage(store, one);
  const [first, ...more] = users;
  throw conflict(
    `${one.package_name} ${one.package_version} is used by deployment ${first}${more.length > 0 ? ` and ${more.length} more` : ''}`,
    'withdraw it, so that no new deployment uses it and these keep it: --force',
  );
}

/** Who noted this lately is about to make the deployment. */
const ABOUT_TO_MS = 60_000;

/** Deployments that are bound to a package. */
export async function usersOf(connection: CaissonConnection, archive: string): Promise<readonly string[]> {
  const users: string[] = [];
  for (const { deployment, notedAt } of await notedPluginUses(connection.store, archive)) {
    const life = await lifeOf(connection, deployment, notedAt);
    if (life === 'over') continue;
    // One that does not answer now may need it.
    const plan = life === 'alive' ? await getPlan(connection, deployment).catch(() => undefined) : undefined;
    if (!plan || archivesOf(plan).includes(archive)) users.push(deployment);
  }
  return users;
}

async function lifeOf(
  { client }: CaissonConnection,
  deployment: string,
  notedAt: Date,
): Promise<'alive' | 'over' | 'to come'> {
  const lately = Date.now() - notedAt.getTime() < ABOUT_TO_MS;
  try {
    const { status, startTime } = await client.workflow.getHandle(deploymentWorkflowId(deployment)).describe();
    if (status.name === 'RUNNING') return 'alive';
    // An earlier one of this id may have ended long ago.
    return startTime < notedAt && lately ? 'to come' : 'over';
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
    return lately ? 'to come' : 'over';
  }
}
