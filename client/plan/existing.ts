/** A deployment that exists already, as far as it can be known without starting anything. */
import type { DeploymentPlan } from '../../blueprint/plan.js';
import type { NodeInstance } from '../../graph/state.js';
import type { GlobalOptions } from '../commands/definition.js';
import { CaissonError } from '../errors.js';

export interface ExistingDeployment {
  /** Compact. */
  readonly plan: DeploymentPlan;
  readonly instances: readonly NodeInstance[];
}

/**
 * @returns undefined when there is none: also when no server is configured and none runs on this machine
 * @throws CaissonError (unreachable) when a configured server cannot be asked
 */
export async function existingDeployment(global: GlobalOptions, id: string): Promise<ExistingDeployment | undefined> {
  const { loadSettings } = await import('../settings.js');
  const { settingFlags } = await import('../session.js');
  const { connect } = await import('../connection.js');
  const { settings } = await loadSettings(settingFlags(global));
  const { runningStack } = await import('../stack/up.js');
  if (settings.connection.address === undefined && !(await runningStack(settings))) return undefined;
  const connection = await connect(settings, { autoStart: false });
  try {
    const { getInstances, getPlan } = await import('../deployments.js');
    return { plan: await getPlan(connection, id), instances: await getInstances(connection, id) };
  } catch (error) {
    if (error instanceof CaissonError && error.kind === 'not-found') return undefined;
    throw error;
  } finally {
    await connection.close();
  }
}
