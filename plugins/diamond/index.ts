/**
 * The names by which blueprints of the past set up monitoring: Diamond, whose metrics went to Cloudify's manager. In its
 * place a node exporter is set up on the host, and nodes become targets of the worker's Prometheus.
 */
import type { JsonObject } from '../../blueprint/json.js';
import type { ExporterAction } from '../prometheus/node-exporter.js';
import type { OperationContext } from '../sdk/context.js';
import { definePlugin, operation } from '../sdk/define.js';

/** `diamond_config` and `collectors_config` are Diamond's own, and mean nothing to a node exporter. */
function onHost(action: ExporterAction) {
  return operation({}, async (ctx: OperationContext) => {
    const { nodeExporter } = await import('../prometheus/node-exporter.js');
    await nodeExporter(ctx, action, { port: 9100 });
  });
}

function targets(verb: 'registerTargets' | 'unregisterTargets') {
  return operation({}, async (ctx: OperationContext, _: JsonObject) =>
    (await import('../prometheus/targets.js'))[verb](ctx, {}),
  );
}

export default definePlugin({
  name: 'diamond',
  packageNames: ['cloudify-diamond-plugin'],
  version: '1.3.18',
  operations: {
    install: onHost('install'),
    start: onHost('start'),
    stop: onHost('stop'),
    uninstall: onHost('uninstall'),
    add_collectors: targets('registerTargets'),
    del_collectors: targets('unregisterTargets'),
  },
  aliases: Object.fromEntries(
    ['install', 'start', 'stop', 'uninstall', 'add_collectors', 'del_collectors'].map((name) => [
      `diamond_agent.tasks.${name}`,
      name,
    ]),
  ),
});
