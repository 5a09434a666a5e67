/** Key pairs for SSH: part of what blueprints import as the utilities plugin. */
import { definePlugin, operation } from '../sdk/index.js';

export default definePlugin({
  name: 'keys',
  packageNames: ['cloudify-utilities-plugin', 'cloudify-utilities-plugins-sdk'],
  version: '3.0.0',
  operations: {
    'rsa_key.create': operation({}, async (ctx, inputs) => await (await import('./rsa-key.js')).create(ctx, inputs)),
    'rsa_key.delete': operation({}, async (ctx) => await (await import('./rsa-key.js')).remove(ctx)),
  },
  aliases: {
    'cloudify_ssh_key.operations.create': 'rsa_key.create',
    'cloudify_ssh_key.operations.delete': 'rsa_key.delete',
  },
});
