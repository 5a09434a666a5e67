import { createColors } from 'picocolors';
import { expect, test } from 'vitest';
import { previewInstall } from '../../client/plan/preview.js';
import { previewText } from '../../client/plan/preview-text.js';
import { initialInstances } from '../../graph/instances.js';
import { deploymentOf, PLUGINS, RELATIONSHIPS, version } from '../blueprint/compile-text.js';

const text = `${version(5)}${PLUGINS}${RELATIONSHIPS}
inputs: { image: { default: 'web:1' } }
node_types:
  T: { interfaces: { cloudify.interfaces.lifecycle: { create: p.create } } }
  Idle: {}
node_templates:
  network: { type: Idle }
  db:
    type: T
    interfaces:
      cloudify.interfaces.lifecycle: { start: { implementation: p.start, max_retries: 60, retry_interval: 15 } }
  web:
    type: T
    capabilities: { scalable: { properties: { default_instances: 2 } } }
    interfaces:
      cloudify.interfaces.lifecycle:
        create:
          inputs:
            image: { get_input: image }
            database: { get_attribute: [db, address] }
            password: { get_secret: password }
    relationships:
      - type: cloudify.relationships.connected_to
        target: db
        source_interfaces: { cloudify.interfaces.relationship_lifecycle: { establish: p.join } }
outputs: { address: { value: { get_attribute: [db, address] } } }
`;

test('a plan shows instances in waves, operations in order, values, outputs and the longest chain', async () => {
  const plan = await deploymentOf(text);
  const preview = previewInstall(plan, initialInstances(plan));
  const shown = previewText(preview, { deployment: 'shop', blueprint: 'shop.yaml' }, createColors(false));
  const web = (number: number, critical: string): string[] => [
    `  + web #${number}  T${critical}`,
    '      create  p.create',
    '        image = "web:1"',
    '        database = (known at run time: get_attribute db.address)',
    '        password = (secret password)',
    '      establish → db (source)  p.join',
  ];
  expect(shown.split('\n')).toEqual([
    'Deployment shop (new) from shop.yaml: 4 node instances, 6 operations, 2 waves',
    '',
    'wave 1',
    '  + network  Idle  no operation',
    '  + db  T  ◀ critical',
    '      create  p.create',
    '      start  p.start  (retries 60 × 15 s)',
    '',
    'wave 2',
    ...web(1, '  ◀ critical'),
    ...web(2, ''),
    '',
    'outputs',
    '  address = (known at run time: get_attribute db.address)',
    '',
    'Plan: 4 to create, 0 to change, 0 to remove. Critical path: 4 operations one after the other, db → web #1.',
  ]);
});
