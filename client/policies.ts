/** The policies of a deployment's groups: how they stand, and what an operator does about them. */
import type { PolicyRule } from '../graph/policies/rules.js';
import { policyRules } from '../graph/policies/rules.js';
import {
  type PoliciesView,
  type PolicyView,
  pausePoliciesUpdate,
  policiesQuery,
  policiesWorkflowId,
  resetPoliciesUpdate,
} from '../workflows/policies/messages.js';
import { ask, refusedUpdate } from './ask.js';
import type { CaissonConnection } from './connection.js';
import { type Asker, userName } from './control.js';
import { getPlan } from './deployments.js';
import { notFound } from './errors.js';

/**
 * The policies of a deployment. Before it is installed nothing evaluates them, and nothing is known of any subject.
 *
 * @throws CaissonError (not-found) without the deployment
 */
export async function getPolicies(connection: CaissonConnection, deploymentId: string): Promise<PoliciesView> {
  const plan = await getPlan(connection, deploymentId);
  try {
    return await ask(connection, policiesWorkflowId(deploymentId), policiesQuery, [], () => new NotEvaluated());
  } catch (error) {
    if (!(error instanceof NotEvaluated)) throw error;
    const policies = policyRules(plan).map(viewOf);
    return { deployment_id: deploymentId, paused: null, policies, happenings: [] };
  }
}

class NotEvaluated extends Error {}

function viewOf({ group, policy, type, watches, nodes, interval, triggers }: PolicyRule): PolicyView {
  const workflows = triggers.map(({ workflow }) => workflow);
  return { group, policy, type, watches, nodes, interval, workflows, standings: {} };
}

/** Nothing is looked at, and nothing fires, until {@link resumePolicies}. @throws CaissonError (not-found) */
export async function pausePolicies(connection: CaissonConnection, deploymentId: string, asker: Asker = {}) {
  await turn(connection, deploymentId, true, asker);
}

/** @throws CaissonError (not-found) */
export async function resumePolicies(connection: CaissonConnection, deploymentId: string, asker: Asker = {}) {
  await turn(connection, deploymentId, false, asker);
}

/**
 * Forgets what fired, so that what was given up is watched again.
 *
 * @param policy `group/policy`; absent: all
 * @returns how many standings were reset
 * @throws CaissonError (not-found)
 */
export async function resetPolicies(
  connection: CaissonConnection,
  deploymentId: string,
  policy?: string,
  { by = userName() }: Asker = {},
): Promise<number> {
  const handle = connection.client.workflow.getHandle(policiesWorkflowId(deploymentId));
  const asked = { by, ...(policy === undefined ? {} : { policy }) };
  const { reset } = await refusedUpdate(handle.executeUpdate(resetPoliciesUpdate, { args: [asked] }), () =>
    nothingEvaluated(deploymentId),
  );
  return reset;
}

async function turn(
  connection: CaissonConnection,
  deploymentId: string,
  on: boolean,
  { by = userName(), comment }: Asker,
): Promise<void> {
  const handle = connection.client.workflow.getHandle(policiesWorkflowId(deploymentId));
  const asked = { on, by, ...(comment === undefined ? {} : { comment }) };
  await refusedUpdate(handle.executeUpdate(pausePoliciesUpdate, { args: [asked] }), () =>
    nothingEvaluated(deploymentId),
  );
}

function nothingEvaluated(deploymentId: string): Error {
  return notFound('evaluation of policies', deploymentId, 'it begins when a deployment with policies is installed');
}
