/** Policies of a blueprint that nobody will evaluate, because their rules are written for Cloudify's rule engine. */
import { textMember } from '../blueprint/json.js';
import type { ParsedPlan } from '../blueprint/plan.js';
import { policyRules } from '../graph/policies/rules.js';

/** What to write instead of a policy type with rules of its own. */
const INSTEAD =
  'use caisson.policies.Health or caisson.policies.Metric (plugin:caisson-policies), or Cloudify’s own host_failure, ' +
  'threshold and ewma_stabilized';

/** One text for each, naming the policy, its rules and what to do. */
export function unevaluatedPolicies(plan: Pick<ParsedPlan, 'groups' | 'nodes' | 'policy_types'>): string[] {
  return policyRules(plan)
    .filter(({ watches }) => watches === 'unsupported')
    .map(({ group, policy, type }) => {
      const source = textMember(plan.policy_types[type], 'source');
      const rules = source === undefined ? 'has rules of its own' : `has its rules in ${source}, Riemann's language`;
      return `the policy ${policy} of group ${group} is not evaluated: its type ${type} ${rules}; ${INSTEAD}`;
    });
}
