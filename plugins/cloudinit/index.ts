/** User data for cloud-init: part of what blueprints import as the utilities plugin. */
import { definePlugin, operation } from '../sdk/index.js';

export default definePlugin({
  name: 'cloudinit',
  packageNames: ['cloudify-utilities-plugin', 'cloudify-utilities-plugins-sdk'],
  version: '3.0.0',
  operations: {
    update: operation({}, async (ctx, inputs) => await (await import('./cloud-config.js')).update(ctx, inputs)),
    delete: operation({}, async (ctx) => (await import('./cloud-config.js')).remove(ctx)),
  },
  aliases: {
    'cloudify_cloudinit.operations.update': 'update',
    'cloudify_cloudinit.operations.delete': 'delete',
  },
});
