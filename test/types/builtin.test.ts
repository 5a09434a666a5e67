import { expect, test } from 'vitest';
import { VERSIONS } from '../../blueprint/version.js';
import { deploymentOf, planOf } from '../blueprint/compile-text.js';

const topology = `
node_templates:
  host:
    type: cloudify.nodes.Compute
    properties: { ip: 192.0.2.1, agent_config: { install_method: none } }
  web:
    type: cloudify.nodes.WebServer
    relationships: [{ type: cloudify.relationships.contained_in, target: host }]
  database:
    type: cloudify.nodes.Database
    relationships: [{ type: cloudify.relationships.contained_in, target: host }]
  files:
    type: cloudify.nodes.FileSystem
    properties: { fs_type: ext4, fs_mount_path: /data }
    relationships: [{ type: cloudify.relationships.file_system_contained_in_compute, target: host }]
`;

test.each(VERSIONS)('blueprints of cloudify_dsl_%s build on the built-in types', async (version) => {
  const plan = await deploymentOf(
    `tosca_definitions_version: cloudify_dsl_${version}\nimports: [cloudify/types/types.yaml]\n${topology}`,
  );
  const web = plan.nodes.find(({ name }) => name === 'web');
  expect(web?.type_hierarchy).toEqual([
    'cloudify.nodes.Root',
    'cloudify.nodes.SoftwareComponent',
    'cloudify.nodes.WebServer',
  ]);
  expect(web?.properties).toMatchObject({ port: 80, use_external_resource: false });
  expect(web?.host_id).toBe('host');
  for (const workflow of ['install', 'uninstall', 'scale', 'heal', 'execute_operation'])
    expect(plan.workflows[workflow]?.plugin).toBe('default_workflows');
});

test.each([
  'http://www.getcloudify.org/spec/cloudify/4.1/types.yaml',
  'http://www.getcloudify.org/spec/cloudify/5.0.5/types.yaml',
  'https://cloudify.co/spec/cloudify/6.4.0/types.yaml',
])('%s stands for the built-in types, from wherever they are imported', async (address) => {
  const plan = await planOf(`tosca_definitions_version: cloudify_dsl_1_3\nimports: ['${address}']\n${topology}`);
  expect(plan.nodes).toHaveLength(4);
});

test('workflows of the newest types take a selection of instances by type, node and id', async () => {
  const { workflows } = await planOf(
    'tosca_definitions_version: cloudify_dsl_1_5\nimports: [cloudify/types/types.yaml]',
  );
  expect(Object.keys(workflows).sort()).toEqual([
    'check_drift',
    'check_status',
    'execute_operation',
    'heal',
    'install',
    'install_new_agents',
    'pull',
    'reinstall',
    'restart',
    'rollback',
    'scale',
    'start',
    'stop',
    'uninstall',
    'validate_agents',
  ]);
  expect(workflows.install?.parameters).toMatchObject({
    type_names: { type: 'list', item_type: 'node_type', default: [] },
    node_ids: { type: 'list', item_type: 'node_id', default: [] },
    node_instance_ids: { type: 'list', item_type: 'node_instance', default: [] },
  });
  expect(workflows.install?.availability_rules).toEqual({ node_instances_active: ['none', 'partial'] });
});
