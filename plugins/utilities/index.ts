/** The description that blueprints import as the utilities plugin; its operations are those of the plugins it names. */
import { definePlugin } from '../sdk/index.js';

export default definePlugin({
  name: 'utilities',
  packageNames: ['cloudify-utilities-plugin', 'cloudify-utilities-plugins-sdk'],
  version: '3.0.0',
  operations: {},
});
