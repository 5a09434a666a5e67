/** The Fabric plugin: commands, scripts and files on machines over SSH, without an agent there. */
import { definePlugin, operation } from '../sdk/define.js';
import { NonRecoverableError } from '../sdk/errors.js';

/** Python functions of a file of the blueprint, called in the worker: there is no such thing here. */
const pythonTask = operation({}, () => {
  throw new NonRecoverableError('Python tasks of Fabric are not supported: use run_script or run_commands');
});

export default definePlugin({
  name: 'fabric',
  packageNames: ['cloudify-fabric-plugin'],
  version: '2.0.27',
  operations: {
    run_commands: operation({}, async (ctx, inputs) => (await import('./commands.js')).runCommands(ctx, inputs)),
    run_script: operation({}, async (ctx, inputs) => (await import('./script.js')).runScript(ctx, inputs)),
    put_files: operation({}, async (ctx, inputs) => (await import('./script.js')).putFiles(ctx, inputs)),
    wait_for_ssh: operation({}, async (ctx, inputs) => (await import('./commands.js')).waitForSsh(ctx, inputs)),
    python_task: pythonTask,
  },
  aliases: {
    'fabric_plugin.tasks.run_commands': 'run_commands',
    'fabric_plugin.tasks.run_script': 'run_script',
    'fabric_plugin.tasks.run_task': 'python_task',
    'fabric_plugin.tasks.run_module_task': 'python_task',
  },
});
