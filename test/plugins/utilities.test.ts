import { expect, test } from 'vitest';
import { builtInPlugins } from '../../plugins/builtin.js';
import { activityOf, findPlugin } from '../../plugins/catalog.js';

test('the utilities plugin is imported under its package’s name; its operations are found by prefix and package', async () => {
  const catalog = await builtInPlugins();
  const description = await findPlugin(catalog, 'cloudify-utilities-plugin')?.describe([1, 5] as never);
  expect(description?.text).toMatch('cloudify.nodes.keys.RSAKey:');
  const of = (name: string, operation: string) =>
    activityOf(catalog, { name, package_name: 'cloudify-utilities-plugin' }, operation);
  expect(of('keys', 'cloudify_ssh_key.operations.create')).toBe('keys.rsa_key.create');
  expect(of('cloudinit', 'cloudify_cloudinit.operations.update')).toBe('cloudinit.update');
});
