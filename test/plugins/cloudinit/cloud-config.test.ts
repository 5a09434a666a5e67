import { expect, test } from 'vitest';
import cloudinit from '../../../plugins/cloudinit/index.js';
import type { JsonObject } from '../../../plugins/sdk/index.js';
import { type FakeContextOptions, runOperation } from '../../../plugins/sdk/testing.js';

const update = async (resource_config: JsonObject, more: FakeContextOptions = {}) =>
  await runOperation(cloudinit, 'cloudify_cloudinit.operations.update', {
    ...more,
    properties: { resource_config, ...more.properties },
  });

test('the configuration is written as YAML under its header', async () => {
  const config = { users: [{ name: 'me', sudo: ['ALL=(ALL) NOPASSWD:ALL'] }], package_update: true };
  const run = await update(config);
  expect(run.runtimeProperties).toEqual({
    resource_config: config,
    json_config: config,
    cloud_config:
      '#cloud-config\nusers:\n  - name: me\n    sudo:\n      - ALL=(ALL) NOPASSWD:ALL\npackage_update: true\n',
  });
});

test('what YAML 1.1 would take for a number or a truth value stays text', async () => {
  const run = await update({
    write_files: [{ permissions: '0644', content: 'a\n  b\n' }],
    answer: 'yes',
    time: '12:30:45',
  });
  const text = String(run.runtimeProperties.cloud_config);
  expect(text).toMatch(/permissions: ["']0644["']/);
  expect(text).toMatch(/answer: ["']yes["']/);
  expect(text).toMatch(/time: ["']12:30:45["']/);
  expect(text).toMatch('content: |\n      a\n        b\n');
});

test('contents may be files of the blueprint, rendered', async () => {
  const content = { resource_type: 'file_resource', resource_name: 'motd', template_variables: { who: 'you' } };
  const run = await update(
    { write_files: [{ path: '/etc/motd', content }] },
    { resources: { motd: 'hello {{ who }} on {{ ctx.instance.id }}\n' } },
  );
  expect(run.runtimeProperties.json_config).toEqual({
    write_files: [{ path: '/etc/motd', content: 'hello you on node_1\n' }],
  });
  const wrong = await update({ write_files: [{ content: { resource_type: 'url' } }] });
  expect(wrong).toMatchObject({ status: 'non-recoverable' });
});

test('encode_base64 and another header; delete forgets all', async () => {
  const run = await update({ a: 1 }, { properties: { header: '#!x', encode_base64: true } });
  expect(Buffer.from(String(run.runtimeProperties.cloud_config), 'base64').toString()).toBe('#!x\na: 1\n');
  const removed = await runOperation(cloudinit, 'delete', { runtimeProperties: { ...run.runtimeProperties, own: 1 } });
  expect(removed.runtimeProperties).toEqual({ own: 1 });
});
