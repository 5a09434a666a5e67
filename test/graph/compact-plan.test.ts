import { expect, test } from 'vitest';
import type { DeploymentPlan } from '../../blueprint/plan.js';
import { compactPlan } from '../../graph/compact-plan.js';

const operation = (plugin: string, name: string) => ({ plugin, operation: name, inputs: {} });

function operationsOf(agent_config: object, more: object = {}): string[] {
  const node = {
    id: 'vm',
    type_hierarchy: ['cloudify.nodes.Root', 'cloudify.nodes.Compute'],
    properties: { agent_config, ...more },
    relationships: [],
    operations: {
      'cloudify.interfaces.lifecycle.create': operation('aws', 'ec2.instances.create'),
      'cloudify.interfaces.cloudify_agent.create': operation('agent', 'cloudify_agent.installer.operations.create'),
      'cloudify.interfaces.cloudify_agent.delete': operation('ns--agent', 'cloudify_agent.installer.operations.delete'),
    },
  };
  const plan = { nodes: [node] } as unknown as DeploymentPlan;
  return Object.keys(compactPlan(plan, () => undefined).nodes[0]?.operations ?? {});
}

test.each([
  ['what every host has by its type', { install_method: 'remote', port: 22, network: 'default' }, {}],
  ['none', { install_method: 'none', user: 'ubuntu' }, {}],
  ['a login, and no method', { user: 'ubuntu', key: 'key.pem' }, {}],
  [
    'install_agent: false, as it once was',
    { install_method: 'remote', port: 22, network: 'default' },
    { install_agent: false },
  ],
])('a host whose agent_config says %s runs no operations that would install an agent', (_, config, more) => {
  expect(operationsOf(config, more)).toEqual(['cloudify.interfaces.lifecycle.create']);
});

test.each([
  ['remote, with a login', { install_method: 'remote', user: 'ubuntu', key: 'key.pem' }, {}],
  ['init_script', { install_method: 'init_script' }, {}],
  [
    'install_agent: true, as it once was',
    { install_method: 'remote', port: 22, network: 'default' },
    { install_agent: true },
  ],
])('a host whose agent_config says %s runs them', (_, config, more) => {
  expect(operationsOf(config, more)).toHaveLength(3);
});
