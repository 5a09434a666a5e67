import { expect, test } from 'vitest';
import { typesModule } from '../../plugins/plugin-types.js';

const DESCRIPTION = `
plugins:
  disks:
    executor: central_deployment_agent
    package_name: acme-disks
    properties:
      region: { description: Where the cloud is., type: string }
      retries: { type: integer, value: 3 }
data_types:
  acme.Size:
    properties:
      gib: { type: integer, default: 1 }
  acme.nodes.Disk.RuntimeProperties:
    properties:
      id: { type: string }
node_types:
  acme.nodes.Disk:
    derived_from: cloudify.nodes.ObjectStorage
    properties:
      zone: { type: string }
      size: { type: acme.Size }
      labels: { type: dict, required: false }
      names-of-hosts: { type: list, default: [] }
    interfaces:
      cloudify.interfaces.lifecycle:
        create: { implementation: disks.disk.create, inputs: { force: { type: boolean, default: false } } }
        delete: disks.disk.delete
        stop: other.disk.stop
  acme.nodes.Mirror:
    derived_from: acme.nodes.Disk
    properties:
      of: { type: string }
relationships:
  acme.attached_to:
    derived_from: cloudify.relationships.connected_to
    source_interfaces:
      cloudify.interfaces.relationship_lifecycle:
        establish: { implementation: disks.disk.attach, inputs: { device: { type: string, required: false } } }
`;

const declared = async (name: string): Promise<string | undefined> => {
  const text = await typesModule(DESCRIPTION, 'disks');
  return new RegExp(`^export (?:interface|type) ${name} [\\s\\S]*?^\\}`, 'm').exec(text)?.[0];
};

test('properties: given or with a default they are there, else they may be missing', async () => {
  expect(await declared('DiskProperties')).toContain(`
  readonly zone: string;
  readonly size: Size;
  readonly labels?: JsonObject;
  readonly 'names-of-hosts': readonly Json[];
`);
  expect(await declared('Size')).toBe('export interface Size {\n  readonly gib: number;\n}');
});

test('what a type inherits is in it', async () => {
  expect(await declared('MirrorProperties')).toContain('readonly zone: string;');
  expect(await declared('MirrorProperties')).toContain('readonly of: string;');
});

test('runtime properties are of the data type that is called after the node type, and may all be missing', async () => {
  expect(await declared('DiskRuntimeProperties')).toBe('export interface DiskRuntimeProperties {\n  id?: string;\n}');
});

test('settings of the plugin: those without a value may be missing', async () => {
  expect(await declared('PluginProperties')).toBe(`export interface PluginProperties {
  /** Where the cloud is. */
  readonly region?: string;
  readonly retries: number;
}`);
});

test('operations: those of the plugin, for each type that maps them', async () => {
  const text = (await declared('Operations')) ?? '';
  expect([...text.matchAll(/^ {2}'(.*)': \{$/gm)].map(([, name]) => name)).toEqual([
    'disk.create',
    'disk.delete',
    'disk.attach',
  ]);
  expect(text).toContain(`  'disk.create': {
    readonly context: NodeOperationContext<DiskProperties, DiskRuntimeProperties, PluginProperties> | NodeOperationContext<MirrorProperties, Record<string, Json>, PluginProperties>;
    readonly inputs: DiskCreateInputs;
  };`);
  expect(text).toContain('readonly context: RelationshipOperationContext<PluginProperties>;');
  expect(await declared('DiskAttachInputs')).toContain('readonly device?: string;');
});
