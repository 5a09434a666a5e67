import { expect, test } from 'vitest';
import type { OpenedPackage } from '../../activities/definitions.js';
import { pythonPlugins } from '../../plugins/python/index.js';
import type { PythonPackage, PythonPlace } from '../../plugins/python/package.js';
import { pythonPackages } from '../../worker/python-packages.js';

const PLACE = {
  plugin: { name: 'disks', packageName: 'acme-disks', packageVersion: '1.0' },
} as unknown as PythonPlace;
const MADE = { name: 'acme-disks', mark: 'm', content: { requirement: 'r' }, installArguments: [] } as PythonPackage;

const opened = async (archive: string): Promise<OpenedPackage> => ({
  name: archive,
  operation: () => undefined,
  ...(archive === 'python' ? { pythonPackage: async () => MADE } : {}),
});

test('a workflow of an uploaded plugin runs in what the package is installed from', async () => {
  const packages = pythonPackages([], opened);
  expect(await packages({ name: 'disks', archive: 'python' }, 'disks.wf', PLACE)).toBe(MADE);
  await expect(packages({ name: 'disks', archive: 'npm' }, 'disks.wf', PLACE)).rejects.toThrow(
    'this worker has no plugin disks whose functions could be workflows',
  );
});

test('one of a package that may be installed by its name runs in that', async () => {
  const packages = pythonPackages([pythonPlugins('acme-disks==1.0')], opened);
  const found = await packages({ name: 'disks', package_name: 'acme-disks' }, 'disks.wf', PLACE);
  expect(found.content).toEqual({ requirement: 'acme-disks==1.0' });
  await expect(packages({ name: 'shelves', package_name: 'acme-shelves' }, 'shelves.wf', PLACE)).rejects.toThrow(
    'this worker has no plugin acme-shelves whose functions could be workflows',
  );
});
