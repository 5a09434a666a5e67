/** Runs the operations of Cloudify plugins that are written in Python, each plugin in an environment of its own. */
import type { PresentPlugin } from '../catalog.js';
import { definePlugin, operation } from '../sdk/define.js';
import { type AllowedPackages, allowedPackages } from './allowed.js';

/** @param packages those that may be installed by their name: the setting `python_plugins` */
export function pythonPlugins(packages?: string): PresentPlugin {
  const allowed = allowedPackages(packages);
  return {
    plugin: definePlugin({
      name: 'python',
      operations: {
        run: operation({}, async (ctx, inputs) => {
          const { packageOf } = await import('./package.js');
          const { runPythonOperation } = await import('./run.js');
          const { implementation, name } = ctx.operation;
          return await runPythonOperation(ctx, inputs, implementation ?? name, await packageOf(ctx, allowed));
        }),
      },
    }),
    describe: async () => undefined,
    async pythonPackage(place) {
      const { packageOf } = await import('./package.js');
      return await packageOf(place, allowed);
    },
    foreign: (plugin) => foreign(plugin, allowed),
  };
}

function foreign(
  { package_name, source, install }: { package_name: string | null; source: string | null; install: boolean },
  allowed: AllowedPackages,
): 'chosen' | 'able' | undefined {
  if (package_name !== null && allowed.has(package_name)) return 'chosen';
  return install && source !== null ? 'able' : undefined;
}
