/** Runs operations of Python plugins the way the engine does, without an engine. Their environments are kept for the next run. */
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { pythonPlugins } from '../../../plugins/python/index.js';
import { type FakeContextOptions, type OperationRun, runOperation } from '../../../plugins/sdk/testing.js';

/** Its environments are marked by their content: what has changed is made anew. */
export const CACHE = path.join(tmpdir(), 'caisson-test-python', 'plugins');

export const BLUEPRINT = fileURLToPath(new URL('./blueprint', import.meta.url));

/** @param implementation `module.function` of the plugin in the blueprint's folder `plugins/probe` */
export async function probe(implementation: string, options: FakeContextOptions = {}): Promise<OperationRun> {
  return await runOperation(pythonPlugins().plugin, 'run', {
    cacheFolder: CACHE,
    blueprintFolder: BLUEPRINT,
    implementation: `probe.${implementation}`,
    ...options,
    plugin: { name: 'probe', package_name: 'probe-plugin', package_version: '1.0', source: 'probe', ...options.plugin },
  });
}

/** The traceback of the plugin's error, as its causes have it. */
export function traceback({ error }: OperationRun): string {
  const { causes = [] } = (error ?? {}) as { causes?: readonly { traceback?: string }[] };
  return causes[0]?.traceback ?? '';
}
