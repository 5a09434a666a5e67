import { expect, test } from 'vitest';
import type { DeploymentPlan } from '../../blueprint/plan.js';
import { compactPlan } from '../../graph/compact-plan.js';

const operation = (plugin: string, name: string) => ({ plugin, operation: name, inputs: {} });

test('a host runs none of the operations that would install an agent on it', () => {
  const node = {
    id: 'vm',
    relationships: [],
    operations: {
      'cloudify.interfaces.lifecycle.create': operation('aws', 'ec2.instances.create'),
      'cloudify.interfaces.cloudify_agent.create': operation('agent', 'cloudify_agent.installer.operations.create'),
      'cloudify.interfaces.cloudify_agent.delete': operation('ns--agent', 'cloudify_agent.installer.operations.delete'),
    },
  };
  const plan = { nodes: [node] } as unknown as DeploymentPlan;
  const [compact] = compactPlan(plan, () => undefined).nodes;
  expect(Object.keys(compact?.operations ?? {})).toEqual(['cloudify.interfaces.lifecycle.create']);
});
