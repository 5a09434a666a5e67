import { expect, test } from 'vitest';
import { unevaluatedPolicies } from '../../client/unevaluated-policies.js';
import { planOf } from '../blueprint/compile-text.js';

const BLUEPRINT = `
tosca_definitions_version: cloudify_dsl_1_3
imports: [cloudify/types/types.yaml]
node_templates:
  web: { type: cloudify.nodes.Root }
policy_types:
  acme.Load:
    properties: {}
    source: policies/load.clj
groups:
  servers:
    members: [web]
    policies:
      load: { type: acme.Load, properties: {} }
      dead: { type: cloudify.policies.types.host_failure, properties: { service: [cpu] } }
`;

test('a policy with rules for Riemann is named, with what is evaluated here', async () => {
  const told = unevaluatedPolicies(await planOf(BLUEPRINT));
  expect(told).toHaveLength(1);
  expect(told[0]).toContain(
    "the policy load of group servers is not evaluated: its type acme.Load has its rules in policies/load.clj, Riemann's language; use caisson.policies.Health or caisson.policies.Metric",
  );
});
