/** What has to be installed for a workflow of a plugin in Python: the plugin's package, wherever this worker has it. */
import type { OpenPackage } from '../activities/definitions.js';
import type { PythonPackages } from '../activities/python-program.js';
import { type PresentPlugin, pythonWorkflows } from '../plugins/catalog.js';
import { NonRecoverableError } from '../plugins/sdk/errors.js';

/** @param catalog the plugins whose code this worker has, by which it runs those of no package of the artifact store */
export function pythonPackages(catalog: readonly PresentPlugin[], openPackage: OpenPackage): PythonPackages {
  return async ({ name, package_name = null, package_version = null, source = null, archive }, operation, place) => {
    const named = { name, package_name, package_version, source, install: true };
    const owner =
      archive === undefined
        ? (pythonWorkflows(catalog, named, operation) as PresentPlugin | undefined)
        : await openPackage(archive);
    if (!owner?.pythonPackage)
      throw new NonRecoverableError(
        `this worker has no plugin ${package_name ?? name} whose functions could be workflows; see: caisson plugins list`,
      );
    return await owner.pythonPackage(place);
  };
}
