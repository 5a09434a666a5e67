import { expect, test } from 'vitest';
import { circle, dependenciesOf, servicesOf } from '../../graph/dependencies.js';
import { deploymentOf } from '../blueprint/compile-text.js';

test('a plan says by labels, functions and nodes which deployments it depends on', async () => {
  const plan = await deploymentOf({
    'op.sh': '',
    'main.yaml': `
tosca_definitions_version: cloudify_dsl_1_5
imports: [cloudify/types/types.yaml]
inputs: { db: { default: database } }
labels: { csys-obj-parent: { values: [env] } }
node_templates:
  app:
    type: cloudify.nodes.Root
    interfaces:
      cloudify.interfaces.lifecycle:
        create: { implementation: op.sh, inputs: { host: { default: { get_capability: [{ get_input: db }, address] } } } }
  shared:
    type: cloudify.nodes.SharedResource
    properties: { resource_config: { deployment: { id: net } } }
outputs:
  url: { value: { concat: ['http://', { get_capability: [proxy, url, 0] }] } }
  secret: { value: { get_capability: [{ get_secret: which }, url] } }
`,
  });
  expect(dependenciesOf(plan, { 'csys-obj-parent': ['env'] })).toEqual([
    { deployment: 'env', by: 'parent' },
    { deployment: 'proxy', by: 'capability', capability: 'url' },
    { deployment: 'database', by: 'capability', capability: 'address' },
    { deployment: 'net', by: 'shared_resource' },
  ]);
});

test('a circle of environments is found however long it is', () => {
  const child = (id: string, of: string) => ({ id, depends_on: [{ deployment: of, by: 'parent' as const }] });
  const links = [child('b', 'a'), child('c', 'b'), child('x', 'y')];
  expect([...servicesOf(links, 'a')]).toEqual(['b', 'c']);
  expect(circle(links, child('a', 'c'))).toEqual(['c']);
  expect(circle(links, child('a', 'a'))).toEqual(['a']);
  expect(circle(links, child('a', 'x'))).toEqual([]);
});
