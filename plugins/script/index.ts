/** Runs scripts of the blueprint: shell, Python, JavaScript, PowerShell, whatever has an interpreter. */
import { definePlugin, operation } from '../sdk/index.js';

export default definePlugin({
  name: 'script',
  packageNames: ['cloudify-script-plugin'],
  version: '2.0.0',
  operations: {
    run: operation({}, async (ctx, inputs) => await (await import('./run.js')).runScript(ctx, inputs)),
  },
  aliases: { 'script_runner.tasks.run': 'run' },
});
