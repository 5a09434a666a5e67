/** The Prometheus plugin: what is installed becomes a target, rules become files, hosts get a node exporter. */
import { definePlugin, operation } from '../sdk/define.js';

const targets = async () => await import('./targets.js');
const rules = async () => await import('./rules.js');
const exporter = async () => await import('./node-exporter.js');
const server = async () => await import('./server.js');

export default definePlugin({
  name: 'prometheus',
  packageNames: ['caisson-prometheus'],
  version: '1.0.0',
  operations: {
    'server.prepare': operation({}, async (ctx) => await (await server()).prepareServer(ctx)),
    'server.check': operation({}, async (ctx) => await (await server()).checkServer(ctx)),
    'targets.register': operation({}, async (ctx, inputs) => await (await targets()).registerTargets(ctx, inputs)),
    'targets.unregister': operation({}, async (ctx, inputs) => await (await targets()).unregisterTargets(ctx, inputs)),
    'rules.write': operation({}, async (ctx, inputs) => await (await rules()).writeRules(ctx, inputs)),
    'rules.delete': operation({}, async (ctx, inputs) => await (await rules()).deleteRules(ctx, inputs)),
    'node_exporter.install': operation(
      {},
      async (ctx, inputs) => await (await exporter()).nodeExporter(ctx, 'install', inputs),
    ),
    'node_exporter.start': operation(
      {},
      async (ctx, inputs) => await (await exporter()).nodeExporter(ctx, 'start', inputs),
    ),
    'node_exporter.stop': operation(
      {},
      async (ctx, inputs) => await (await exporter()).nodeExporter(ctx, 'stop', inputs),
    ),
    'node_exporter.uninstall': operation(
      {},
      async (ctx, inputs) => await (await exporter()).nodeExporter(ctx, 'uninstall', inputs),
    ),
    'node_exporter.check': operation(
      {},
      async (ctx, inputs) => await (await exporter()).nodeExporter(ctx, 'check', inputs),
    ),
  },
});
