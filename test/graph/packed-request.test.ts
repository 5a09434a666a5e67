import { expect, test } from 'vitest';
import type { OperationRequest } from '../../activities/request.js';
import { packed, unpacked } from '../../workflows/packed-snapshot.js';

const edge = (target_id: string) => ({
  type: 'uses',
  type_hierarchy: ['depends_on', 'uses'],
  target_id,
  target_name: 'db',
  properties: {},
});

const node = (id: string) => ({ id, type: 't', type_hierarchy: ['root', 't'], properties: {}, number_of_instances: 1 });

const instance = (id: string, ...targets: string[]) => ({
  id,
  node_id: id,
  index: 1,
  state: 'created',
  version: 2,
  runtime_properties: id === 'web' ? { port: 80 } : {},
  scaling_groups: [],
  relationships: targets.map(edge),
});

const REQUEST: OperationRequest = {
  task_id: 'e/1',
  deployment: { id: 'd', inputs: {}, resource_tags: {} },
  blueprint: { id: 'b' },
  execution: { id: 'e', workflow_id: 'install', parameters: {} },
  operation: { name: 'i.create', max_retries: 0, timeout_recoverable: false },
  plugin: { name: 'test' },
  inputs: {},
  instance_id: 'web',
  snapshot: {
    nodes: { web: node('web'), db: node('db') },
    instances: { web: instance('web', 'db_1', 'db_2', 'odd'), db_1: instance('db_1'), db_2: instance('db_2') },
  },
};

test('a request that crossed the wire is what it was, and was shorter on the way', () => {
  const wire = JSON.stringify(packed(REQUEST));
  expect(unpacked(JSON.parse(wire))).toEqual(REQUEST);
  expect(wire.length).toBeLessThan(JSON.stringify(REQUEST).length * 0.75);
});

test('a request that was not packed is left as it is', () => {
  expect(unpacked(REQUEST)).toEqual(REQUEST);
});
